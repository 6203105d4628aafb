"""What can be measured on a headshot, one module an attribute.

Names are those of ISO/IEC 29794-5:2025 where it has one. A measure has a native value with a unit
and a quality score from 0 to 100; where it cannot be taken there is a reason, never a number.
"""

from collections.abc import Iterable
from types import ModuleType

from proportrait.measures import attire, background, expression, framing, lighting, sharpness
from proportrait.measures.base import Measure, Subject, Unassessed

# By the key of the attribute: `measure`, `assess`, and `LIMIT` of each.
MODULES: dict[str, ModuleType] = {
    "lighting": lighting,
    "background": background,
    "attire": attire,
    "expression": expression,
    "framing": framing,
    "sharpness": sharpness,
}

# Every measure, as "attribute.Name".
NAMES: tuple[str, ...] = tuple(
    f"{key}.{name}" for key, module in MODULES.items() for name in module.NAMES
)

# Measures that only tell where something is: words use them, no model hears them.
PLACES = ("lighting.SideRatio", "background.ClutterX", "background.ClutterY")

__all__ = ["MODULES", "NAMES", "PLACES", "Measure", "Subject", "Unassessed", "assess"]


def assess(subject: Subject, keys: Iterable[str] = tuple(MODULES)) -> dict[str, float | Unassessed]:
    """The score [0, 100] of each attribute of `keys`, or why there is none."""
    found: dict[str, float | Unassessed] = {}
    for key in keys:
        module = MODULES[key]
        found[key] = module.assess(module.measure(subject))
    return found
