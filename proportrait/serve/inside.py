"""Files of a folder that was named at the start: nothing outside it is read."""

from __future__ import annotations

import os
from pathlib import Path

from proportrait.errors import ImageError

OUTSIDE = "a link to a file outside the folder"


def is_inside(folder: Path, path: Path) -> bool:
    """Whether a file lies in a folder, which is resolved, also when links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(folder)


def check_inside(folder: Path, path: Path) -> None:
    """Refuse a file that lies outside a folder.

    Raises:
        ImageError: it does.
    """
    if not is_inside(folder, path):
        raise ImageError(OUTSIDE)
