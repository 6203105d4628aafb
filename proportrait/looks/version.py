"""The version of the code that takes looks: a look of another version is taken again."""

from __future__ import annotations

from functools import cache

from proportrait.digest import code_digest
from proportrait.networks.assets import ASSETS

_ROOMS = ("arrays.py", "faces", "imaging", "looks", "measures", "networks", "tone.py")
_LIBRARIES = ("numpy", "opencv-python-headless", "openvino", "pillow", "pillow-heif")


@cache
def version() -> str:
    """A hash of the code, weights, and libraries that a look depends on: 16 hex digits."""
    return code_digest(_ROOMS, _LIBRARIES, (asset.sha256 for asset in ASSETS.values()))
