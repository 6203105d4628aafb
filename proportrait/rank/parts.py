"""What a photo is worth for one of its faces: the parts of its score, and the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from proportrait.labels import KEYS
from proportrait.measures.base import OTHER_FACE, sigmoid
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.weights import Kind, Weights

UNKNOWN = 50.0  # of a part that cannot be told
_HIDDEN = 20.0  # of eyes that do not show: dark glasses, a hand
_LEAST = 10.0  # of a part in the geometric mean: no single one makes a photo worth nothing
_GOOD = 50.0  # from which on a part of a face is good
_PRAISE, _BLAME = 70.0, 40.0  # parts that are worth a reason
_REASONS = 5
_TURN = 28.0, -6.0  # deg at which the pose is worth 50, and the width of the step
_SHARP = 0.42, 0.03  # likewise, of the sharpness
_WORDS = {  # of a part: what a high score says, and a low one
    "lighting": ("light even", "light uneven"),
    "background": ("background calm", "background busy"),
    "attire": ("clothes professional", "clothes casual"),
    "expression": ("expression professional", "expression not professional"),
    "framing": ("well framed", "badly framed"),
    "sharpness": ("picture sharp", "picture blurred"),
    "eyes": ("eyes open", "eyes shut or hidden"),
    "gaze": ("looks into the camera", "looks away"),
    "face_sharpness": ("face sharp", "face blurred"),
    "pose": ("faces the camera", "head turned away"),
    "size": ("face large enough", "face small"),
    "smile": ("smiles", ""),
    "inside": ("", "face cut off"),
}


def kind_of(photo: PhotoEntry, face: FaceEntry) -> Kind:
    """Whether a photo shows the person alone: nobody else is half as large as the largest face."""
    return "single" if _subjects(photo) == [face] else "group"


def parts_of(photo: PhotoEntry, face: FaceEntry) -> dict[str, float]:
    """Every part of `PARTS`, [0, 100], for one face of a photo."""
    marks = {key: UNKNOWN if (mark := photo.marks.get(key)) is None else mark for key in KEYS}
    x0, y0, x1, y1 = face.box
    width, height = min(x1, 1.0) - max(x0, 0.0), min(y1, 1.0) - max(y0, 0.0)
    subjects = _subjects(photo)
    return {
        **marks,
        "eyes": _HIDDEN if face.eyes is None else face.eyes,
        "gaze": _HIDDEN if face.gaze is None else face.gaze,
        "face_sharpness": _sharpness(face),
        "pose": _pose(face),
        "size": sigmoid(math.log2(face.height), math.log2(80), 0.4),
        "smile": 100 * face.emotions.get("happy", 0.5),
        "inside": 100 * max(0.0, width * height) / max((x1 - x0) * (y1 - y0), 1e-9),
        "good_faces": 100 * sum(map(_is_good, subjects)) / max(1, len(subjects)),
    }


def score_of(parts: Mapping[str, float], weights: Weights) -> float:
    """The weighted geometric mean of the parts times the factor, [0, 100]."""
    total = sum(weights.parts.values())
    mean = sum(weight * logarithm(parts[name]) for name, weight in weights.parts.items())
    return weights.factor * math.exp(mean / total)


def logarithm(value: float) -> float:
    """What a part adds to the mean of `score_of`, but for its weight."""
    return math.log(max(value, _LEAST))


def reasons_of(
    photo: PhotoEntry, parts: Mapping[str, float], kind: Kind, weights: Weights
) -> list[str]:
    """What counts for and against a photo, in words, the weightiest first: at most five."""
    order = sorted(weights.parts, key=lambda name: -weights.parts[name] * abs(parts[name] - 50))
    words = []
    for name in order:
        if name == "good_faces":
            subjects = _subjects(photo)
            words.append(f"{sum(map(_is_good, subjects))} of {len(subjects)} faces good")
        elif parts[name] >= _PRAISE or parts[name] <= _BLAME:
            words.append(_WORDS[name][parts[name] <= _BLAME])
    if kind == "group" and weights.factor < 1:
        words.insert(0, f"one of {len(photo.faces)} people")
    return [word for word in words if word][:_REASONS]


def _subjects(photo: PhotoEntry) -> list[FaceEntry]:
    """The faces of at least half the height of the largest, and no crowd behind them."""
    largest = max((face.height for face in photo.faces), default=0.0)
    return [face for face in photo.faces if face.height >= OTHER_FACE * largest]


def _is_good(face: FaceEntry) -> bool:
    return min(face.eyes or 0.0, _pose(face), _sharpness(face)) >= _GOOD


def _pose(face: FaceEntry) -> float:
    yaw, pitch, _ = face.pose  # the mesh takes the shape of a face for pitch
    return sigmoid(math.hypot(yaw, pitch / 2), *_TURN)


def _sharpness(face: FaceEntry) -> float:
    return sigmoid(face.sharpness, *_SHARP)
