"""What faults of the light cost, as fitted by `python -m tools.fit_lighting`."""

from __future__ import annotations

from functools import partial

import numpy as np

from proportrait.measures.evidence import Faults, fault_score

BEST = 4.274  # log odds of a face without fault

# By measure: values, and the log odds that each costs; straight lines between them, level beyond.
COSTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "SideLight": ((0.5485, 1.859, 8.386), (0.00, 0.45, 3.41)),
    "TopLight": ((-3.919, -0.3467, 0.311, 0.8377, 1.756, 4.899), (3.52, 0.33, 0.00, 0.00, 0.03, 0.15)),
    "NoseLight": ((-1.851, -0.3803, -0.0388, 0.1819, 0.5925, 2.252), (1.78, 0.33, 0.00, 0.00, 0.24, 1.49)),
    "BackLight": ((-5.675, -1.961, -0.3376, 0.8412, 1.77, 3.672), (2.14, 0.57, 0.00, 0.00, 0.00, 0.00)),
    "ShadowEdges": ((24.92, 35.07, 54.95), (0.00, 0.00, 1.26)),
    "DiffuseContrast": ((0.2799, 0.4717, 1.45), (0.00, 0.12, 0.75)),
    "SkinHighlight": ((-4.92, -1.977, -1.227, -0.8175, -0.5119, 0.007195), (5.52, 0.00, 0.00, 0.00, 0.34, 1.15)),
    "SkinContrast": ((0.004141, 0.5611, 0.8936, 1.336, 2.043, 4.057), (0.16, 0.00, 0.00, 0.00, 0.00, 0.00)),
    "BlownHighlights": ((-3, -1.283, -0.01002), (0.00, 0.64, 1.97)),
    "WhiteLevel": ((-5.219, -2.248, -1.39, -0.8778, -0.4232, 0.007195), (5.53, 0.67, 0.00, 0.00, 0.21, 0.60)),
    "SkinRedness": ((-29.52, 10.37, 14.55, 17.6, 22.28, 51.55), (9.09, 0.40, 0.00, 0.00, 0.22, 4.58)),
    "SkinYellowness": ((-20.5, 7.528, 15.23, 19.18, 28.01, 43.76), (3.64, 0.37, 0.00, 0.00, 0.35, 1.58)),
    "ColourSpread": ((7.865, 11.59, 37.56), (0.00, 0.48, 3.79)),
}


def _cost(values: tuple[float, ...], costs: tuple[float, ...], value: float) -> float:
    return float(np.interp(value, values, costs))


FAULTS: Faults = {name: partial(_cost, *table) for name, table in COSTS.items()}


def score(name: str, value: float) -> float:
    """The score [0, 100] of a face whose only fault is this measure's."""
    return fault_score(BEST, FAULTS[name](value)) if name in FAULTS else 100.0
