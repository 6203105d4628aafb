"""What a look alone decides of a verdict: null where nothing can be told, bad where it is plain.

Pure functions of a look, so that whatever judges pictures, a model or a person's taste, may ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proportrait.labels import KEYS
from proportrait.looks.look import Look
from proportrait.measures import Measure
from proportrait.measures.base import OTHER_FACE, SMALLEST_FACE
from proportrait.measures.framing import TILT_LIMIT

PLAINLY_BAD = 0.02  # probability of good, at most, where a rule calls something bad
# deg: of a face that is turned farther away, a roll up to the second is a look up or down.
_PROFILE, _LEANS = 35.0, 45.0
_FACE_ONLY = ("lighting", "expression", "sharpness")  # cannot be judged without a face
_HEAD_ONLY = (*_FACE_ONLY, "framing")  # nor these without knowing where the head is


@dataclass(frozen=True)
class Rules:
    """What the rules say of one picture.

    Attributes:
        null: by attribute key, why nobody could tell.
        bad: by attribute key, why it is bad whatever a model says.
        one_person: whether exactly one person is the subject; None where that cannot be told.
    """

    null: dict[str, str] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    one_person: bool | None = True


@dataclass(frozen=True)
class Verdicts:
    """A model's verdicts after the rules; the fields are those of `Score`."""

    probabilities: dict[str, float | None]
    verdicts: dict[str, int | None]
    reasons: dict[str, str]
    one_person: bool | None


def apply(look: Look, probabilities: Mapping[str, float], verdicts: Mapping[str, int]) -> Verdicts:
    """The verdicts on a picture after the rules.

    Args:
        look: without an `error`, with the measures of framing.
        probabilities, verdicts: of a model, by attribute key.
    """
    found = rules(look)
    likely: dict[str, float | None] = dict(probabilities)
    good: dict[str, int | None] = dict(verdicts)
    for key in found.bad:
        likely[key], good[key] = min(probabilities[key], PLAINLY_BAD), 0
    for key in found.null:
        likely[key] = good[key] = None
    return Verdicts(likely, good, found.null | found.bad, found.one_person)


def rules(look: Look) -> Rules:
    """What the rules say of a look that has no `error`, and the measures of framing."""
    if look.presence == "nobody":
        return Rules(dict.fromkeys(KEYS, "no person is found"), one_person=False)
    if look.presence == "head":
        reason = "no face is found: it is turned away or hidden"
        return Rules(dict.fromkeys(_HEAD_ONLY, reason), one_person=None)
    if look.presence == "body":
        reason = "no head is found: it is cut off, turned away, or too far away"
        return Rules(dict.fromkeys(_FACE_ONLY, reason), {"framing": reason}, one_person=None)
    null, bad = {}, {}
    heights = (look.boxes[:, 3] - look.boxes[:, 1]) * look.size[0]
    if heights[0] < SMALLEST_FACE:
        reason = f"the face is {heights[0]:.0f} px high: too small to judge"
        null = dict.fromkeys(_FACE_ONLY, reason)
        bad["framing"] = reason
    elif hidden := look.reasons.get("expression"):
        null["expression"] = hidden
    if advice := turn_advice(look):
        bad["framing"] = f"the head is not upright: {advice}"
    subjects = int((heights >= OTHER_FACE * heights[0]).sum())
    if subjects > 1:
        bad["background"] = f"{subjects} people are about as large"
    return Rules(null, bad, subjects == 1)


def turn_advice(look: Look) -> str:
    """How to turn a tilted or lying picture, such as "turn it by 90 degrees clockwise", or ""."""
    measures = look.measures.get("framing", {})
    tilt, roll = measures.get("PictureTilt"), measures.get("HeadPoseRoll")
    if not (isinstance(tilt, Measure) and isinstance(roll, Measure)):
        return ""
    if abs(tilt.value) <= TILT_LIMIT:
        return ""
    yaw = measures.get("HeadPoseYaw")
    if isinstance(yaw, Measure) and abs(yaw.value) > _PROFILE and abs(roll.value) < _LEANS:
        return ""
    clockwise = -round(roll.value)
    quarters = 90 * round(clockwise / 90)
    if quarters and abs(clockwise - quarters) <= TILT_LIMIT:  # a camera was turned, a head leans
        clockwise = quarters
    way = "" if abs(clockwise) == 180 else " clockwise" if clockwise > 0 else " counter-clockwise"
    return f"turn it by {abs(clockwise)} degrees{way}"
