"""A built-in face drawn anew: its expression, its clothes, and how clean its background is.

All three are steps of the style of the network (see `synthesis.directions`); clothes may also be
those of a donor. Every step is measured, so that the same person shows what was requested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.edit.draws import in_turn
from proportrait.edit.scene import Person
from proportrait.edit.synthesis import donors, expressions
from proportrait.edit.synthesis.anatomy import Anatomy, alone, anatomy, beside
from proportrait.edit.synthesis.assembly import CANVAS, OFFSET, Part, assemble, misfit
from proportrait.edit.synthesis.directions import directions
from proportrait.edit.synthesis.network import CELLS, RATED_TRUNCATION, RISE, FaceSynthesizer
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import SAME_PERSON_LIMIT, FaceAnalyzer, distance
from proportrait.labels import LabelVector, stream
from proportrait.measures import Subject, Unassessed, background

# Tries before a picture is given up: kinds of expression, each at these strengths in turn.
_KINDS, _STRENGTHS = 6, (1.0, 1.25)

# Targets when steering the style: log-odds of a clean background and of formal clothes
# (the traits "clean" and "formal" of `directions.TRAITS`).
_CLEAN, _CLUTTERED = 5.0, -5.0
_CASUAL = -2.0
# A background whose measured score is this far on the right side of the limit is not steered.
_CLEAR_MARGIN = 28.0
_SKIN = ("luminance", "red", "yellow")  # directions of skin colour: the body copies the head's

_FIT = 0.05  # picture widths between two chins that a neck bridges
_OWN_CLOTHES = 0.85  # share of casual portraits in the face's own clothes instead of a donor's
_SOMEBODY_BESIDE = 0.9  # from this value of `beside` on, another person stands in the picture
# Heights of the plain portrait, from its top, that are drawn in detail; what the network continues
# below it looks real from afar only.
_DETAILED = 1.08 + RISE


@dataclass(frozen=True, eq=False)
class _Neutral:
    """A built-in face before any edit.

    Attributes:
        style: (512,) of the network.
        identity: (128,) embedding, with a neutral expression.
        background: score of the background measure, [0, 100]; the limit where it failed.
        alone: whether nobody else stands in the picture.
    """

    style: Float
    identity: Float
    background: float
    alone: bool


class FaceDrawer:
    """Draws people from seeds.

    What several label vectors of one face share is drawn once: request them one after another.
    """

    def __init__(self, analyzer: FaceAnalyzer, threads: int = 1) -> None:
        self.analyzer = analyzer
        self.synthesizer = FaceSynthesizer(CANVAS, threads=threads)
        self._neutral = lru_cache(maxsize=2)(self._draw_neutral)
        self._person = lru_cache(maxsize=4)(self._draw_person)

    def person(
        self, latent_seed: int, labels: LabelVector, seed: int, *, keep_background: bool
    ) -> tuple[Person, Mapping[str, Any]]:
        """A face with the requested expression and attire, before its own background.

        Args:
            latent_seed: names the face.
            labels: the requested bits.
            seed: of the picture.
            keep_background: the background will stay, and is steered to its bit where it does not
                plainly show it; else it is only made plain, so that the person is easily cut out.

        Returns:
            The person, and by attribute the parameters of the edits, JSON-ready.

        Raises:
            EditError: no expression could be made.
            AssessmentError: no face was found in what was drawn.
        """
        target: float | None = _CLEAN
        if keep_background:
            target = _background_target(self._neutral(latent_seed), labels["background"] == 1)
        good, formal = bool(labels["expression"]), bool(labels["attire"])
        return self._person(latent_seed, good, formal, target, seed)

    def _draw_neutral(self, latent_seed: int) -> _Neutral:
        style = self.synthesizer.style(latent_seed)
        style = style + directions().change(style, {})
        image = self.synthesizer.portrait(style + expressions.change(style, "neutral", 1.0))
        face = self.analyzer.face(image)
        mask = self.analyzer.mask(image, face)
        subject = Subject(image, self.analyzer, face=face, mask=mask)
        score = background.assess(background.measure(subject))
        if isinstance(score, Unassessed):
            score = background.LIMIT  # neither clean nor cluttered
        is_alone = beside(anatomy(image, face, mask)) < _SOMEBODY_BESIDE
        return _Neutral(style, self.analyzer.identity(image, face), score, is_alone)

    def _draw_person(
        self, latent_seed: int, good: bool, formal: bool, target: float | None, seed: int
    ) -> tuple[Person, Mapping[str, Any]]:
        """A built-in face with an expression and a garment, before its own background.

        Args:
            latent_seed: names the face.
            good: the bit of the expression.
            formal: the bit of attire.
            target: log-odds of a clean background that the background's style is steered to; head
                and clothes are not steered. None leaves the background as it is.
            seed: of the picture.

        Returns:
            The person, and the parameters of the edits.
        """
        neutral = self._neutral(latent_seed)
        head, expression = self._express(neutral, good, seed)
        place = head
        if target is not None:
            step = directions().change(head.style, {"clean": target}, ())
            place = Part(head.style + step, head.own)
            if target > 0 and not neutral.alone:
                head = Part(head.style, alone(head.own))
        clothes, attire = self._clothes(head, formal, seed)
        image, cloth = assemble(self.synthesizer, head, clothes, place)
        face = self.analyzer.face(image)
        alpha = self.analyzer.mask(image, face)
        rows = round((_DETAILED + OFFSET[1]) * CELLS / CANVAS * len(image))
        edits = {"expression": expression, "attire": attire, "background": {"led_to": target}}
        return Person(image, alpha, face, cloth * alpha, rows), edits

    def _express(self, neutral: _Neutral, good: bool, seed: int) -> tuple[Part, dict[str, Any]]:
        """Move a style to an expression that the measures confirm on the same person.

        Returns:
            The style with what its portrait shows, and the parameters.

        Raises:
            EditError: no expression that was tried was confirmed.
        """
        rng = stream(seed, "expression")
        kinds = expressions.GOOD_EXPRESSIONS if good else expressions.BAD_EXPRESSIONS
        reasons: list[str] = []
        tries = 0
        for kind in in_turn(rng, kinds, expressions.SHARES)[:_KINDS]:
            for factor in _STRENGTHS:
                tries += 1
                strength = factor * float(rng.uniform(0.92, 1.08))
                moved = neutral.style + expressions.change(neutral.style, kind, strength)
                image = self.synthesizer.portrait(moved)
                try:
                    face = self.analyzer.face(image)
                    measures = expressions.measure(self.analyzer, image, face)
                except AssessmentError as error:
                    reasons.append(f"{kind}: {error}")
                    continue
                apart = float(distance(neutral.identity, self.analyzer.identity(image, face)))
                if apart > SAME_PERSON_LIMIT:
                    reasons.append(f"{kind}: not the same person any more (distance {apart:.2f})")
                    break  # a greater strength would change the person even more
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

    def _clothes(self, head: Part, formal: bool, seed: int) -> tuple[Part, dict[str, Any]]:
        """A donor's garment, or the face's own made casual; and the parameters."""
        if not formal and stream(seed, "own clothes").random() < _OWN_CLOTHES:
            formality = float(directions().tell(head.style[None], ("formal",))["formal"][0])
            step = directions().change(head.style, {"formal": min(formality, _CASUAL)})
            return Part(head.style + step, head.own), {"kind": "own", "was": round(formality, 2)}
        man = float(directions().tell(head.style[None], ("man",))["man"][0])
        choices = donors.suitable(donors.FORMAL if formal else donors.CASUAL, man)
        donor = _fitting_donor(choices, head.own, stream(seed, "clothes"))
        return self._worn(donor, head), {"kind": donor.kind, "donor": donor.seed}

    def _worn(self, donor: donors.Donor, head: Part) -> Part:
        """The clothes of a donor on a body with the skin colour of the head."""
        style = self.synthesizer.style(donor.seed, RATED_TRUNCATION)
        colours = directions().tell(head.style[None], _SKIN)
        targets = {name: float(value[0]) for name, value in colours.items()}
        step = directions().change(style, targets, ())
        return Part(style + step, donors.anatomy_of(donor.seed), donor=True)


def _fitting_donor(
    choices: Sequence[donors.Donor], head: Anatomy, rng: np.random.Generator
) -> donors.Donor:
    """A donor whose neck fits a head: a kind of clothes at random, then one of that kind."""
    misfits = {donor: misfit(head, donors.anatomy_of(donor.seed)) for donor in choices}
    limit = max(_FIT, sorted(misfits.values())[len(choices) // 3])
    fitting = [donor for donor in choices if misfits[donor] <= limit]
    kinds = sorted({donor.kind for donor in fitting})
    kind = kinds[int(rng.integers(len(kinds)))]
    same = [donor for donor in fitting if donor.kind == kind]
    return same[int(rng.integers(len(same)))]


def _background_target(neutral: _Neutral, clean: bool) -> float | None:
    """Log-odds of a clean background to steer to; None where it is plainly as requested."""
    if not neutral.alone:
        return _CLEAN if clean else None  # people behind somebody are clutter
    margin = neutral.background - background.LIMIT
    if (margin if clean else -margin) > _CLEAR_MARGIN:
        return None
    return _CLEAN if clean else _CLUTTERED
