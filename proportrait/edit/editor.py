"""The offline editor: a portrait and six bits in, a photoreal headshot with just those bits out.

Built-in faces are drawn anew, their expression, clothes, and surroundings led by style; photos are
edited in pixels, and what cannot be done to a photo is not claimed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit import expression, framing
from proportrait.edit.directions import directions
from proportrait.edit.scene import FRAME, Person, is_well_framed, shoot, shoot_again
from proportrait.edit.stylegan import CELLS, FaceSynthesizer, resample
from proportrait.edit.torso import Anatomy, anatomy, collar_share, wide_grid
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import SAME_PERSON_LIMIT, FaceAnalyzer, distance
from proportrait.faces.face import LOWER_LIP_OUTER
from proportrait.labels import LabelVector, stream

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

_CELLS = 24  # of the wide view: head, shoulders, and some of the chest
_OFFSET = ((_CELLS / CELLS - 1) / 2, 0.125)  # of it to the left of and above the plain picture
_STRENGTHS = (1.0, 1.25)  # of an expression, in turn, before another kind is tried
# Shares below which nobody can tell: of the frame for a background, of the person for a garment.
_BACKGROUND_SHOWN, _CLOTH_SHOWN = 0.2, 0.15
# Log odds of traits, see directions.py: what a style is led to.
# Formal clothes are asked for more and more until a collar shows.
_FORMAL, _CASUAL = (6.0, 9.0), -4.0
_COLLAR = 0.010  # of one half of the picture
_CLEAN, _CLUTTERED = 3.0, -3.0
_OWN_BACKGROUND = 0.6  # share of drawn portraits that may keep what they were drawn before
_SEEN = 1.10  # of the plain picture's height: what is drawn below it does not bear a close look
_WINDOWS = 8  # tried, before the picture is given up
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
class _Dressed:
    """A built-in face in its clothes: style (512,), identity (128,), whether a garment shows."""

    style: Float
    identity: Float
    shown: bool


class PortraitEditor:
    """Makes labels true. Holds networks, so keep one a process.

    What several label vectors of one source share is drawn once: ask for them one after the other.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self.analyzer = FaceAnalyzer(threads=threads)
        self.synthesizer = FaceSynthesizer(_CELLS, threads=threads)
        self._neutral = lru_cache(maxsize=2)(self._draw_neutral)
        self._person = lru_cache(maxsize=4)(self._draw_person)

    def edit_face(self, latent_seed: int, labels: LabelVector, seed: int) -> Edited:
        """Draw the built-in face of a seed with the bits wanted.

        Raises:
            EditError: a bit could not be made true.
        """
        try:
            own = stream(seed, "own background").random() < _OWN_BACKGROUND
            # Of a plain wall a person is easily cut out.
            clean = labels["background"] == 1 or not own
            bits = labels["expression"] == 1, labels["attire"] == 1, clean
            person, known, edits = self._person(latent_seed, *bits, seed)
            return self._finish(person, labels, known, edits, seed, own)
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
        person = Person(photo, self.analyzer.mask(photo, face), face)
        known = LabelVector.of(["lighting", "background", "framing", "sharpness"])
        return self._finish(person, labels, known, {}, seed, False)

    def _draw_person(
        self, latent_seed: int, good: bool, formal: bool, clean: bool, seed: int
    ) -> tuple[Person, LabelVector, Mapping[str, Any]]:
        """A built-in face with an expression and a garment, before a clean or a cluttered place.

        Returns the person, the bits that are known of them, and the parameters.
        """
        dressed = self._neutral(latent_seed, formal, clean)
        style, plain, expressed = self._express(dressed, good, seed)
        own = self._read(plain)
        grid = wide_grid(own, _CELLS, _OFFSET)
        drawn = self.synthesizer.draw(style, grid)
        face = self.analyzer.face(drawn)
        alpha = self.analyzer.mask(drawn, face)
        cloth = resample(own.cloth, grid, drawn.shape[0]) * alpha
        score = float(directions().tell(style[None], ("formal",))["formal"][0])
        worn = {"kind": "formal" if formal else "casual", "score": round(score, 2)}
        known = LabelVector.ones().replace(attire=int(dressed.shown))
        seen = round((_SEEN + _OFFSET[1]) * CELLS / _CELLS * len(drawn))
        return (
            Person(drawn, alpha, face, cloth, seen),
            known,
            {"expression": expressed, "attire": worn},
        )

    def _draw_neutral(self, latent_seed: int, formal: bool, clean: bool) -> _Dressed:
        """A face dressed as wanted, and looked at with a neutral expression."""
        plain = self.synthesizer.style(latent_seed)
        for level in _FORMAL if formal else (_CASUAL,):
            style = plain + directions().change(plain, _surroundings(plain, level, clean))
            calm = style + expression.change(style, "neutral", 1.0)
            image = self.synthesizer.portrait(calm)
            own = self._read(image)
            shown = not formal or collar_share(image, own) > _COLLAR
            if shown:
                break
        return _Dressed(style, self.analyzer.identity(image, self.analyzer.face(image)), shown)

    def _express(
        self, dressed: _Dressed, good: bool, seed: int
    ) -> tuple[Float, Image, dict[str, Any]]:
        """Move a style to an expression, and look whether it got there and is the same person.

        Returns the style, its plain portrait, and the parameters.
        """
        rng = stream(seed, "expression")
        synthesizer = self.synthesizer
        kinds = expression.GOOD_EXPRESSIONS if good else expression.BAD_EXPRESSIONS
        style, identity = dressed.style, dressed.identity
        reasons: list[str] = []
        tries = 0
        for kind in map(str, rng.permutation(list(kinds))[:_KINDS]):
            for factor in _STRENGTHS:
                tries += 1
                strength = factor * float(rng.uniform(0.92, 1.08))
                moved = style + expression.change(style, kind, strength)
                image = synthesizer.portrait(moved)
                try:
                    face = self.analyzer.face(image)
                    measures = expression.measure(self.analyzer, image, face)
                except AssessmentError as error:
                    reasons.append(f"{kind}: {error}")
                    continue
                apart = float(distance(identity, self.analyzer.identity(image, face)))
                if apart > SAME_PERSON_LIMIT:
                    reasons.append(f"{kind}: not the same person any more (distance {apart:.2f})")
                    break  # more of it would lead further away
                if fault := expression.contradiction(kind, measures):
                    reasons.append(f"{kind}: {fault}")
                    continue
                parameters = {
                    "kind": kind,
                    "strength": round(strength, 3),
                    "tries": tries,
                    "identity_distance": round(apart, 3),
                    "measured": {name: round(value, 4) for name, value in measures.items()},
                }
                return moved.astype(np.float32), image, parameters
        raise EditError("it could not be made: " + "; ".join(reasons), "expression")

    def _finish(
        self,
        person: Person,
        labels: LabelVector,
        known: LabelVector,
        edits: Mapping[str, Any],
        seed: int,
        own: bool,
    ) -> Edited:
        """Take the picture; with `own` before what was drawn behind, if that is as it should be."""
        if own:
            with contextlib.suppress(EditError):
                return self._take(person, labels, known, edits, seed, own=True)
        return self._take(person, labels, known, edits, seed, own=False)

    def _take(
        self,
        person: Person,
        labels: LabelVector,
        known: LabelVector,
        edits: Mapping[str, Any],
        seed: int,
        *,
        own: bool,
    ) -> Edited:
        """Frame the person well, and badly too where that was asked."""
        try:
            target, good = self._window(person, framing.good_window, True, seed, own)
            place = target.to_json()
        except EditError:
            if known["expression"]:  # a drawn portrait has to be a headshot
                raise
            good = framing.widest_window(person.image, person.face)
            place = framing.place(person.face, good).to_json()
            known = known.replace(framing=0)
        if not labels["framing"]:
            target, bad = self._window(person, framing.bad_window, False, seed, own)
        image, shot = shoot(self.analyzer, person, good, labels, seed, own)
        edits = {**edits, **shot}
        if labels["framing"]:
            return Edited(image, None, known, edits, place)
        reframed = shoot_again(person, bad, shot, seed)
        shown = self._shown(person, bad, known, labels).replace(framing=1)
        return Edited(image, reframed, known, edits, place, target.to_json(), shown)

    def _window(
        self,
        person: Person,
        draw: Callable[..., tuple[framing.Target, framing.Window]],
        wanted: bool,
        seed: int,
        own: bool,
    ) -> tuple[framing.Target, framing.Window]:
        """A window that the framing measure does not contradict.

        Before the person's own background it lies inside the picture.
        """
        for attempt in range(_WINDOWS):
            rng = stream(seed, draw.__name__, str(attempt))
            alpha = None if own else person.alpha
            target, window = draw(person.image, person.face, rng, alpha, person.seen)
            if is_well_framed(self.analyzer, person, window) in (wanted, None):
                return target, window
        raise EditError(f"the measure contradicts {_WINDOWS} windows", "framing")

    def _shown(
        self, person: Person, window: framing.Window, known: LabelVector, labels: LabelVector
    ) -> LabelVector:
        """`known`, less the bits of what a window hardly shows any more.

        Who shows no clothes at all is not dressed for business either, so that bit stays.
        """
        if person.face.point(LOWER_LIP_OUTER)[1] > window.top + window.side:
            known = known.replace(expression=0)
        stage = framing.Stage.around(window, person.face, FRAME)
        alpha = stage.cut(stage.move(person.alpha, cv2.BORDER_CONSTANT))
        if 1 - float(alpha.mean()) < _BACKGROUND_SHOWN:
            known = known.replace(background=0)
        if person.cloth is not None and labels["attire"]:
            cloth = stage.cut(stage.move(person.cloth, cv2.BORDER_CONSTANT))
            # Of what the frame shows of the person: a far garment is small but plain to see.
            worn = float(cloth.sum())
            if worn < max(_CLOTH_SHOWN * float(alpha.sum()), 0.01 * cloth.size):
                known = known.replace(attire=0)
        return known

    def _read(self, image: Image) -> Anatomy:
        face = self.analyzer.face(image)
        return anatomy(image, face, self.analyzer.mask(image, face))


def _surroundings(style: Float, dress: float, clean: bool) -> dict[str, float]:
    """Traits that a style (512,) is led to: at least so formal or casual, so clean or cluttered."""
    told = directions().tell(style[None], ("formal", "clean"))
    found, place = float(told["formal"][0]), float(told["clean"][0])
    return {
        "formal": max(found, dress) if dress > 0 else min(found, dress),
        "clean": max(place, _CLEAN) if clean else min(place, _CLUTTERED),
    }
