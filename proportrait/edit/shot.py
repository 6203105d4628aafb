"""One picture of a portrait, with the bits that are sure in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proportrait.arrays import Image
from proportrait.labels import LabelVector


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a portrait: the whole scene in one framing.

    Attributes:
        image: RGB uint8 (H, W, 3).
        known: 0 where whoever made it cannot vouch for the requested bit (the close-up of a face
            hides the garment), else 1. A generator that only follows a prompt leaves all at 1: for
            it the bits that the prompt asks for count.
        edits: attribute or step -> parameters of how it was made, JSON-ready.
    """

    image: Image
    known: LabelVector = field(default_factory=LabelVector.ones)
    edits: Mapping[str, Any] = field(default_factory=dict)
