"""One part of a source, for machines that share the work without talking to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import length_hint

from proportrait.generate.base import PortraitSource, SourceItem


@dataclass(frozen=True)
class Shard:
    """Part `number`, from 1, of `count` parts."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read K/N, as in 3/8.

        Raises:
            ValueError: it is no such text, or K is not in 1..N.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError(f"a shard is K/N with K from 1 to N, as in 3/8, not {text!r}")
        return cls(int(number), int(count))

    def holds(self, source_id: str) -> bool:
        """Whether a source belongs to this part; it belongs to exactly one, on any machine."""
        digest = hashlib.sha256(source_id.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1


class ShardSource:
    """The portraits of a source that belong to one part of it, in the order of the source.

    Args:
        source: the whole source.
        shard: the part.
        limit: portraits of the whole source, before it is shared; None takes all.
    """

    def __init__(self, source: PortraitSource, shard: Shard, limit: int | None = None) -> None:
        self.name = source.name
        self.source, self.shard, self.limit = source, shard, limit

    def __iter__(self) -> Iterator[SourceItem]:
        items = islice(iter(self.source), self.limit)
        return (item for item in items if self.shard.holds(item.source_id))

    def __length_hint__(self) -> int:
        return round((self.limit or length_hint(self.source)) / self.shard.count)
