"""What faults of the light cost, as fitted by `python -m tools.fit_lighting`.

An additive logistic regression whose terms rise on both sides of what is usual, on rated
photographs, spoilt copies of them, rated faces of the built-in source, and made pictures. Good
pictures of the darker third of the skins weigh more: dark skin in good light is no fault.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from proportrait.measures.evidence import Faults, fault_score

BEST = 4.303  # log odds of a face without fault

# By measure: values, and the log odds that each costs; straight lines between them, level beyond.
COSTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "SideLight": (
        (0.3386, 1.117, 4.541),
        (0.00, 0.47, 3.21),
    ),
    "TopLight": (
        (-3.921, -0.3484, 0.3106, 0.835, 1.753, 4.9),
        (3.38, 0.26, 0.00, 0.00, 0.22, 0.96),
    ),
    "NoseLight": (
        (-1.852, -0.3803, -0.03931, 0.1804, 0.5916, 2.253),
        (1.81, 0.34, 0.00, 0.00, 0.21, 1.71),
    ),
    "ShadowEdges": (
        (24.91, 35.03, 54.95),
        (0.00, 0.00, 1.18),
    ),
    "DiffuseContrast": (
        (0.2797, 0.4713, 1.451),
        (0.00, 0.09, 0.56),
    ),
    "SkinHighlight": (
        (-4.908, -1.979, -1.226, -0.8161, -0.5117, 0.007195),
        (4.47, 0.00, 0.00, 0.00, 0.32, 1.12),
    ),
    "BlownHighlights": (
        (-3, -1.278, -0.01001),
        (0.00, 0.68, 2.09),
    ),
    "WhiteLevel": (
        (-5.205, -2.225, -1.388, -0.8775, -0.423, 0.007195),
        (5.26, 0.64, 0.00, 0.00, 0.33, 0.84),
    ),
    "SkinRedness": (
        (-29.52, 10.4, 14.55, 17.6, 22.28, 51.57),
        (9.40, 0.41, 0.00, 0.00, 0.29, 4.99),
    ),
    "SkinYellowness": (
        (-20.51, 7.603, 15.24, 19.18, 27.98, 43.81),
        (3.93, 0.43, 0.00, 0.00, 0.24, 1.15),
    ),
    "ColourSpread": (
        (7.844, 11.59, 37.57),
        (0.00, 0.44, 3.52),
    ),
}


def _cost(values: tuple[float, ...], costs: tuple[float, ...], value: float) -> float:
    return float(np.interp(value, values, costs))


FAULTS: Faults = {name: partial(_cost, *table) for name, table in COSTS.items()}


def score(name: str, value: float) -> float:
    """The score [0, 100] of a face whose only fault is this measure's."""
    return fault_score(BEST, FAULTS[name](value))
