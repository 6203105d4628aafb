"""What faults of the light cost, as fitted by `python -m tools.fit_lighting`.

An additive logistic regression whose terms rise on both sides of what is usual, on rated
photographs, spoilt copies of them, rated faces of the built-in source, and made pictures. Good
pictures of the darker third of the skins weigh more: dark skin in good light is no fault.
"""

from __future__ import annotations

from proportrait.measures.evidence import fault_score, tabled

BEST = 4.339  # log odds of a face without fault

# By measure: values, and the log odds that each costs; straight lines between them, level beyond.
COSTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "SideLight": (
        (0.339, 1.121, 4.539),
        (0.00, 0.46, 3.19),
    ),
    "TopLight": (
        (-3.958, -0.3615, 0.3002, 0.8304, 1.758, 4.899),
        (3.25, 0.25, 0.00, 0.00, 0.20, 0.90),
    ),
    "NoseLight": (
        (-1.935, -0.4019, -0.04556, 0.1721, 0.5787, 2.254),
        (1.78, 0.34, 0.00, 0.00, 0.20, 1.68),
    ),
    "ShadowEdges": (
        (25.82, 36.35, 55.47),
        (0.00, 0.00, 1.31),
    ),
    "DiffuseContrast": (
        (0.2826, 0.4777, 1.449),
        (0.00, 0.10, 0.57),
    ),
    "SkinHighlight": (
        (-4.908, -1.979, -1.223, -0.8181, -0.5122, 0.007195),
        (4.44, 0.00, 0.00, 0.00, 0.35, 1.20),
    ),
    "BlownHighlights": (
        (-3, -1.444, -0.01206),
        (0.00, 0.51, 2.03),
    ),
    "WhiteLevel": (
        (-5.205, -2.225, -1.388, -0.8775, -0.423, 0.007195),
        (5.23, 0.60, 0.00, 0.00, 0.36, 0.91),
    ),
    "SkinRedness": (
        (-29.21, 10.37, 14.46, 17.47, 22.18, 51.53),
        (9.11, 0.40, 0.00, 0.00, 0.30, 4.99),
    ),
    "SkinYellowness": (
        (-20.46, 7.553, 15.16, 19.03, 27.78, 43.99),
        (3.88, 0.42, 0.00, 0.00, 0.30, 1.23),
    ),
    "ColourSpread": (
        (7.079, 10.62, 35.7),
        (0.00, 0.39, 3.18),
    ),
}


FAULTS = tabled(COSTS)


def score(name: str, value: float) -> float:
    """The score [0, 100] of a face whose only fault is this measure's."""
    return fault_score(BEST, FAULTS[name](value))
