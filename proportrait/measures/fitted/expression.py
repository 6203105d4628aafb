"""What faults of an expression cost, as fitted by `python -m tools.fit_expression`.

An additive logistic regression whose terms only rise with the fault, on rated photographs and on
made pictures, good and bad weighing alike in each.
"""

from __future__ import annotations

from proportrait.measures.evidence import fault_score, tabled

BEST = 4.331  # log odds of a face without fault

# By measure: values, and the log odds that each costs; straight lines between them, level beyond.
COSTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "GazeAngle": ((4.198, 8.975, 44.18, 90.33), (0.00, 0.87, 10.33, 22.76)),
    "EyeOpenness": ((0.04705, 0.1251, 0.1883, 0.234), (5.38, 2.60, 0.92, 0.00)),
    "MouthCornerHeight": ((-0.456, -0.4158, -0.3612, -0.3149), (1.62, 1.16, 0.53, 0.00)),
    "MouthCavity": ((0.02011, 0.03868, 0.06225, 0.1197), (0.00, 0.61, 1.66, 4.22)),
    "Agitation": ((0.01488, 0.1329, 0.3821, 0.7466), (0.00, 0.70, 2.37, 4.82)),
    "MouthOpenBeyondSmile": ((0.03477, 0.08921, 0.1474, 0.2904), (0.00, 0.79, 1.68, 4.82)),
}


FAULTS = tabled(COSTS)


def score(name: str, value: float) -> float:
    """The score [0, 100] of a face whose only fault is this measure's."""
    return fault_score(BEST, FAULTS[name](value))
