"""What the page of ranking is opened for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proportrait.arrays import Float
from proportrait.rank.describe import SMALLEST, version
from proportrait.rank.index import index_path
from proportrait.rank.weights import Kind, Weights
from proportrait.serve.inside import check_apart, checked_folders


@dataclass(frozen=True, eq=False)
class Start:
    """With whom and how a page begins.

    Attributes:
        purpose: of the weights.
        weights: by kind.
        similarity: [0, 1], from which on it is the same person.
        top: how many of the best are taken away.
        people: (R, D + 1) embeddings of references.
        names: of the references.
        person: or a person as `proportrait people` numbers them.
        taste: name of one that counts, or "".
    """

    purpose: str
    weights: Mapping[Kind, Weights]
    similarity: float
    top: int
    people: Sequence[Float] = ()
    names: Sequence[str] = ()
    person: int | None = None
    taste: str = ""


@dataclass(frozen=True)
class Places:
    """Folders and limits of a page.

    Attributes:
        photos: folders of photos, resolved; nothing outside them is read.
        exports: folder below which copies are made, resolved; None: none are made.
        index: file of the index.
        version: of its entries.
        smallest: px from forehead to chin of a face that counts.
        workers: processes that index, at least 1.
        drawers: processes that draw pictures for the page, at least 1.
        start: with whom the page begins; None: whoever opens it chooses.
    """

    photos: tuple[Path, ...]
    exports: Path | None
    index: Path
    version: str
    smallest: float = SMALLEST
    workers: int = 1
    drawers: int = 2
    start: Start | None = None


def checked_places(
    photos: list[Path], exports: Path | None, index: Path | None, workers: int
) -> Places:
    """The places that somebody named.

    Raises:
        ConfigurationError: one of the photos is no folder, or exports or the index lie in one.
    """
    folders = checked_folders(photos)
    file = index_path() if index is None else index
    check_apart(file, folders, "the index", "--index")
    if exports is not None:
        check_apart(exports, folders, "copies", "--exports")
        exports = Path(os.path.realpath(exports))
    return Places(folders, exports, file, version(), workers=workers)
