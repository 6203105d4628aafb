"""The boundaries of stage one: where portraits come from, and what makes pictures of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from proportrait.arrays import Image
from proportrait.labels import LabelVector


@dataclass(frozen=True, eq=False)
class Portrait:
    """A source picture: RGB uint8 of shape (H, W, 3)."""

    source_id: str
    image: Image


class SourceItem(Protocol):
    """One portrait of a source, before it is decoded or rendered. Must pickle.

    Attributes:
        source_id: names the data set and the item, never a mere position; the group of every split.
        stem: the start of the file names made from it, such as "ffhq_00001"; [A-Za-z0-9_-] only.
        filename: the item's own name in its data set, for the record.
    """

    @property
    def source_id(self) -> str: ...

    @property
    def stem(self) -> str: ...

    @property
    def filename(self) -> str: ...

    def open(self) -> Portrait:
        """Decode or render the picture; slow, so call it off the event loop.

        Raises:
            ImageError: the picture is corrupt or too small; the run records it and goes on.
        """
        ...


class PortraitSource(Protocol):
    """An ordered stream of portraits."""

    name: str

    def __iter__(self) -> Iterator[SourceItem]: ...


@dataclass(frozen=True)
class GenerationRequest:
    """What is asked of a generator.

    Attributes:
        item: the source portrait.
        labels: the bits wanted. A generator makes the first four true (lighting, background,
            attire, expression) and always delivers good framing and sharpness; the twins that
            break those two are made afterwards.
        prompt: the request in words.
        seed: of this picture, 0 to 2**31 - 1.
    """

    item: SourceItem
    labels: LabelVector
    prompt: str
    seed: int


@dataclass(frozen=True, eq=False)
class Generated:
    """What a generator made of one request.

    Attributes:
        image: RGB uint8 (H, W, 3) at the generator's own resolution, any size from 256 px.
        known: bit 1 where the generator itself vouches for the requested bit, 0 where it makes
            no claim; None for a generator that only follows a prompt.
        reframed: the same picture framed badly, where that was asked and the generator itself can
            show more of the scene; RGB uint8, or None.
        reframed_known: as `known`, for `reframed`: a close-up may hide garment and background.
        framing, reframing: how both are framed: kind and place of the face, JSON-ready.
        edits: parameters of every edit, JSON-ready.
        model: the model that answered, in its own words (version).
        response_id: the server's name of the reply, or None.
        cost_usd: what the picture cost.
    """

    image: Image
    known: LabelVector | None = None
    reframed: Image | None = None
    reframed_known: LabelVector | None = None
    framing: Mapping[str, Any] = field(default_factory=dict)
    reframing: Mapping[str, Any] = field(default_factory=dict)
    edits: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    response_id: str | None = None
    cost_usd: float = 0.0


class ImageGenerator(Protocol):
    """Anything that makes a picture of a request.

    `price_usd` is the most that one request can cost: the budget reserves it before the request.
    """

    name: str
    price_usd: float

    async def generate(self, request: GenerationRequest) -> Generated:
        """Make one picture, without blocking the event loop.

        Raises:
            ImageError: the source portrait cannot be used.
            GenerationError: this picture could not be made (its subclasses say whether to retry).
            FatalError: the run must stop.
        """
        ...

    async def close(self) -> None:
        """Release connections, processes, and memory."""
        ...
