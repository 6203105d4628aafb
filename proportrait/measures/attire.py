"""How formal the clothes are: `measure` and `assess`.

No measure of pixels tells a blazer from a hoodie: that takes the trained model. Until there is one,
this says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from proportrait.measures.base import Measure, Subject, Unassessed

LIMIT = 50.0

NAMES = ("FormalAttire",)


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the clothes; the keys are `NAMES`."""
    return {name: Unassessed(name, "needs the trained model") for name in NAMES}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The score [0, 100]; from `LIMIT` on the clothes are professional."""
    found = measures["FormalAttire"]
    return found if isinstance(found, Unassessed) else found.score
