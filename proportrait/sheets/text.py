"""Text that fits its place and is drawn alike on every machine."""

from __future__ import annotations

import bisect
import functools
import math
import unicodedata
from pathlib import Path

from PIL import ImageFont

from proportrait.commandline import printable

_JOINTS = (" ", "_/\\-")  # a line ends after one of these; a space is better


def drawable(text: str) -> str:
    """A printable text, with escapes such as \\u7167 for what the font lacks too."""
    text = printable(unicodedata.normalize("NFC", text))
    return "".join(c if ord(c) in _charmap() else _escape(c) for c in text)


def fitted(
    text: str, font: ImageFont.FreeTypeFont, width: int, most: int, middle: bool = False
) -> list[str]:
    """A drawable text as at most `most` lines of `width` px.

    An ellipsis stands for what is left out: of the middle, or else of the end.
    """
    text = drawable(text)
    most_letters = width * most // 3  # letters are wider than 3 px
    if len(text) <= most_letters and len(lines := _wrapped(text, font, width)) <= most:
        return lines
    fits, too_long = 0, min(len(text), most_letters + 1)
    while too_long - fits > 1:
        length = (fits + too_long) // 2
        if len(_wrapped(_shortened(text, length, middle), font, width)) > most:
            too_long = length
        else:
            fits = length
    return _wrapped(_shortened(text, fits, middle), font, width)


@functools.cache
def font_of(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of all sheets; `size` in px."""
    # The other layout engine depends on what a machine has installed.
    return ImageFont.truetype(_file(bold), size, layout_engine=ImageFont.Layout.BASIC)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _shortened(text: str, length: int, middle: bool) -> str:
    if length >= len(text):
        return text
    tail = length // 2 if middle else 0
    return f"{text[: length - tail]}…{text[len(text) - tail :]}"


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = []
    while text:
        end = _line_end(text, max(1, _letters_that_fit(text, font, width)))
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return lines


def _letters_that_fit(text: str, font: ImageFont.FreeTypeFont, width: int) -> int:
    return bisect.bisect_right(
        range(1, len(text) + 1), width, key=lambda n: math.ceil(font.getlength(text[:n]))
    )


def _line_end(text: str, fits: int) -> int:
    if fits == len(text) or text[fits] == " ":
        return fits
    for joints in _JOINTS:
        last = max(text.rfind(joint, 1, fits) for joint in joints)
        if last > 0:
            return last + 1
    return fits


@functools.cache
def _charmap() -> frozenset[int]:
    """Code points that the font draws, plain and bold."""
    from matplotlib.ft2font import FT2Font

    plain, bold = (frozenset(FT2Font(_file(bold)).get_charmap()) for bold in (False, True))
    return plain & bold


def _file(bold: bool) -> str:
    """DejaVu Sans, which comes with matplotlib: Latin, Greek, Cyrillic, and more."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", name))
