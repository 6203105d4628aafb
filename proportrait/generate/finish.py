"""The last step of a picture: its final size, and the degraded twins that break two of its bits.

No image model is asked for bad framing or blur: it would ignore that. Both are done here, and the
good picture is kept beside its twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.edit.retouch import blur, framing
from proportrait.errors import AssessmentError, EditError
from proportrait.faces import FaceAnalyzer
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.imaging import ENCODERS
from proportrait.labels import LabelVector, stream
from proportrait.store.records import Record, file_stem

SIDE = 512  # px of every finished picture


@dataclass(frozen=True, eq=False)
class Picture:
    """One finished picture of a source.

    Attributes:
        image: (512, 512, 3).
        labels, known: bits that are true of it, and which of them are known.
        edits: parameters of what was done to it, JSON-ready.
        blur_type, framing_type: kind of degradation, or None.
    """

    image: Image
    labels: LabelVector
    known: LabelVector
    edits: Mapping[str, Any]
    blur_type: str | None = None
    framing_type: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_twin(self) -> bool:
        """Whether it was degraded afterwards."""
        return self.blur_type is not None or self.framing_type is not None


def finish(
    generated: Generated,
    labels: LabelVector,
    known: LabelVector,
    seed: int,
    analyzer: FaceAnalyzer,
) -> list[Picture]:
    """The good picture, then its twin if framing or sharpness shall be 0.

    Args:
        generated: what the generator made: well framed and sharp, of any size.
        labels: the bits that were asked for.
        known: the bits that the request claimed.
        seed: of the picture.
        analyzer: finds the face that is to be framed badly.
    """
    if generated.known is not None:
        known = known & generated.known
    image = _square(generated.image)
    edits = dict(generated.edits)
    if generated.framing:
        edits["framing"] = dict(generated.framing)
    good = Picture(resized(image), labels.replace(framing=1, sharpness=1), known, edits)
    if labels["framing"] and labels["sharpness"]:
        return [good]
    twin, twin_known, kind, blurred_by = good.image, known, None, None
    twin_edits = dict(edits)
    notes: dict[str, Any] = {}
    if not labels["framing"]:
        try:
            twin, place = _reframe(generated, image, seed, analyzer)
        except (AssessmentError, EditError) as error:
            notes["framing_twin"] = f"not made: {error}"
        else:
            kind, twin_edits["framing"] = str(place["kind"]), place
            if generated.reframed_known is not None:
                twin_known = twin_known & generated.reframed_known
            twin_known = twin_known.replace(framing=1)
    if not labels["sharpness"]:
        rng = stream(seed, "blur")
        blurred_by = tuple(blur.BLURS)[int(rng.integers(len(blur.BLURS)))]
        twin, twin_edits["sharpness"] = blur.degrade(twin, blurred_by, rng)
        twin_known = twin_known.replace(sharpness=1)
    good = replace(good, notes=notes)
    if kind is None and blurred_by is None:
        return [good]
    made = labels.replace(framing=int(kind is None))
    return [good, Picture(twin, made, twin_known, twin_edits, blurred_by, kind, notes)]


def _reframe(
    generated: Generated, image: Image, seed: int, analyzer: FaceAnalyzer
) -> tuple[Image, dict[str, Any]]:
    """The badly framed view: the generator's own, or a window of the picture."""
    if generated.reframed is not None:
        return resized(generated.reframed), dict(generated.reframing)
    face = analyzer.face(image)
    target, window = framing.bad_window(image, face, stream(seed, "framing"))
    return window.cut(image, SIDE), target.to_json()


def _square(image: Image) -> Image:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 3, (width - side) // 2  # faces stand in the upper part
    return image[top : top + side, left : left + side]


def resized(image: Image) -> Image:
    """A square picture at the size of every finished one."""
    return image if image.shape[:2] == (SIDE, SIDE) else imaging.resize(image, (SIDE, SIDE))


def to_files(
    stem: str,
    pictures: Sequence[Picture],
    request: GenerationRequest,
    generated: Generated,
    generator: str,
    timestamp: str,
    image_format: str = "JPEG",
) -> list[tuple[Record, bytes]]:
    """A record and the file bytes of every picture of one source.

    Args:
        stem: start of the file names.
        pictures: the good one first, then its degraded twins.
        request: what was asked for.
        generated: what came of it.
        generator: its name in the registry.
        timestamp: when it was made, ISO 8601 in UTC.
        image_format: a key of `imaging.ENCODERS`.
    """
    extension, encode = ENCODERS[image_format]
    files: list[tuple[Record, bytes]] = []
    for picture in pictures:
        blurred, reframed = picture.blur_type is not None, picture.framing_type is not None
        record = Record(
            output_filename=file_stem(stem, picture.labels, blurred, reframed) + extension,
            original_filename=request.item.filename,
            source_id=request.item.source_id,
            requested=request.labels,
            labels=picture.labels,
            known=picture.known,
            prompt_text=request.prompt,
            generation_seed=request.seed,
            timestamp=timestamp,
            generator=generator,
            model_version=generated.model,
            response_id=generated.response_id,
            cost_usd=0.0 if picture.is_twin else generated.cost_usd,
            edits=picture.edits,
            blur_type=picture.blur_type,
            framing_type=picture.framing_type,
            parent=files[0][0].output_filename if picture.is_twin else None,
            checks=picture.notes,
        )
        files.append((record, encode(picture.image)))
    return files
