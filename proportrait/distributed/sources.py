"""What is judged: picture files, or shards that hold many pictures each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from proportrait.distributed.places import Place, is_shard, is_uri, place_of
from proportrait.distributed.shards import path_column
from proportrait.errors import ConfigurationError


@dataclass(frozen=True)
class Source:
    """Pictures.

    Attributes:
        place: where they lie.
        paths: of the picture files, in the order in which they are named; or of the shards.
        sharded: whether the paths are those of shards.
    """

    place: Place
    paths: list[str]
    sharded: bool = False

    @property
    def files(self) -> list[str]:
        """The picture files; none where shards hold the pictures."""
        return [] if self.sharded else self.paths

    def of_files(self, files: list[str]) -> Source:
        """The same with some of its picture files; shards stay as they are."""
        return self if self.sharded else replace(self, paths=files)


def find(words: Sequence[str], note: Callable[[str], None], *, recursive: bool = True) -> Source:
    """What stands behind the words of a command line.

    Args:
        words: pictures, folders of them, shards (parquet, or tar as of WebDataset), folders of
            shards; on disks, or in one store such as s3://.
        note: is told what is left out of a folder, in one line.
        recursive: whether to go down into subfolders.

    Raises:
        ConfigurationError: there are no pictures, or the words are of several kinds.
    """
    place = place_of(words[0])
    if len({is_uri(word) and word.partition("://")[0] for word in words}) > 1:
        raise ConfigurationError("name pictures on disks, or in one store: not both in one run")
    paths: list[str] = []
    for word in words:
        files, left_out = place.files(word, recursive)
        paths += files
        if left_out:
            note(f"left out: {left_out}")
    shards = list(filter(is_shard, paths))
    if not shards:
        return Source(place, paths)
    if len(shards) < len(paths):
        raise ConfigurationError("name pictures, or shards of pictures: not both in one run")
    columns = [path_column(place, shard) for shard in shards]
    if None in columns:
        return Source(place, list(dict.fromkeys(shards)), sharded=True)
    listed = [path for column in columns for path in column or ()]
    return Source(place_of(listed[0]), listed)
