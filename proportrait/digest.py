"""Versions that follow from the code: what was made by other code can be told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

_NO_PART = ("__pycache__", "README.md")


def code_digest(places: Iterable[str], libraries: Iterable[str], weights: Iterable[str]) -> str:
    """A hash of code, data, libraries, and weights: 16 hex digits.

    A change of a comment counts too: nobody has to remember to raise a number.

    Args:
        places: files and folders of the package, "tone.py" or "edit"; of folders every file.
        libraries: names of installed distributions, whose versions count.
        weights: SHA-256 of weight files, in hex.
    """
    digest = hashlib.sha256()
    for name in places:
        for file in _files(files("proportrait").joinpath(*name.split("/"))):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for weight in weights:
        digest.update(weight.encode())
    for library in libraries:
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()[:16]


def _files(place: Traversable) -> Iterator[Traversable]:
    """A file itself, or all files of a folder, by name."""
    if place.is_file():
        yield place
        return
    for inner in sorted(place.iterdir(), key=lambda file: file.name):
        if inner.name not in _NO_PART:
            yield from _files(inner)
