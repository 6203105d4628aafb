"""What faults of an expression cost, as fitted by `python -m tools.fit_expression`.

An additive logistic regression whose terms only rise with the fault, on rated photographs and on
made pictures, good and bad weighing alike in each.
"""

from __future__ import annotations

from proportrait.measures.evidence import fault_score, tabled

BEST = 3.932  # log odds of a face without fault

# By measure: values, and the log odds that each costs; straight lines between them, level beyond.
COSTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "GazeAngle": ((3.953, 7.949, 36.84, 90.1), (0.00, 0.49, 8.62, 23.69)),
    "EyeOpenness": ((0.05562, 0.1433, 0.2001, 0.2506), (5.11, 1.95, 0.74, 0.00)),
    "MouthCornerHeight": ((-0.4563, -0.4132, -0.3612, -0.3149), (1.73, 1.18, 0.56, 0.00)),
    "MouthCavity": ((0.02015, 0.03858, 0.06119, 0.1192), (0.00, 0.38, 1.32, 3.72)),
    "Agitation": ((0.01456, 0.1292, 0.3833, 0.7466), (0.00, 0.70, 2.32, 4.64)),
    "MouthOpenBeyondSmile": ((0.03479, 0.08912, 0.1486, 0.2947), (0.00, 0.83, 1.96, 5.67)),
}


FAULTS = tabled(COSTS)


def score(name: str, value: float) -> float:
    """The score [0, 100] of a face whose only fault is this measure's."""
    return fault_score(BEST, FAULTS[name](value))
