"""The offline editor: a portrait and six bits in, a photoreal headshot with just those bits out.

Built-in faces are drawn anew (expression by style, torso and garment inside the network); photos
are edited in pixels, and what cannot be done to a photo is not claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit import attire, background, expression, framing, lighting
from proportrait.edit.composite import composite
from proportrait.edit.data import bystanders
from proportrait.edit.stylegan import CELLS, FaceSynthesizer, resample
from proportrait.edit.tone import expose
from proportrait.edit.torso import Anatomy, anatomy, transplant, wide_grid
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import SAME_PERSON_LIMIT, Face, FaceAnalyzer, distance
from proportrait.faces.face import LOWER_LIP_OUTER
from proportrait.labels import LabelVector, stream

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

FRAME = 512  # px of a finished picture
_CELLS = 24  # of the wide view: head, shoulders, and some of the chest
_OFFSET = ((_CELLS / CELLS - 1) / 2, 0.125)  # of it to the left of and above the plain picture
_STRENGTHS = (1.0, 1.35, 1.8)  # of an expression, in turn, before another kind is tried
_DIM, _BURNT = 0.30, 0.90  # mean value of a face that is exposed just enough, and far too long
# Shares below which nobody can tell: of the frame for a background, of the person for a garment.
_BACKGROUND_SHOWN, _CLOTH_SHOWN = 0.2, 0.15
_BURNING = ("back", "over")  # lights that can burn a cluttered background away
_LIGHTS = 4  # tried before the picture is given up
_KINDS = 4  # of expressions, tried before the picture is given up


@dataclass(frozen=True, eq=False)
class Edited:
    """What the editor made.

    Attributes:
        image: (512, 512, 3), well framed and sharp.
        reframed: the same picture framed badly, where that was asked; else None.
        known, reframed_known: bits of both that the editor vouches for.
        edits: parameters of every edit, JSON-ready.
        framing, reframing: kind and place of the face in both pictures, JSON-ready.
    """

    image: Image
    reframed: Image | None
    known: LabelVector
    edits: Mapping[str, Any]
    framing: Mapping[str, Any]
    reframing: Mapping[str, Any] = field(default_factory=dict)
    reframed_known: LabelVector | None = None


@dataclass(frozen=True, eq=False)
class _Person:
    """A person cut out of the picture that they stand in: RGB (H, W, 3), alpha (H, W), face."""

    image: Image
    alpha: Float
    face: Face
    cloth: Float | None = None  # (H, W), where a garment was drawn


class PortraitEditor:
    """Makes labels true. Holds networks, so keep one a process."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self.analyzer = FaceAnalyzer(threads=threads)
        self._donor = lru_cache(maxsize=64)(self._read_donor)
        self.synthesizer = FaceSynthesizer(_CELLS, threads=threads)

    def edit_face(self, latent_seed: int, labels: LabelVector, seed: int) -> Edited:
        """Draw the built-in face of a seed with the bits wanted.

        Raises:
            EditError: a bit could not be made true.
        """
        try:
            return self._edit_face(latent_seed, labels, seed)
        except AssessmentError as error:
            raise EditError(f"the drawn portrait cannot be measured: {error}") from error

    def edit_photo(self, photo: Image, labels: LabelVector, seed: int) -> Edited:
        """Edit a photo (H, W, 3): light, background, and framing; the rest is not claimed.

        Raises:
            EditError: no face was found, or a bit could not be made true.
        """
        try:
            face = self.analyzer.face(photo)
        except AssessmentError as error:
            raise EditError(f"the portrait cannot be edited: {error}") from error
        person = _Person(photo, self.analyzer.mask(photo, face), face)
        known = LabelVector.of(["lighting", "background", "framing", "sharpness"])
        return self._finish(person, labels, known, {}, seed)

    def _edit_face(self, latent_seed: int, labels: LabelVector, seed: int) -> Edited:
        style = self.synthesizer.style(latent_seed)
        style, plain, expressed = self._express(style, labels["expression"] == 1, seed)
        own = self._read(plain)
        rng = stream(seed, "attire")
        garment = attire.choose(labels["attire"] == 1, rng)
        donor_style, donor = self._donor(garment.donor)
        graft = transplant(own, donor)
        grid = wide_grid(own, graft.cloth, garment.neckline, _CELLS, _OFFSET)
        drawn = self.synthesizer.draw(
            style, grid, donor=donor_style, donor_shift=graft.shift, donor_mask=graft.mask
        )
        face = self.analyzer.face(drawn)
        # The mask may take a scrap of the donor's surroundings for a part of the person.
        size = drawn.shape[0]
        alpha = self.analyzer.mask(drawn, face) * _near(resample(graft.person, grid, size))
        cloth = resample(graft.cloth, grid, size)
        cloth = np.maximum(cloth, _rim(alpha) * _near(cloth)) * alpha
        dressed, finished = attire.finish(garment, drawn, cloth, face, rng)
        edits = {
            "expression": expressed,
            "attire": {"kind": garment.kind, "donor": garment.donor, **finished},
        }
        person = _Person(dressed, alpha, face, cloth)
        return self._finish(person, labels, LabelVector.ones(), edits, seed)

    def _express(self, style: Float, good: bool, seed: int) -> tuple[Float, Image, dict[str, Any]]:
        """Move a style to an expression, and look whether it got there and is the same person.

        Returns the style, its plain portrait, and the parameters.
        """
        rng = stream(seed, "expression")
        synthesizer = self.synthesizer
        kinds = expression.GOOD_EXPRESSIONS if good else expression.BAD_EXPRESSIONS
        neutral = style + expression.change(style, synthesizer.mean_style, "neutral", 1.0)
        anchor = synthesizer.portrait(neutral)
        identity = self.analyzer.identity(anchor, self.analyzer.face(anchor))
        order = rng.permutation(list(kinds))
        plan = [(str(kind), factor) for kind in order[:_KINDS] for factor in _STRENGTHS]
        reasons = []
        for attempt, (kind, factor) in enumerate(plan):
            strength = factor * float(rng.uniform(0.92, 1.08))
            moved = style + expression.change(style, synthesizer.mean_style, kind, strength)
            image = synthesizer.portrait(moved)
            try:
                face = self.analyzer.face(image)
                measures = expression.measure(self.analyzer, image, face)
            except AssessmentError as error:
                reasons.append(f"{kind}: {error}")
                continue
            fault = expression.contradiction(kind, measures)
            apart = float(distance(identity, self.analyzer.identity(image, face)))
            if fault is None and apart > SAME_PERSON_LIMIT:
                fault = f"not the same person any more (distance {apart:.2f})"
            if fault is not None:
                reasons.append(f"{kind}: {fault}")
                continue
            parameters = {
                "kind": kind,
                "strength": round(strength, 3),
                "tries": attempt + 1,
                "identity_distance": round(apart, 3),
                "measured": {name: round(value, 4) for name, value in measures.items()},
            }
            return moved.astype(np.float32), image, parameters
        raise EditError("the expression could not be made: " + "; ".join(reasons))

    def _finish(
        self,
        person: _Person,
        labels: LabelVector,
        known: LabelVector,
        edits: dict[str, Any],
        seed: int,
    ) -> Edited:
        """Frame the person well, and badly too where that was asked."""
        scene = (person.image, person.face)
        try:
            good = framing.good_window(*scene, stream(seed, "good framing"), person.alpha)
        except EditError:
            if known["attire"]:  # a drawn portrait has to be a headshot
                raise
            good = framing.widest_window(*scene)
            known = known.replace(framing=0)
        image, parameters = self._light_well_or_badly(person, good, labels, seed)
        place = framing.place(person.face, good).to_json()
        if labels["framing"]:
            return Edited(image, None, known, {**edits, **parameters}, place)
        target = framing.bad_target(stream(seed, "framing"))
        bad = framing.window(person.face, target)
        if not bad.reaches(person.image, person.alpha):
            rng = stream(seed, "framing again")
            target, bad = framing.bad_window(*scene, rng, person.alpha)
        reframed, _ = self._scene(person, bad, labels, parameters["lighting"]["kind"], seed)
        shown = self._shown(person, bad, known).replace(framing=1)
        edits = {**edits, **parameters}
        return Edited(image, reframed, known, edits, place, target.to_json(), shown)

    def _shown(self, person: _Person, window: framing.Window, known: LabelVector) -> LabelVector:
        """`known`, less the bits of what a window hardly shows any more."""
        if person.face.point(LOWER_LIP_OUTER)[1] > window.top + window.side:
            known = known.replace(expression=0)
        stage = framing.Stage.around(window, person.face, FRAME)
        alpha = stage.cut(stage.move(person.alpha, cv2.BORDER_CONSTANT))
        if 1 - float(alpha.mean()) < _BACKGROUND_SHOWN:
            known = known.replace(background=0)
        if person.cloth is not None:
            cloth = stage.cut(stage.move(person.cloth, cv2.BORDER_CONSTANT))
            # Of what the frame shows of the person: a far garment is small but plain to see.
            worn = float(cloth.sum())
            if worn < max(_CLOTH_SHOWN * float(alpha.sum()), 0.01 * cloth.size):
                known = known.replace(attire=0)
        return known

    def _light_well_or_badly(
        self, person: _Person, window: framing.Window, labels: LabelVector, seed: int
    ) -> tuple[Image, dict[str, Any]]:
        """The scene in a light that was asked for; a good one is looked at, and replaced if bad."""
        lights = lighting.GOOD_LIGHTS if labels["lighting"] else lighting.BAD_LIGHTS
        order = list(stream(seed, "light").permutation(list(lights))[:_LIGHTS])
        if labels["lighting"]:
            order.append("monochrome")  # no colour cast is left in black and white
        elif not labels["background"]:
            order = [light for light in order if light not in _BURNING]
        reasons = []
        for light in map(str, order):
            image, parameters = self._scene(person, window, labels, light, seed)
            fault = parameters["lighting"].pop("fault")
            if fault is None:
                return image, parameters
            reasons.append(f"{light}: {fault}")
        raise EditError("the light stayed bad: " + "; ".join(reasons))

    def _scene(
        self, person: _Person, window: framing.Window, labels: LabelVector, light: str, seed: int
    ) -> tuple[Image, dict[str, Any]]:
        """Put the person before a background, light both, and cut the window."""
        rng = stream(seed, "background")
        kinds = (*background.BAD_BACKGROUNDS, background.CROWD)
        kinds = background.GOOD_BACKGROUNDS if labels["background"] else kinds
        place = kinds[int(rng.integers(len(kinds)))]
        crowd = bystanders() if place == background.CROWD else ()
        stage = framing.Stage.around(window, person.face, FRAME)
        image = stage.move(person.image, cv2.BORDER_REPLICATE)
        alpha = stage.move(person.alpha, cv2.BORDER_CONSTANT)
        face = stage.move_face(person.face)
        behind = background.render(place, rng, FRAME, FRAME, crowd)
        whole = composite(image, alpha, stage.surround(behind))
        lit, how = lighting.relight(whole, face, alpha, light, stream(seed, "lighting", light))
        # A photographer exposes for the face: long enough for a dark one, far too long for "over".
        now = sum(expression.half_luminance(lit, face)) / 2
        if labels["lighting"] and now < _DIM:
            lit = expose(lit, now, _DIM, 2.5)
        elif light == "over" and now < _BURNT:
            lit = expose(lit, now, _BURNT, 3.0)
        fault = expression.unevenness(lit, face) if labels["lighting"] else None
        return stage.cut(lit), {
            "background": {"kind": place},
            "lighting": {"kind": light, **how, "fault": fault},
        }

    def _read(self, image: Image) -> Anatomy:
        face = self.analyzer.face(image)
        return anatomy(image, face, self.analyzer.mask(image, face))

    def _read_donor(self, seed: int) -> tuple[Float, Anatomy]:
        style = self.synthesizer.style(seed)
        return style, self._read(self.synthesizer.portrait(style))


def _near(person: Float) -> Float:
    """(H, H), 1 on a mask (H, H) and close to it, falling to 0."""
    reach = person.shape[0] // 48
    wide = cv2.dilate(person, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    return np.asarray(np.clip(2 * cv2.blur(wide, (reach, reach)), 0, 1), np.float32)


def _rim(alpha: Float) -> Float:
    """(H, H), 1 along the inside of a mask's edge, where old surroundings still shine through."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (alpha.shape[0] // 48 * 2 + 1,) * 2)
    return np.asarray(1 - cv2.erode(alpha, kernel), np.float32)
