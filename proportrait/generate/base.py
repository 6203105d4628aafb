"""The boundaries of stage one: where portraits come from, and what makes pictures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from proportrait.arrays import Image
from proportrait.edit.shot import Shot
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
            UnreachableError: the network failed; the run tries again, also in its next one.
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
        shot: the well framed, sharp picture, at the generator's own resolution, any size from
            256 px.
        badly_framed: the same scene framed badly, where that was asked and the generator itself
            can show more of the scene; else None, and a part of `shot` is cut out.
        model: the model that answered, in its own words (version).
        obeys_prompt: False where the labels alone were read: the record then says in words what the
            edits made, in place of the prompt.
        unread_prompt: the end of the prompt that the model did not read, because its text encoder
            takes fewer tokens (often 77); "" where it read all. What it asks for is not known.
        response_id: the server's name of the reply, or None.
        cost_usd: what the picture cost.
    """

    shot: Shot
    badly_framed: Shot | None = None
    model: str = ""
    obeys_prompt: bool = True
    unread_prompt: str = ""
    response_id: str | None = None
    cost_usd: float = 0.0


# Writes down, before a paid request is sent, how many requests a portrait then took and the most
# dollars that they can have cost, in place of what it wrote before; it blocks until that is on the
# disk.
Reserve = Callable[[GenerationRequest, int, float], None]


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
            UnreachableError: it could not be fetched, and nothing was paid.
            GenerationError: this picture could not be made (its subclasses say whether to retry).
            FatalError: the run must stop.
        """
        ...

    async def close(self) -> None:
        """Release connections, processes, and memory."""
        ...
