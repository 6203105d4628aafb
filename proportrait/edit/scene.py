"""A person before a background, in a light, in a frame, photographed.

Background and light are measured; one that the measure contradicts is replaced by another kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.data import bystanders
from proportrait.edit.draws import in_turn
from proportrait.edit.retouch import framing
from proportrait.edit.retouch.backgrounds import render
from proportrait.edit.retouch.composite import composite
from proportrait.edit.retouch.lighting import relight
from proportrait.edit.retouch.stage import Stage
from proportrait.errors import EditError
from proportrait.faces import Face, FaceAnalyzer
from proportrait.labels import LabelVector, stream
from proportrait.measures import Subject, Unassessed
from proportrait.measures import background as background_measure
from proportrait.measures import framing as framing_measure
from proportrait.measures import lighting as lighting_measure
from proportrait.tone import expose

OWN = "own"  # kind of background, or of light: that of the picture that the person is in
FRAME = 512  # px of a finished picture
_TRIES = 4  # kinds of background, or of light, before the picture is given up
# Limits of the lighting measure's score, whose own limit is 50. A bad light has to be a clear
# case. A good one may fall short of 50, because the measure is stricter on dark skin: where no
# light reaches it, the best is taken if it is passable.
_GOOD_LIGHT, _PASSABLE_LIGHT, _BAD_LIGHT = 50.0, 25.0, 45.0
# A background that was not made to be clean or cluttered has to be a clear case: its score lies
# this far on the right side of the background measure's limit.
_CLEAR_MARGIN = 22.0
_UNTOUCHED_LIGHT = 0.8  # share of well lit portraits whose light stays as it is, if it is good
# Stops by which the halves of a face may differ in a source photo. Nine of ten well lit photographs
# have less; of harder light the shadows stay visible, whatever the measure says of the new light.
_SIDE_LIT = 1.2
_MONOCHROME = 0.1  # share of well lit photos in black and white: about that of badly lit ones
_DARKEST_FACE = 0.30  # least mean value of a face in good light; a darker picture is exposed more
_BURNING = ("back", "over")  # bad lights that can burn a cluttered background to plain white


@dataclass(frozen=True, eq=False)
class Person:
    """A person in a picture, and where in it.

    Attributes:
        image: RGB uint8 (H, W, 3).
        alpha: (H, W) in [0, 1], 1 on the person.
        face: in px of the picture.
        cloth: (H, W) in [0, 1], 1 on the garment; None for a photo, whose garment is not known.
        detailed_rows: rows from the top that may be shown close up; those below are drawn for far
            views. None for all.
    """

    image: Image
    alpha: Float
    face: Face
    cloth: Float | None = None
    detailed_rows: int | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """A person before a background, not lit yet.

    Attributes:
        stage: the part of the scene that is worked on; says where the frame cuts it.
        image: RGB uint8 of the stage's size.
        alpha: of the same size, in [0, 1], 1 on the person.
        face: in px of the stage.
    """

    stage: Stage
    image: Image
    alpha: Float
    face: Face

    @classmethod
    def of(cls, person: Person, window: framing.Window, background: str, seed: int) -> Scene:
        """A person before a kind of background, framed by a window of their picture."""
        stage = Stage.around(window, person.face, FRAME)
        image = stage.move(person.image, cv2.BORDER_REPLICATE)
        alpha = stage.move(person.alpha, cv2.BORDER_CONSTANT)
        if background != OWN:
            crowd = bystanders() if background == render.CROWD else ()
            rng = stream(seed, "background", background)
            backdrop = render.render(background, rng, FRAME, FRAME, crowd)
            image = composite(image, alpha, stage.surround(backdrop))
        return cls(stage, image, alpha, stage.move_face(person.face))

    def lit(self, light: str, seed: int) -> tuple[Image, Mapping[str, Any]]:
        """The whole stage in a kind of light, `OWN` for that of the photo, and its parameters."""
        if light == OWN:
            return self.image, {"kind": OWN}
        rng = stream(seed, "lighting", light)
        image, parameters = relight.relight(self.image, self.face, self.alpha, light, rng)
        if light in relight.GOOD_LIGHTS:
            value = relight.face_value(image, self.face)
            if value < _DARKEST_FACE:  # a photographer exposes for the face
                image = expose(image, value, _DARKEST_FACE, 2.5)
        return image, parameters


def shoot(
    analyzer: FaceAnalyzer,
    person: Person,
    window: framing.Window,
    labels: LabelVector,
    seed: int,
    keep_background: bool = False,
    *,
    photo: bool = False,
) -> tuple[Image, dict[str, Any]]:
    """Photograph a person before the requested background in the requested light.

    Args:
        analyzer: measures what was made.
        person: who is photographed.
        window: the part of their picture that fills the frame.
        labels: the requested bits; those of background and lighting are made true.
        seed: of the picture.
        keep_background: whether the person stays before the background of their picture, which
            then must be as requested.
        photo: whether it is a photo of theirs, whose colours stay and whose light may.

    Returns:
        The picture (512, 512, 3), and by attribute the parameters of its background and lighting.

    Raises:
        EditError: every background or every light that was tried was contradicted by its measure.
    """
    kinds = [OWN] if keep_background else _background_kinds(labels, seed)
    scene, background = _before_a_background(analyzer, person, window, kinds, labels, seed)
    lights = _photo_lights(labels, seed) if photo else _light_kinds(labels, seed)
    image, lighting = _lit(analyzer, scene, labels, seed, lights)
    return scene.stage.cut(image), {"background": background, "lighting": lighting}


def shoot_again(
    person: Person, window: framing.Window, edits: Mapping[str, Any], seed: int
) -> Image:
    """Another window of a scene that `shoot` made, in the same light; (512, 512, 3).

    `edits` and `seed` are those of `shoot`.
    """
    scene = Scene.of(person, window, edits["background"]["kind"], seed)
    image, _ = scene.lit(edits["lighting"]["kind"], seed)
    picture: Image = scene.stage.cut(image)
    return picture


def is_fairly_lit(analyzer: FaceAnalyzer, person: Person) -> bool:
    """Whether the light of a photo is good enough for one to vouch for good light after an edit.

    New light on a face cannot take away hard shadows, strong colours, or what is burnt out.
    """
    subject = Subject(person.image, analyzer, face=person.face, mask=person.alpha)
    measures = lighting_measure.measure(subject)
    score, side = lighting_measure.assess(measures), measures["SideLight"]
    if isinstance(score, Unassessed) or isinstance(side, Unassessed):
        return False
    return score >= _GOOD_LIGHT and abs(side.value) <= _SIDE_LIT


def framing_contradicts(
    analyzer: FaceAnalyzer, person: Person, window: framing.Window, good: bool
) -> bool:
    """Whether the framing measure finds a window bad that shall be good, or good that shall be bad.

    False where it cannot tell.
    """
    stage = Stage.around(window, person.face, FRAME)
    mask = stage.cut(stage.move(person.alpha, cv2.BORDER_CONSTANT))
    blank = np.zeros((FRAME, FRAME, 3), np.uint8)  # only place and size count
    subject = Subject(blank, analyzer, face=stage.cut_face(person.face), mask=mask)
    score = framing_measure.assess(framing_measure.measure(subject))
    if isinstance(score, Unassessed):
        return False
    return (score >= framing_measure.LIMIT) != good


def _background_kinds(labels: LabelVector, seed: int) -> list[str]:
    """Kinds of background to try, in order."""
    bad = (*render.BAD_BACKGROUNDS, render.CROWD)
    kinds = render.GOOD_BACKGROUNDS if labels["background"] else bad
    return in_turn(stream(seed, "background"), kinds, render.SHARES)[:_TRIES]


def _before_a_background(
    analyzer: FaceAnalyzer,
    person: Person,
    window: framing.Window,
    kinds: Sequence[str],
    labels: LabelVector,
    seed: int,
) -> tuple[Scene, dict[str, Any]]:
    """The person before the first background that the measure confirms, and its parameters.

    Raises:
        EditError: it confirms none.
    """
    for tries, kind in enumerate(kinds, 1):
        scene = Scene.of(person, window, kind, seed)
        image, mask = (scene.stage.cut(plane) for plane in (scene.image, scene.alpha))
        subject = Subject(image, analyzer, mask=mask)
        score = background_measure.assess(background_measure.measure(subject))
        if isinstance(score, Unassessed):
            continue
        margin = score - background_measure.LIMIT
        if not labels["background"]:
            margin = -margin
        if margin >= (_CLEAR_MARGIN if kind == OWN else 0.0):
            return scene, {"kind": kind, "tries": tries, "component": round(score, 1)}
    raise EditError("the measure contradicts all that were tried", "background")


def _light_kinds(labels: LabelVector, seed: int) -> list[str]:
    """Kinds of light to try, in order."""
    rng = stream(seed, "light")
    if labels["lighting"]:
        order = in_turn(rng, relight.GOOD_LIGHTS, relight.SHARES)[:_TRIES]
        if stream(seed, "own light").random() < _UNTOUCHED_LIGHT:
            order.insert(0, "natural")
        return [*order, "monochrome"]  # no colour cast is left in black and white
    order = in_turn(rng, relight.BAD_LIGHTS, relight.SHARES)
    if not labels["background"]:
        order = [light for light in order if light not in _BURNING]
    return order[:_TRIES]


def _photo_lights(labels: LabelVector, seed: int) -> list[str]:
    """Kinds of light to try on a photo, in order: black and white only where it is drawn."""
    if not labels["lighting"]:
        return _light_kinds(labels, seed)
    rng = stream(seed, "photo light")
    if rng.random() < _MONOCHROME:
        return ["monochrome", OWN]
    colour = [light for light in relight.GOOD_LIGHTS if light != "monochrome"]
    order = in_turn(rng, colour, relight.SHARES)[:_TRIES]
    untouched = rng.random() < _UNTOUCHED_LIGHT
    return [OWN, *order] if untouched else [*order, OWN]


def _lit(
    analyzer: FaceAnalyzer, scene: Scene, labels: LabelVector, seed: int, order: Sequence[str]
) -> tuple[Image, dict[str, Any]]:
    """The stage in the first light of `order` that the measure confirms, and its parameters.

    Where it confirms no good light, the best of them if that is passable.

    Raises:
        EditError: there is none, or the face cannot be measured.
    """
    good = labels["lighting"] == 1
    tried: list[tuple[float, Image, dict[str, Any]]] = []
    for tries, kind in enumerate(order, 1):
        image, parameters = scene.lit(kind, seed)
        subject = Subject(image, analyzer, face=scene.face, mask=scene.alpha)
        score = lighting_measure.assess(lighting_measure.measure(subject))
        if isinstance(score, Unassessed):
            raise EditError(score.reason, "lighting")
        edit = {**parameters, "tries": tries, "component": round(score, 1)}
        if score >= _GOOD_LIGHT if good else score < _BAD_LIGHT:
            return image, edit
        tried.append((score, image, edit))
    score, image, edit = max(tried, key=lambda attempt: attempt[0])
    if good and score >= _PASSABLE_LIGHT:
        return image, {**edit, "tries": len(order)}
    raise EditError(f"of {len(order)} lights the best has a score of {score:.0f}", "lighting")
