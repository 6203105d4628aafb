"""The offline editor: a portrait and six bits in, a photoreal headshot with just those bits out.

A built-in face is drawn anew (see `drawing`) and shows all six. A photo is edited in pixels, and
bits that cannot be set there (attire, expression) are left unknown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import cv2

from proportrait.arrays import Image
from proportrait.edit.drawing import FaceDrawer
from proportrait.edit.retouch import framing
from proportrait.edit.retouch.stage import Stage
from proportrait.edit.scene import (
    FRAME,
    Person,
    framing_contradicts,
    is_fairly_lit,
    shoot,
    shoot_again,
)
from proportrait.edit.shot import Shot
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import FaceAnalyzer
from proportrait.labels import LabelVector, stream

_WINDOWS = 8  # that are tried before a picture is given up
_CUT_OUT = 0.3  # share of clean portraits whose person is cut out and put before a made backdrop
# Least visible area that leaves a bit known: background / frame, garment / person, garment / frame.
_LEAST_BACKGROUND, _LEAST_GARMENT, _LEAST_GARMENT_IN_FRAME = 0.2, 0.15, 0.01


class PortraitEditor:
    """Makes pictures whose labels are true. Holds networks, so keep one per process.

    >>> from proportrait import LabelVector, PortraitEditor
    >>> from proportrait.imaging import read
    >>> dark = LabelVector((0, 1, 1, 1, 1, 1))
    >>> shot, _ = PortraitEditor().edit_photo(read("tests/data/face.jpg"), dark, seed=1)
    >>> shot.image.shape, shot.known["lighting"], shot.known["attire"]
    ((512, 512, 3), 1, 0)
    """

    def __init__(self, threads: int = 1) -> None:
        self.analyzer = FaceAnalyzer(threads=threads)
        self.drawer = FaceDrawer(self.analyzer, threads)

    def edit_face(
        self,
        latent_seed: int,
        labels: LabelVector,
        seed: int,
        bad_kinds: Sequence[str] = framing.BAD_KINDS,
    ) -> tuple[Shot, Shot | None]:
        """Draw a built-in face with the requested bits.

        Args:
            latent_seed: names the face.
            labels: the six bits; sharpness is ignored, every picture is sharp.
            seed: of the picture.
            bad_kinds: kinds of bad framing to choose from; they change nothing else.

        Returns:
            The well framed picture and, where the bit of framing is 0, the same scene badly framed;
            both (512, 512, 3).

        Raises:
            EditError: a bit could not be made true.
        """
        try:
            keep = not labels["background"] or stream(seed, "own background").random() >= _CUT_OUT
            person, edits = self.drawer.person(latent_seed, labels, seed, keep_background=keep)
            photograph = partial(
                self._photograph, person, labels, LabelVector.ones(), edits, seed, bad_kinds
            )
            if keep:
                with contextlib.suppress(EditError):
                    return photograph(keep_background=True)
            return photograph(keep_background=False)
        except AssessmentError as error:
            raise EditError(f"the drawn portrait cannot be measured: {error}") from error

    def edit_photo(self, photo: Image, labels: LabelVector, seed: int) -> tuple[Shot, Shot | None]:
        """Edit light, background, and framing of a photo (H, W, 3).

        Its attire and its expression stay as they are, and unknown. So is good light where the
        photo was taken in bad light, which may still show. Returns as `edit_face`.

        Raises:
            EditError: no face was found, or a bit could not be made true.
        """
        try:
            face = self.analyzer.face(photo)
        except AssessmentError as error:
            raise EditError(f"the portrait cannot be edited: {error}") from error
        person = Person(photo, self.analyzer.mask(photo, face), face)
        known = LabelVector.of(["lighting", "background", "framing", "sharpness"])
        if labels["lighting"] and not is_fairly_lit(self.analyzer, person):
            known = known.replace(lighting=0)
        return self._photograph(person, labels, known, {}, seed, keep_background=False)

    def _photograph(
        self,
        person: Person,
        labels: LabelVector,
        known: LabelVector,
        edits: Mapping[str, Any],
        seed: int,
        bad_kinds: Sequence[str] = framing.BAD_KINDS,
        *,
        keep_background: bool,
    ) -> tuple[Shot, Shot | None]:
        """The well framed picture and, where its bit is 0, the badly framed one.

        Args:
            person: who is photographed.
            labels: the requested bits.
            known: those that the maker of the person vouches for.
            edits: what was done to the person.
            seed: of the picture.
            bad_kinds: kinds of bad framing to choose from.
            keep_background: whether the person stays before the background of their picture,
                which then must be as requested; else they are cut out.

        Raises:
            EditError: a bit could not be made true.
        """
        try:
            place, window = self._window(person, framing.good_window, True, seed, keep_background)
        except EditError:
            if known["expression"]:  # a drawn portrait has to be a headshot
                raise
            window = framing.widest_window(person.image, person.face)
            place = framing.place(person.face, window)
            known = known.replace(framing=0)
        if not labels["framing"]:
            draw = partial(framing.bad_window, kinds=bad_kinds)
            bad_place, bad_window = self._window(person, draw, False, seed, keep_background)
        photo = not known["expression"]
        image, taken = shoot(
            self.analyzer, person, window, labels, seed, keep_background, photo=photo
        )
        steered = edits.get("background", {}) if keep_background else {}
        edits = {**edits, **taken, "background": {**taken["background"], **steered}}
        good = Shot(image, known, {**edits, "framing": place.to_json()})
        if labels["framing"]:
            return good, None
        visible = self._visible(person, bad_window, known, labels).replace(framing=1)
        image = shoot_again(person, bad_window, taken, seed)
        return good, Shot(image, visible, {**edits, "framing": bad_place.to_json()})

    def _window(
        self,
        person: Person,
        draw: Callable[..., tuple[framing.Target, framing.Window]],
        good: bool,
        seed: int,
        keep_background: bool,
    ) -> tuple[framing.Target, framing.Window]:
        """A window drawn by `draw` that the framing measure does not contradict.

        It lies inside the picture where its background is kept.

        Raises:
            EditError: no window fits, or the measure contradicts all that were tried.
        """
        for attempt in range(_WINDOWS):
            rng = stream(seed, "good_window" if good else "bad_window", str(attempt))
            alpha = None if keep_background else person.alpha
            place, window = draw(person.image, person.face, rng, alpha, person.detailed_rows)
            if not framing_contradicts(self.analyzer, person, window, good):
                return place, window
        raise EditError(f"the measure contradicts {_WINDOWS} windows", "framing")

    def _visible(
        self, person: Person, window: framing.Window, known: LabelVector, labels: LabelVector
    ) -> LabelVector:
        """`known`, less the bits of what a window hardly shows.

        The bit of attire 0 stays known: who shows no clothes at all is not dressed for business.
        """
        if framing.cuts_mouth(person.face, window):
            known = known.replace(expression=0)
        stage = Stage.around(window, person.face, FRAME)
        alpha = stage.cut(stage.move(person.alpha, cv2.BORDER_CONSTANT))
        if 1 - float(alpha.mean()) < _LEAST_BACKGROUND:
            known = known.replace(background=0)
        if person.cloth is not None and labels["attire"]:
            cloth = stage.cut(stage.move(person.cloth, cv2.BORDER_CONSTANT))
            # Relative to the person: from afar a garment is small but plain to see.
            least = _LEAST_GARMENT * float(alpha.sum())
            if float(cloth.sum()) < max(least, _LEAST_GARMENT_IN_FRAME * cloth.size):
                known = known.replace(attire=0)
        return known
