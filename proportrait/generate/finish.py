"""The last step of a picture: its final size, its record, and its degraded twin.

No image model is asked for bad framing or blur: it would ignore that. Both are done here, and the
good picture is kept beside its twin.
"""

from __future__ import annotations

from dataclasses import replace

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.edit.retouch import blur, framing
from proportrait.edit.shot import Shot
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import FaceAnalyzer
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.caption import caption
from proportrait.labels import LabelVector, stream
from proportrait.measures import Subject, Unassessed, background
from proportrait.store.records import Record, file_stem

SIDE = 512  # px of every finished picture


def finish(
    request: GenerationRequest,
    generated: Generated,
    known: LabelVector,
    analyzer: FaceAnalyzer,
    *,
    stem: str,
    generator: str,
    timestamp: str | None,
    extension: str = ".jpg",
) -> list[tuple[Record, Image]]:
    """The good picture, then its twin where the bit of framing or sharpness is 0.

    Args:
        request: what was asked for.
        generated: what the generator made of it.
        known: the bits that the words of the request asked for.
        analyzer: finds the face that is to be framed badly.
        stem: start of the file names.
        generator: its name in the registry.
        timestamp: when the pictures were made, ISO 8601 in UTC; None where their bytes shall not
            depend on it.
        extension: of the file names.

    Returns:
        One or two records, each with its picture (512, 512, 3). A framing twin that cannot be made
        is left out, and the records say why.
    """
    square = _square(generated.shot.image)
    image, labels = resized(square), request.labels.replace(framing=1, sharpness=1)
    good = Record(
        output_filename=file_stem(stem, labels) + extension,
        original_filename=request.item.filename,
        source_id=request.item.source_id,
        requested=request.labels,
        labels=labels,
        known=known & generated.shot.known,
        prompt_text=request.prompt if generated.obeys_prompt else caption(generated.shot.edits),
        generation_seed=request.seed,
        timestamp=timestamp,
        generator=generator,
        model_version=generated.model,
        response_id=generated.response_id,
        cost_usd=generated.cost_usd,
        edits=generated.shot.edits,
    )
    if not generated.obeys_prompt:
        good = replace(good, known=visible(good.known, labels, image, analyzer))
    twin, twin_image = good, image
    if not request.labels["framing"]:
        try:
            shot = generated.badly_framed or _badly_framed(square, good, request.seed, analyzer)
        except (AssessmentError, EditError) as error:
            good = twin = replace(good, checks={"framing_twin": f"not made: {error}"})
        else:
            twin, twin_image = _reframed(twin, shot), resized(shot.image)
    if not request.labels["sharpness"]:
        twin, twin_image = _blurred(twin, twin_image, request.seed)
    if twin is good:
        return [(good, image)]
    if not generated.obeys_prompt:
        bits = visible(twin.known, twin.labels, twin_image, analyzer)
        twin = replace(twin, known=bits, prompt_text=caption(twin.edits))
    tags = twin.blur_type is not None, twin.framing_type is not None
    twin = replace(
        twin,
        output_filename=file_stem(stem, twin.labels, *tags) + extension,
        parent=good.output_filename,
        cost_usd=0.0,
    )
    return [(good, image), (twin, twin_image)]


def visible(
    known: LabelVector, labels: LabelVector, image: Image, analyzer: FaceAnalyzer
) -> LabelVector:
    """`known`, less a cluttered background that a finished picture (512, 512, 3) hides.

    A dark light, a close frame, or a blur can hide it: the measure then finds it clean.
    """
    if labels["background"] or not known["background"]:
        return known
    score = background.assess(background.measure(Subject(image, analyzer)))
    hidden = not isinstance(score, Unassessed) and score >= background.LIMIT
    return known.replace(background=0) if hidden else known


def _badly_framed(image: Image, record: Record, seed: int, analyzer: FaceAnalyzer) -> Shot:
    """A badly framed part of a picture.

    Raises:
        AssessmentError: no face was found.
        EditError: no bad framing fits into the picture.
    """
    face = analyzer.face(image)
    place, window = framing.bad_window(image, face, stream(seed, "framing"))
    return Shot(window.cut(image, SIDE), edits={**record.edits, "framing": place.to_json()})


def _reframed(record: Record, shot: Shot) -> Record:
    """The record of a badly framed picture of the same scene."""
    return replace(
        record,
        labels=record.labels.replace(framing=0),
        known=(record.known & shot.known).replace(framing=1),
        edits=shot.edits,
        framing_type=str(shot.edits["framing"]["kind"]),
    )


def _blurred(record: Record, image: Image, seed: int) -> tuple[Record, Image]:
    """The record and the picture (512, 512, 3), with one of the blurs."""
    rng = stream(seed, "blur")
    kind = tuple(blur.BLURS)[int(rng.integers(len(blur.BLURS)))]
    image, parameters = blur.degrade(image, kind, rng)
    record = replace(
        record,
        labels=record.labels.replace(sharpness=0),
        known=record.known.replace(sharpness=1),
        edits={**record.edits, "sharpness": parameters},
        blur_type=kind,
    )
    return record, image


def _square(image: Image) -> Image:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 3, (width - side) // 2  # faces stand in the upper part
    return image[top : top + side, left : left + side]


def resized(image: Image) -> Image:
    """A square picture at the size of every finished one."""
    return image if image.shape[:2] == (SIDE, SIDE) else imaging.resize(image, (SIDE, SIDE))
