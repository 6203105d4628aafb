"""The offline editor: a portrait and six bits in, a photoreal headshot with just those bits out.

Built-in faces are drawn anew: their expression led by style, with the clothes and the surroundings
of others. Photos are edited in pixels, and what cannot be done to a photo is not claimed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.draws import in_turn
from proportrait.edit.retouch import framing
from proportrait.edit.retouch.stage import Stage
from proportrait.edit.scene import FRAME, Person, is_well_framed, shoot, shoot_again
from proportrait.edit.synthesis import donors, expressions
from proportrait.edit.synthesis.anatomy import alone, anatomy, beside
from proportrait.edit.synthesis.assembly import CANVAS, OFFSET, Part, assemble, misfit
from proportrait.edit.synthesis.directions import directions
from proportrait.edit.synthesis.network import CELLS, RATED_TRUNCATION, FaceSynthesizer
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import SAME_PERSON_LIMIT, FaceAnalyzer, distance
from proportrait.faces.face import LOWER_LIP_OUTER
from proportrait.labels import LabelVector, stream
from proportrait.measures import Subject, Unassessed, background

_STRENGTHS = (1.0, 1.25)  # of an expression, in turn, before another kind is tried
# Shares below which nobody can tell: of the frame for a background, of the person for a garment.
_BACKGROUND_SHOWN, _CLOTH_SHOWN = 0.2, 0.15
_SKIN = ("luminance", "red", "yellow")  # of a head, that the body below it has too
# Log odds, see TRAITS: what the surroundings are led to, unless the measure finds them as wanted
# and so far from its limit.
_CLEAN, _CLUTTERED, _PLAINLY = 5.0, -5.0, 28.0
_BESIDE = 0.9  # see `beside`: from here on somebody else is in the picture
_REPLACED = 0.3  # share of clean backgrounds that are put behind a person who was cut out
_OWN_CLOTHES, _CASUAL = 0.85, -2.0  # share of casual portraits in their own; log odds, see TRAITS
_SEEN = 1.08  # of the plain picture's height: what is drawn below it does not bear a close look
_WINDOWS = 8  # tried, before the picture is given up
_KINDS = 6  # of expressions, tried before the picture is given up


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
class _Neutral:
    """A built-in face: style (512,), identity (128,), the component of its background, company."""

    style: Float
    identity: Float
    background: float
    alone: bool


class PortraitEditor:
    """Makes labels true. Holds networks, so keep one a process.

    What several label vectors of one source share is drawn once: ask for them one after the other.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self.analyzer = FaceAnalyzer(threads=threads)
        self.synthesizer = FaceSynthesizer(CANVAS, threads=threads)
        self._neutral = lru_cache(maxsize=2)(self._draw_neutral)
        self._person = lru_cache(maxsize=4)(self._draw_person)

    def edit_face(
        self,
        latent_seed: int,
        labels: LabelVector,
        seed: int,
        bad_kinds: Sequence[str] = framing.BAD_KINDS,
    ) -> Edited:
        """Draw the built-in face of a seed with the bits wanted.

        `bad_kinds` are the kinds of bad framing to choose from; they change nothing else.

        Raises:
            EditError: a bit could not be made true.
        """
        try:
            clean, bits = labels["background"] == 1, (labels["expression"], labels["attire"])
            own = not clean or stream(seed, "own background").random() >= _REPLACED
            level = _level(self._neutral(latent_seed), clean) if own else _CLEAN
            person, edits = self._person(latent_seed, *map(bool, bits), level, seed)
            known = LabelVector.ones()
            take = partial(self._take, person, labels, known, edits, seed, bad_kinds=bad_kinds)
            if own:
                with contextlib.suppress(EditError):
                    return take(own=True)
            return take(own=False)
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
        return self._take(person, labels, known, {}, seed, own=False)

    def _draw_person(
        self, latent_seed: int, good: bool, formal: bool, level: float | None, seed: int
    ) -> tuple[Person, Mapping[str, Any]]:
        """A built-in face with an expression, in a garment, in its own surroundings.

        They are led to a `level` of being clean; the head and the clothes do not follow.
        Returns the person, and the parameters.
        """
        neutral = self._neutral(latent_seed)
        head, expressed = self._express(neutral, good, seed)
        place = head
        if level is not None:
            led = directions().change(head.style, {"clean": level}, ())
            place = Part(head.style + led, head.own)
            if level > 0 and not neutral.alone:
                head = Part(head.style, alone(head.own))
        clothes, worn = self._clothes(head, formal, seed)
        drawn, cloth = assemble(self.synthesizer, head, clothes, place)
        face = self.analyzer.face(drawn)
        alpha = self.analyzer.mask(drawn, face)
        seen = round((_SEEN + OFFSET[1]) * CELLS / CANVAS * len(drawn))
        edits = {"expression": expressed, "attire": worn, "background": {"led_to": level}}
        return Person(drawn, alpha, face, cloth * alpha, seen), edits

    def _clothes(self, head: Part, formal: bool, seed: int) -> tuple[Part, dict[str, Any]]:
        """A donor's garment, or one's own, which is casual or is made so; and the parameters."""
        if not formal and stream(seed, "own clothes").random() < _OWN_CLOTHES:
            told = float(directions().tell(head.style[None], ("formal",))["formal"][0])
            change = directions().change(head.style, {"formal": min(told, _CASUAL)})
            return Part(head.style + change, head.own), {"kind": "own", "was": round(told, 2)}
        choices = donors.FORMAL if formal else donors.CASUAL
        fitting = sorted(choices, key=lambda d: misfit(head.own, donors.anatomy_of(d.seed)))
        worn = _any_of(fitting[: len(choices) // 3], seed, "clothes")
        return self._fitted(self._part(worn), head), {"kind": worn.kind, "donor": worn.seed}

    def _part(self, donor: donors.Donor) -> Part:
        style = self.synthesizer.style(donor.seed, RATED_TRUNCATION)
        return Part(style, donors.anatomy_of(donor.seed))

    def _fitted(self, clothes: Part, head: Part) -> Part:
        """The clothes on a body with the skin of the head."""
        told = directions().tell(head.style[None], _SKIN)
        wanted = {name: float(value[0]) for name, value in told.items()}
        return Part(clothes.style + directions().change(clothes.style, wanted, ()), clothes.own)

    def _draw_neutral(self, latent_seed: int) -> _Neutral:
        style = self.synthesizer.style(latent_seed)
        style = style + directions().change(style, {})
        image = self.synthesizer.portrait(style + expressions.change(style, "neutral", 1.0))
        face = self.analyzer.face(image)
        mask = self.analyzer.mask(image, face)
        subject = Subject(image, self.analyzer, face=face, mask=mask)
        seen = background.assess(background.measure(subject))
        if isinstance(seen, Unassessed):
            seen = background.LIMIT  # neither
        by_oneself = beside(anatomy(image, face, mask)) < _BESIDE
        return _Neutral(style, self.analyzer.identity(image, face), seen, by_oneself)

    def _express(self, neutral: _Neutral, good: bool, seed: int) -> tuple[Part, dict[str, Any]]:
        """Move a style to an expression, and look whether it got there and is the same person.

        Returns the style and what it shows, and the parameters.
        """
        rng = stream(seed, "expression")
        style, identity, synthesizer = neutral.style, neutral.identity, self.synthesizer
        kinds = expressions.GOOD_EXPRESSIONS if good else expressions.BAD_EXPRESSIONS
        reasons: list[str] = []
        tries = 0
        for kind in in_turn(rng, kinds, expressions.SHARES)[:_KINDS]:
            for factor in _STRENGTHS:
                tries += 1
                strength = factor * float(rng.uniform(0.92, 1.08))
                moved = style + expressions.change(style, kind, strength)
                image = synthesizer.portrait(moved)
                try:
                    face = self.analyzer.face(image)
                    measures = expressions.measure(self.analyzer, image, face)
                except AssessmentError as error:
                    reasons.append(f"{kind}: {error}")
                    continue
                apart = float(distance(identity, self.analyzer.identity(image, face)))
                if apart > SAME_PERSON_LIMIT:
                    reasons.append(f"{kind}: not the same person any more (distance {apart:.2f})")
                    break  # more of it would lead further away
                if fault := expressions.contradiction(kind, measures):
                    reasons.append(f"{kind}: {fault}")
                    continue
                parameters = {
                    "kind": kind,
                    "strength": round(strength, 3),
                    "tries": tries,
                    "identity_distance": round(apart, 3),
                    "measured": {name: round(value, 4) for name, value in measures.items()},
                }
                own = anatomy(image, face, self.analyzer.mask(image, face))
                return Part(moved.astype(np.float32), own), parameters
        raise EditError("it could not be made: " + "; ".join(reasons), "expression")

    def _take(
        self,
        person: Person,
        labels: LabelVector,
        known: LabelVector,
        edits: Mapping[str, Any],
        seed: int,
        *,
        own: bool,
        bad_kinds: Sequence[str] = framing.BAD_KINDS,
    ) -> Edited:
        """Take the picture: well framed, and badly too where that was asked.

        With `own` before what was drawn behind the person, if that is as it should be.
        """
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
            badly = partial(framing.bad_window, kinds=bad_kinds)
            target, bad = self._window(person, badly, False, seed, own)
        image, shot = shoot(self.analyzer, person, good, labels, seed, own)
        behind = edits.get("background", {}) if own else {}
        edits = {**edits, **shot, "background": {**shot["background"], **behind}}
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
            rng = stream(seed, "good_window" if wanted else "bad_window", str(attempt))
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
        stage = Stage.around(window, person.face, FRAME)
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


def _level(neutral: _Neutral, clean: bool) -> float | None:
    """What to lead somebody's surroundings to; None if they are plainly as wanted."""
    if not neutral.alone:
        return _CLEAN if clean else None  # people behind somebody are clutter
    told = neutral.background - background.LIMIT
    if (told if clean else -told) > _PLAINLY:
        return None
    return _CLEAN if clean else _CLUTTERED


def _any_of(choices: Sequence[donors.Donor], seed: int, purpose: str) -> donors.Donor:
    return choices[int(stream(seed, purpose).integers(len(choices)))]
