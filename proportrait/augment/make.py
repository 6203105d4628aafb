"""One twin: made from the scene where it can be drawn again, else from the picture; measured."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proportrait import imaging
from proportrait.arrays import Float, Image
from proportrait.augment.fill import cut_filled
from proportrait.augment.plan import Task
from proportrait.edit.retouch import blur, framing
from proportrait.errors import AssessmentError, EditError, ImageError
from proportrait.faces import Face, shared_analyzer
from proportrait.faces.face import CHIN
from proportrait.generate.caption import caption
from proportrait.generate.finish import SIDE, resized, visible
from proportrait.generate.offline import version
from proportrait.generate.sources.built_in import StyleganItem
from proportrait.labels import LabelVector, stream
from proportrait.measures import MODULES, Subject, Unassessed, assess
from proportrait.store.records import Record, file_stem

if TYPE_CHECKING:
    from proportrait.edit.editor import PortraitEditor


_PLAIN = 85.0  # score of a background that may be continued beyond the border
_TRIES = 6  # windows or strengths, before a twin is given up
# Least share of the frame that leaves a bit known: from the chin to the lower border; background.
_LEAST_CLOTHES, _LEAST_BACKGROUND = 0.12, 0.2


@dataclass(frozen=True, eq=False)
class Made:
    """A twin: its record and the bytes of its file, or why there is none.

    Attributes:
        is_unreadable: whether that is because the picture itself cannot be read.
    """

    record: Record | None = None
    data: bytes = b""
    reason: str = ""
    is_unreadable: bool = False


def make(task: Task, images: Path) -> Made:
    """Make one twin, and measure that its bit is true and that it is otherwise as good as before.

    Errors of this picture are returned as the reason, not raised.
    """
    rng_names = (task.parent.source_id, task.attribute, task.kind)
    try:
        image = imaging.read(images / task.parent.output_filename, min_side=256)
    except ImageError as error:
        return Made(reason=str(error), is_unreadable=True)
    try:
        build = _reframed if task.attribute == "framing" else _blurred
        for attempt in range(_TRIES):
            rng = stream(task.seed, *rng_names, str(attempt))
            twin, known, parameters = build(task, image, rng)
            if not (reason := _contradiction(twin, task, known)):
                known = visible(known, task.parent.labels, twin, shared_analyzer())
                return _record(task, twin, known, parameters)
            if "drawn_again" in parameters:
                break  # drawn once more it would be the same
    except (ImageError, AssessmentError, EditError, OSError) as error:
        reason = str(error)
    return Made(reason=reason)


def _blurred(
    task: Task, image: Image, rng: np.random.Generator
) -> tuple[Image, LabelVector, dict[str, Any]]:
    twin, parameters = blur.degrade(resized(image), task.kind, rng)
    return twin, task.parent.known, parameters


def _reframed(
    task: Task, image: Image, rng: np.random.Generator
) -> tuple[Image, LabelVector, dict[str, Any]]:
    if can_be_drawn_again(task.parent) and (again := _drawn_again(task)):
        return again
    subject = Subject(image, shared_analyzer())
    face, mask = subject.face, subject.mask
    score = assess(subject, ("background",))["background"]
    plain = isinstance(score, float) and score >= _PLAIN
    _, window = framing.bad_window(image, face, rng, mask if plain else None, kinds=(task.kind,))
    place = framing.place(face, window, task.kind).to_json()
    if window.reaches(image):
        twin = window.cut(image, SIDE)
    else:
        twin = cut_filled(image, mask, window, SIDE)
        place["filled"] = True
    return twin, _still_known(task.parent, window, face, mask), place


def can_be_drawn_again(record: Record) -> bool:
    """Whether the editor can draw the scene of a record again, in another framing."""
    return (
        StyleganItem.from_source_id(record.source_id) is not None
        and record.model_version == version()
        and record.generation_seed is not None
    )


def _drawn_again(task: Task) -> tuple[Image, LabelVector, dict[str, Any]] | None:
    """The scene of the parent in another framing.

    None where the scene shows no such framing: surroundings that came with the face do not reach
    far enough, say, and what the editor draws instead, or on another kind of processor, is another
    picture than the parent.
    """
    parent = task.parent
    item = StyleganItem.from_source_id(parent.source_id)
    assert item is not None  # see `can_be_drawn_again`
    asked = parent.requested.replace(framing=0)
    seed = parent.generation_seed or 0
    try:
        good, shot = _editor().edit_face(item.latent_seed, asked, seed, bad_kinds=(task.kind,))
    except EditError:
        return None
    data = _encoder(parent.output_filename)(resized(good.image))
    if shot is None or hashlib.sha256(data).hexdigest() != parent.sha256:
        return None
    place = {**shot.edits["framing"], "drawn_again": True}
    return shot.image, parent.known & shot.known, place


def _still_known(parent: Record, window: framing.Window, face: Face, mask: Float) -> LabelVector:
    """The parent's known bits, less those of what the window hardly shows."""
    known = parent.known
    bottom = window.top + window.side
    if framing.cuts_mouth(face, window):
        known = known.replace(expression=0)
    person = window.cut((mask * 255).astype(np.uint8)[..., None].repeat(3, 2), 64)[..., 0] / 255
    if 1 - float(person.mean()) < _LEAST_BACKGROUND:
        known = known.replace(background=0)
    if (bottom - float(face.point(CHIN)[1])) / window.side < _LEAST_CLOTHES:
        known = known.replace(attire=0)
    return known


def _contradiction(twin: Image, task: Task, known: LabelVector) -> str:
    """Why the measures contradict the labels of a twin, or ""."""
    other = "sharpness" if task.attribute == "framing" else "framing"
    scores = assess(Subject(twin, shared_analyzer()), (task.attribute, other))
    score, rest = scores[task.attribute], scores[other]
    if isinstance(score, Unassessed):
        # A head that is cut so far that no face is found is no good framing; a blur can hide it.
        return "" if task.attribute == "framing" else f"{task.attribute}: {score.reason}"
    if score >= MODULES[task.attribute].LIMIT:
        return f"{task.attribute}: a score of {score:.0f} still counts as good"
    checked = task.attribute == "framing" and known[other] and isinstance(rest, float)
    if checked and rest < MODULES[other].LIMIT:
        return f"{other}: the twin lost it, with a score of {rest:.0f}"
    return ""


def _record(task: Task, twin: Image, known: LabelVector, parameters: Mapping[str, Any]) -> Made:
    parent = task.parent
    labels = parent.labels.replace(**{task.attribute: 0})
    reframed = task.attribute == "framing"
    encode = _encoder(parent.output_filename)
    name = file_stem(task.stem, labels, blur=not reframed, badframe=reframed)
    edits = {**parent.edits, task.attribute: dict(parameters)}
    is_caption = parent.prompt_text == caption(parent.edits)
    record = replace(
        parent,
        output_filename=name + (".png" if encode is imaging.encode_png else ".jpg"),
        labels=labels,
        known=known.replace(**{task.attribute: 1}),
        edits=edits,
        prompt_text=caption(edits) if is_caption else parent.prompt_text,
        timestamp=None,  # the same seed gives the same bytes
        framing_type=task.kind if reframed else parent.framing_type,
        blur_type=parent.blur_type if reframed else task.kind,
        parent=parent.output_filename,
        cost_usd=0.0,
        checks={"augmented": {"seed": task.seed}},
        sha256="",
    )
    return Made(record, encode(twin))


def _encoder(name: str) -> Callable[[Image], bytes]:
    """That of the picture of a name."""
    return imaging.encode_png if Path(name).suffix == ".png" else imaging.encode_jpeg


@cache
def _editor() -> PortraitEditor:
    from proportrait.edit.editor import PortraitEditor

    return PortraitEditor(threads=1)
