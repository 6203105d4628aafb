"""The version of the code that takes looks: a look of another version is taken again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version as package_version
from importlib.resources import files
from importlib.resources.abc import Traversable

from proportrait.networks.assets import ASSETS

# What a look depends on; a change of a comment counts too, since nobody has to remember anything.
_ROOMS = ("arrays.py", "faces", "imaging", "looks", "measures", "networks", "tone.py")
_LIBRARIES = ("numpy", "opencv-python-headless", "openvino", "pillow", "pillow-heif")


@cache
def version() -> str:
    """A hash of the code, weights, and libraries that a look depends on: 16 hex digits."""
    digest = hashlib.sha256()
    for name in _ROOMS:
        for source in _sources(files("proportrait").joinpath(name)):
            digest.update(source.name.encode() + source.read_bytes())
    for asset in ASSETS.values():
        digest.update(asset.sha256.encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {package_version(library)}".encode())
    return digest.hexdigest()[:16]


def _sources(place: Traversable) -> Iterator[Traversable]:
    """The Python files of a room, by name."""
    if place.is_file():
        yield from [place] if place.name.endswith(".py") else []
        return
    for inner in sorted(place.iterdir(), key=lambda file: file.name):
        if inner.name != "__pycache__":
            yield from _sources(inner)
