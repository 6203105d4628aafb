"""What the pages of tastes are opened for."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from proportrait.serve.inside import check_apart, checked_folders


@dataclass(frozen=True)
class TastePlaces:
    """Folders and limits of the pages.

    Attributes:
        photos: folders of pictures, resolved; nothing outside them is read.
        exports: folder below which copies are made, resolved; None: none are made.
        rater: name of whoever labels at first.
        labels: the file with the labels; None for that in the user's data directory.
        workers: processes that compute features, at least 1.
        drawers: processes that draw pictures for the pages, at least 1.
    """

    photos: tuple[Path, ...]
    exports: Path | None
    rater: str
    labels: Path | None = None
    workers: int = 1
    drawers: int = 2


def taste_places(
    photos: Iterable[Path],
    exports: Path | None,
    workers: int,
    labels: Path | None = None,
    rater: str | None = None,
) -> TastePlaces:
    """The places that somebody named; without a rater the login of whoever starts the server.

    Raises:
        ConfigurationError: one of the photos is no folder, or exports or labels lie in one.
    """
    folders = checked_folders(photos)
    if exports is not None:
        check_apart(exports, folders, "copies", "--exports")
        exports = Path(os.path.realpath(exports))
    if labels is not None:
        check_apart(labels, folders, "the labels", "--labels")
    return TastePlaces(folders, exports, rater or _login(), labels, workers)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # of a container whose user has no name
        return "me"
