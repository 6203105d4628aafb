"""What the pictures of a data set may be used for."""

from __future__ import annotations

from collections.abc import Iterable

from proportrait.store.records import Record

BUILT_IN = "stylegan:mobile-ffhq/"  # start of the source_id of every built-in face

_NON_COMMERCIAL = (
    "The portraits are drawn by a network that was learnt from FFHQ (CC BY-NC-SA 4.0): the "
    "pictures are for non-commercial use."
)
_OF_SOURCE = (
    "The pictures have the licence of the portraits that they were made from, and the terms of the "
    "generator: see docs/licences.md of ProPortrait-Gen."
)


def licence(records: Iterable[Record]) -> tuple[str, str]:
    """The licence as the Hugging Face Hub names it, and a sentence about it."""
    if any(record.source_id.startswith(BUILT_IN) for record in records):
        return "cc-by-nc-sa-4.0", _NON_COMMERCIAL
    return "other", _OF_SOURCE
