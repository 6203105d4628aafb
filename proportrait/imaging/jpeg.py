"""JPEG files that stop before their end marker: whether the picture is there all the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import PIL.Image
from PIL import ImageChops

from proportrait.errors import CorruptImageError

REMARK = "the end of the file is missing, but not of the picture"

_END = b"\xff\xd9"
_FILLER = bytes(range(1, 65))
_FLAT = 2  # of 255
_LAST_ROWS = 24  # px: the last row of blocks (16), and how far smoothing carries it up
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # neither stuffing nor a restart
_ALL = frozenset(range(64))  # coefficients of a block


# Decodes bytes to a picture and its scale: px of the file for one px of it.
Load = Callable[[bytes], tuple[PIL.Image.Image, int]]


def without_end(data: bytes, load: Load) -> tuple[PIL.Image.Image, int]:
    """What `load` gives of a JPEG file without an end marker; at most the last blocks are missing.

    Raises:
        CorruptImageError: more is missing.
    """
    body = _whole_scans(data.rstrip(b"\0"))
    image, scale = load(body + _END)
    _check_rows(image, scale, body, load)
    return image, scale


def check_end(data: bytes, image: PIL.Image.Image, scale: int, load: Load) -> None:
    """Look whether some program has put an end marker to a part of a picture.

    The rest of such a picture has one value, and only then is it looked at.

    Args:
        data: the bytes of a file with an end marker.
        image, scale: what `load` gave of them.

    Raises:
        CorruptImageError: more than the last blocks are missing.
    """
    row = image.crop((0, image.height - 1, *image.size)).convert("L")
    if np.ptp(np.asarray(row)) <= _FLAT:
        # Zeros before the marker are of the scan: where tables are made for the picture, an area of
        # one colour is written in zeros, and one that fills its last byte has no ones behind it.
        end = data.rfind(_END)
        _check_rows(
            image, scale, _whole_scans(data[:end] if end >= 0 else data.rstrip(b"\0")), load
        )


def _whole_scans(body: bytes) -> bytes:
    """A file up to its end marker, without the zeros that fill up a copy that was broken off.

    A byte of ones in a scan is followed by a zero. A progressive file has to hold every scan.

    Raises:
        CorruptImageError: a scan is missing.
    """
    body += b"\0" if body.endswith(b"\xff") else b""
    if not _holds_every_scan(body):
        raise CorruptImageError("the picture is damaged: its file is truncated; copy it again")
    return body


def _check_rows(image: PIL.Image.Image, scale: int, body: bytes, load: Load) -> None:
    """Compare with what other bytes before the end marker give.

    A decoder shows what is missing as grey, which may as well be the picture. But where the picture
    is whole nobody reads those bytes, else they change it from the first missing block on.
    """
    filled, _ = load(body + _FILLER + _END)
    changed = ImageChops.difference(image, filled).getbbox()
    whole = image.height if changed is None else changed[1]
    if (image.height - whole) * scale > _LAST_ROWS:
        raise CorruptImageError(
            f"the picture is damaged: its file is truncated, {whole / image.height:.0%} of its "
            f"rows are there; copy it again"
        )


def _holds_every_scan(data: bytes) -> bool:
    """Whether scans for all coefficients of all components have begun, at full precision."""
    known: dict[int, set[int]] = {}
    position = 2
    while marker := _MARKER.search(data, position):
        start = marker.end() + 2
        position = marker.end() + int.from_bytes(data[marker.end() : start], "big")
        body = data[start:position]
        if position > len(data):
            break
        kind = marker[1][0]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # the frame
            known = {component: set() for component in body[6::3][: body[5]]}
        elif kind == 0xDA:  # a scan: its components, its band of coefficients, their precision
            count = body[0]
            first, last, precision = body[1 + 2 * count : 4 + 2 * count]
            for component in body[1 : 1 + 2 * count : 2]:
                if precision & 15 == 0 and component in known:
                    known[component].update(range(first, last + 1))
    return bool(known) and all(coefficients >= _ALL for coefficients in known.values())
