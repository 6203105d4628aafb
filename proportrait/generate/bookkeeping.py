"""From finished pictures to what is kept of them: records and the bytes of files."""

from __future__ import annotations

from collections.abc import Sequence

from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.twins import Picture
from proportrait.imaging import ENCODERS
from proportrait.store.records import Record, file_stem


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
