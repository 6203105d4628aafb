"""Portraits of a data set of the Hugging Face Hub, streamed, or of a local data set."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait import imaging
from proportrait.errors import ConfigurationError, CorruptImageError, FatalError, UnreachableError
from proportrait.generate.base import Portrait
from proportrait.generate.sources.names import DEFAULT_DATASET, fingerprint, slug

_INSTEAD = "--source stylegan needs no network, --source folder takes your own pictures"


@dataclass(frozen=True)
class HubItem:
    """A row of a data set, decoded when it is opened (see `base.SourceItem`).

    `data` holds the encoded picture where the row carries it; else `location` says where it is: a
    path, or an address such as hf://datasets/owner/name@revision/00001.png.
    """

    source_id: str
    stem: str
    filename: str
    data: bytes | None
    location: str | None

    def open(self) -> Portrait:
        """
        Raises:
            ImageError: the picture is absent, corrupt, or too small.
            UnreachableError: the network failed.
        """
        data = self.data if self.data is not None else self._fetch()
        return Portrait(self.source_id, imaging.decode(data, longest=None))

    def _fetch(self) -> bytes:
        if self.location is None:
            raise CorruptImageError(f"{self.filename}: the row holds no picture")
        import fsspec  # type: ignore[import-untyped]

        try:
            with fsspec.open(self.location, "rb") as file:
                data: bytes = file.read()
                return data
        except Exception as error:  # whatever a file system of fsspec or its HTTP client raises
            message = f"{self.filename} cannot be read: {_first_line(error)}"
            remote = re.search(r"(hf|https?)://", self.location)
            if remote and not isinstance(error, FileNotFoundError):
                raise UnreachableError(message) from error
            raise CorruptImageError(message) from error


class HubSource:
    """The pictures of one split, in the order of the data set, never decoded by `datasets`.

    A source_id is `hf:{dataset}/{split}/{path of the picture}`; a part of the sha256 of the bytes
    stands for the path where a row has none. Where a path is repeated (some data sets keep only
    base names) a part of that hash follows it, and a count if the bytes are repeated too.

    A local folder or file can be renamed and moved, so its name identifies nothing: its source_id
    is `hf:local/{split}/{path}#{fingerprint of the content}`.
    """

    name = "hf"

    def __init__(
        self,
        dataset: str = DEFAULT_DATASET,
        split: str = "train",
        image_column: str | None = None,
    ) -> None:
        """Name the data set; nothing is opened before the first item is asked for.

        Args:
            dataset: name on the Hub, or path of an imagefolder or of parquet (a file or a folder).
            split: the split of it.
            image_column: the column with the pictures; None finds it by its type.

        Raises:
            ConfigurationError: `dataset` reads as a path, and nothing is there.
        """
        self.dataset = dataset
        self.split = split
        self.image_column = image_column
        path = Path(dataset).expanduser()
        self._local = path.resolve() if path.exists() else None
        if self._local is None and (re.match(r"[.~/\\]", dataset) or dataset.count("/") > 1):
            raise ConfigurationError(
                f"--hf_dataset {dataset} does not exist: name a folder or a parquet file, or a "
                f"data set of the Hub such as {DEFAULT_DATASET}"
            )

    def __iter__(self) -> Iterator[HubItem]:
        """
        Raises:
            ConfigurationError: the data set cannot be opened, or has no such split or column.
            FatalError: the stream broke off; what was made so far stays, a new run goes on.
        """
        repeats: Counter[str] = Counter()
        for index, value in enumerate(self._values(*self._open())):
            yield self._item(index, value, repeats)

    def _open(self) -> tuple[Any, str]:
        """The streamed data set, and the name of its only remaining column."""
        import datasets

        try:
            if self._local is not None and self._local.is_file():
                rows = datasets.load_dataset(
                    "parquet",
                    data_files={self.split: str(self._local)},
                    split=self.split,
                    streaming=True,
                )
            else:
                name = self.dataset if self._local is None else str(self._local)
                rows = datasets.load_dataset(name, split=self.split, streaming=True)
            features = rows.features
        except Exception as error:  # of datasets, its readers, the Hub's client, or the network
            raise ConfigurationError(self._cannot_open(error)) from error
        column = find_image_column(features or {}, self.image_column, self.dataset)
        # A picture that `datasets` fails to decode would end the whole stream. For data sets of
        # the Hub it adds a decoding step, which `decode(False)` removes and a cast would not.
        rows = rows.decode(False).select_columns([column])
        rows = rows.cast_column(column, datasets.Image(decode=False))
        return rows, column

    def _cannot_open(self, error: Exception) -> str:
        import datasets

        start = f"the data set {self.dataset!r} cannot be opened: "
        if self._local is not None or isinstance(error, ValueError):
            return start + _first_line(error)
        if isinstance(error, datasets.exceptions.DatasetNotFoundError):
            return (
                f"{start}it does not exist on the Hub, or is private or gated. Check --hf_dataset, "
                f"or accept its terms on the Hub and set HF_TOKEN; {_INSTEAD}"
            )
        if datasets.config.HF_HUB_OFFLINE:
            return f"{start}HF_HUB_OFFLINE is set. Unset it to use the network; {_INSTEAD}"
        return f"{start}{_first_line(error)}. Check the connection; {_INSTEAD}"

    def _values(self, rows: Any, column: str) -> Iterator[Mapping[str, Any] | None]:
        count = 0
        stream = iter(rows)
        while True:
            try:
                row = next(stream)
            except StopIteration:
                break
            except Exception as error:  # as in `_open`
                raise FatalError(
                    f"the data set {self.dataset!r} broke off after {count} rows: "
                    f"{_first_line(error)}. Run the same command again to go on; if it breaks at "
                    f"the same row, the data set is damaged there"
                ) from error
            count += 1
            yield row[column]
        if not count:
            raise ConfigurationError(
                f"the split {self.split!r} of the data set {self.dataset!r} has no rows"
            )

    def _item(self, index: int, value: Mapping[str, Any] | None, repeats: Counter[str]) -> HubItem:
        data: bytes | None = value["bytes"] if value else None
        location: str | None = value["path"] if value else None
        path = item_path(location, self._local) if location else None
        content = "absent"
        if data is not None:
            content = hashlib.sha256(data).hexdigest()[:16]
        elif self._local is not None and location:
            content = fingerprint(Path(location.split("::")[-1]))
        key = path or content
        if self._local is not None and path:
            key = f"{path}#{content}"
        repeats[key] += 1
        if repeats[key] > 1:
            key = f"{key}~{content}"
            repeats[key] += 1
            if repeats[key] > 1:
                key = f"{key}~{repeats[key]}"
        owner = self.dataset if self._local is None else "local"
        stem = self._stem(index)
        return HubItem(f"hf:{owner}/{self.split}/{key}", stem, path or stem, data, location)

    def _stem(self, index: int) -> str:
        last = (self._local or Path(self.dataset)).name
        return f"{'ffhq' if 'ffhq' in last.lower() else slug(last)}_{index:05d}"


def find_image_column(features: Mapping[str, Any], wanted: str | None, dataset: str) -> str:
    """The column with pictures: that of type Image, else that of encoded bytes.

    Raises:
        ConfigurationError: no column or several fit, or `wanted` does not; lists the columns.
    """
    import datasets

    columns = ", ".join(features) or "none that it declares"
    typed = [name for name, f in features.items() if isinstance(f, datasets.Image)]
    encoded = [name for name, f in features.items() if _holds_bytes(f)]
    if wanted is not None:
        if wanted in (*typed, *encoded):
            return wanted
        raise ConfigurationError(
            f"the data set {dataset!r} has no column {wanted!r} with pictures; "
            f"its columns are: {columns}"
        )
    fitting = typed or encoded
    if len(fitting) == 1:
        return fitting[0]
    which = f"several picture columns ({', '.join(fitting)})" if fitting else "no picture column"
    raise ConfigurationError(
        f"the data set {dataset!r} has {which}; its columns are: {columns}. "
        f"Name another data set with --hf_dataset"
    )


def _holds_bytes(feature: Any) -> bool:
    if isinstance(feature, Mapping):
        return "bytes" in feature
    return getattr(feature, "dtype", None) in ("binary", "large_binary")


def item_path(location: str, root: Path | None = None) -> str:
    """The path of a picture within its data set, without what changes between revisions or moves.

    >>> item_path("zip://a/1.png::hf://datasets/owner/name@5f3c/data.zip")
    'data.zip/a/1.png'
    """
    parts = []
    for part in reversed(location.split("::")):
        name = re.sub(r"^hf://datasets/[^@]+@[^/]+/", "", part)
        name = re.sub(r"^[a-z0-9+]+://", "", name)
        if root is not None and Path(name).is_relative_to(root):
            name = Path(name).relative_to(root).as_posix()
        parts.append(name)
    return "/".join(parts)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(". ") if lines else type(error).__name__
