"""A person before a background, in a light, in a frame; what the measures contradict is redone."""

from __future__ import annotations

from collections.abc import Mapping
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

OWN = "own"  # the background that a person was drawn before
FRAME = 512  # px of a finished picture
_TRIES = 4  # of a frame, a background, a light, before the picture is given up
# Components of the lighting measure, whose limit is 50. A bad light is a clear case. Of good ones
# it asks more on dark skin than on light skin, so the best of several is taken, unless plainly bad.
_GOOD_LIGHT, _PASSABLE_LIGHT, _BAD_LIGHT = 50.0, 25.0, 35.0
_CLEAR = 22.0  # of the background's component, by which a background of one's own must tell
_OWN_LIGHT = 0.8  # share of well lit portraits whose light is left alone, if it is good
_DIM = 0.30  # mean value of a face that is exposed just enough
_BURNING = ("back", "over")  # lights that can burn a cluttered background away


@dataclass(frozen=True, eq=False)
class Person:
    """A person in the picture that they were cut out of.

    Attributes:
        image: RGB (H, W, 3).
        alpha: (H, W) in [0, 1], the person.
        face: in it.
        cloth: (H, W) in [0, 1], where a garment was drawn, if one was.
        seen: rows that bear a close look; what was drawn below is for far views. None: all.
    """

    image: Image
    alpha: Float
    face: Face
    cloth: Float | None = None
    seen: int | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """A person before a background, not lit yet; `stage` says where the frame cuts it."""

    stage: Stage
    image: Image
    alpha: Float
    face: Face

    @classmethod
    def of(cls, person: Person, window: framing.Window, place: str, seed: int) -> Scene:
        """Put a person before a kind of background, so that `window` becomes the frame.

        `OWN` leaves them before what they stand before.
        """
        stage = Stage.around(window, person.face, FRAME)
        image = stage.move(person.image, cv2.BORDER_REPLICATE)
        alpha = stage.move(person.alpha, cv2.BORDER_CONSTANT)
        if place == OWN:
            return cls(stage, image, alpha, stage.move_face(person.face))
        crowd = bystanders() if place == render.CROWD else ()
        behind = render.render(place, stream(seed, "background", place), FRAME, FRAME, crowd)
        whole = composite(image, alpha, stage.surround(behind))
        return cls(stage, whole, alpha, stage.move_face(person.face))

    def lit(self, light: str, seed: int) -> tuple[Image, Mapping[str, Any]]:
        """The whole stage in a kind of light, and the light's parameters."""
        rng = stream(seed, "lighting", light)
        image, how = relight.relight(self.image, self.face, self.alpha, light, rng)
        if light in relight.GOOD_LIGHTS:
            now = relight.face_value(image, self.face)
            # A photographer exposes for the face.
            if now < _DIM:
                image = expose(image, now, _DIM, 2.5)
        return image, how

    def subject(self, image: Image, analyzer: FaceAnalyzer) -> Subject:
        """A picture of the whole stage, to be measured."""
        return Subject(image, analyzer, face=self.face, mask=self.alpha)


def shoot(
    analyzer: FaceAnalyzer,
    person: Person,
    window: framing.Window,
    labels: LabelVector,
    seed: int,
    own: bool = False,
) -> tuple[Image, dict[str, Any]]:
    """Take the picture (512, 512, 3) that labels ask for; returns it and the edits' parameters.

    With `own` the person's own background is kept, and must be what the labels ask for.

    Raises:
        EditError: the background or the light stayed wrong.
    """
    scene, behind = _before_a_background(analyzer, person, window, labels, seed, own)
    image, how = _light(analyzer, scene, labels, seed)
    return scene.stage.cut(image), {"background": behind, "lighting": how}


def shoot_again(
    person: Person, window: framing.Window, edits: Mapping[str, Any], seed: int
) -> Image:
    """The picture of another window with the background and the light that `shoot` found."""
    scene = Scene.of(person, window, edits["background"]["kind"], seed)
    lit, _ = scene.lit(edits["lighting"]["kind"], seed)
    picture: Image = scene.stage.cut(lit)
    return picture


def is_well_framed(analyzer: FaceAnalyzer, person: Person, window: framing.Window) -> bool | None:
    """What the framing measure says of a window; None where it cannot say."""
    stage = Stage.around(window, person.face, FRAME)
    mask = stage.cut(stage.move(person.alpha, cv2.BORDER_CONSTANT))
    blank = np.zeros((FRAME, FRAME, 3), np.uint8)  # only place and size count
    subject = Subject(blank, analyzer, face=stage.cut_face(person.face), mask=mask)
    component = framing_measure.assess(framing_measure.measure(subject))
    return None if isinstance(component, Unassessed) else component >= framing_measure.LIMIT


def _before_a_background(
    analyzer: FaceAnalyzer,
    person: Person,
    window: framing.Window,
    labels: LabelVector,
    seed: int,
    own: bool,
) -> tuple[Scene, dict[str, Any]]:
    """Put the person before a clean or a cluttered background, and look at it."""
    wanted = labels["background"] == 1
    kinds = (*render.BAD_BACKGROUNDS, render.CROWD)
    kinds = render.GOOD_BACKGROUNDS if wanted else kinds
    order = in_turn(stream(seed, "background"), kinds, render.SHARES)[:_TRIES]
    for tries, place in enumerate([OWN] if own else order, 1):
        scene = Scene.of(person, window, place, seed)
        picture, mask = (scene.stage.cut(plane) for plane in (scene.image, scene.alpha))
        subject = Subject(picture, analyzer, mask=mask)
        component = background_measure.assess(background_measure.measure(subject))
        if isinstance(component, Unassessed):
            continue
        # What was found and not made has to be a clear case.
        margin = _CLEAR if own else 0.0
        sure = (
            component - background_measure.LIMIT if wanted else background_measure.LIMIT - component
        )
        if sure >= margin:
            return scene, {"kind": place, "tries": tries, "component": round(component, 1)}
    raise EditError("the measure contradicts all that were tried", "background")


def _light(
    analyzer: FaceAnalyzer, scene: Scene, labels: LabelVector, seed: int
) -> tuple[Image, dict[str, Any]]:
    """Light the stage well or badly, and look at the face."""
    good = labels["lighting"] == 1
    kinds = relight.GOOD_LIGHTS if good else relight.BAD_LIGHTS
    order = in_turn(stream(seed, "light"), kinds, relight.SHARES)
    if not good and not labels["background"]:
        order = [light for light in order if light not in _BURNING]
    order = order[:_TRIES]
    if good:
        if stream(seed, "own light").random() < _OWN_LIGHT:
            order.insert(0, "natural")
        order.append("monochrome")  # no colour cast is left in black and white
    found: list[tuple[float, Image, dict[str, Any]]] = []
    for tries, light in enumerate(order, 1):
        image, how = scene.lit(light, seed)
        measures = lighting_measure.measure(scene.subject(image, analyzer))
        component = lighting_measure.assess(measures)
        if isinstance(component, Unassessed):
            raise EditError(component.reason, "lighting")
        parameters = {**how, "tries": tries, "component": round(component, 1)}
        if component >= _GOOD_LIGHT if good else component < _BAD_LIGHT:
            return image, parameters
        found.append((component, image, parameters))
    component, image, parameters = max(found, key=lambda one: one[0])
    if good and component >= _PASSABLE_LIGHT:
        return image, {**parameters, "tries": len(order)}
    raise EditError(
        f"of {len(order)} lights the best has a component of {component:.0f}", "lighting"
    )
