"""ICC profiles, built byte by byte (ICC.1:2010 with the tags of version 2)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

# Red, green, and blue of light, as XYZ adapted to D50, and the exponent of their curve.
DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(primaries: Sequence[Sequence[float]], gamma: float | None) -> bytes:
    """A gamma of None is the curve of sRGB."""
    tags = {
        f"{name}XYZ".encode(): _xyz(value) for name, value in zip("rgb", primaries, strict=True)
    }
    return _profile(
        b"mntr", b"RGB ", tags | {f"{name}TRC".encode(): _curve(gamma) for name in "rgb"}
    )


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", {b"kTRC": _curve(gamma)})


def cmyk_profile() -> bytes:
    """Each ink takes 25 from L*, and colours nothing: a table of two points a side."""
    corners = [bin(number).count("1") for number in range(16)]
    table = bytes(v for inks in corners for v in (round(255 * (1 - inks / 4)), 128, 128))
    line = bytes(range(256))
    matrix = b"".join(_fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + line * 4 + table + line * 3
    return _profile(b"prtr", b"CMYK", {b"A2B0": lut, b"A2B1": lut}, b"Lab ")


def _profile(kind: bytes, space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    tags = {b"desc": _description(), b"cprt": b"text" + bytes(4) + b"none\0"} | tags
    tags |= {b"wtpt": _xyz(D50)}
    position, index, bodies = 128 + 4 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        body += bytes(-len(body) % 4)
        index += name + struct.pack(">II", position + len(bodies), len(body))
        bodies += body
    head = struct.pack(">I4sI", position + len(bodies), bytes(4), 0x02400000) + kind + space + pcs
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += b"".join(map(_fixed, D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + bodies


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def _curve(gamma: float | None) -> bytes:
    if gamma is None:  # ((x + 0.055) / 1.055)^2.4, and below 0.04045 x / 12.92
        steps = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
        return b"para" + bytes(4) + struct.pack(">HH", 3, 0) + b"".join(map(_fixed, steps))
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def _description() -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(4 + 4 + 2 + 1 + 67)
