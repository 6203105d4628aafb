"""Every portrait belongs to exactly one shard, whatever order or machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from operator import length_hint
from pathlib import Path

import pytest

from proportrait.generate.base import SourceItem
from proportrait.generate.sources.folder import FileItem
from proportrait.generate.sources.shard import Shard, ShardSource


@dataclass(frozen=True)
class Numbers:
    """An endless source."""

    name: str = "numbers"

    def __iter__(self) -> Iterator[SourceItem]:
        number = 0
        while True:
            yield FileItem(f"numbers:{number}", str(number), f"{number}.png", Path())
            number += 1


def test_the_shards_share_a_source_between_them() -> None:
    shards = [[i.source_id for i in ShardSource(Numbers(), Shard(k, 3), 90)] for k in (1, 2, 3)]
    assert sorted(chain.from_iterable(shards)) == sorted(f"numbers:{n}" for n in range(90))
    assert all(20 <= len(shard) <= 40 for shard in shards)
    assert length_hint(ShardSource(Numbers(), Shard(2, 3), 90)) == 30


def test_a_name_belongs_to_the_same_shard_for_ever() -> None:
    # The first 8 bytes of sha256("numbers:0") are 3 modulo 5; parts are counted from 1.
    assert [k for k in range(1, 6) if Shard(k, 5).holds("numbers:0")] == [4]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/3", ""])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="K from 1 to N"):
        Shard.parse(text)


def test_a_shard_is_read() -> None:
    assert Shard.parse("3/8") == Shard(3, 8)
