"""The one contact sheet: pictures with what is said of them, in one set of colours.

A sheet is a stack of parts: title, note, headings, rows of tiles. A tile is a stack too: picture,
flags, bars, lines, name. No part is wider than its place, so nothing runs into its neighbour.
"""

from __future__ import annotations

import io
import itertools
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import PIL.Image
from PIL import ImageDraw, PngImagePlugin

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.commandline import printable
from proportrait.disk import disk_errors, replace_file
from proportrait.errors import ImageError, StoreError
from proportrait.sheets.text import fitted, font_of

GOOD, BAD, UNKNOWN, TEXT = "#26804a", "#be2d2d", "#737373", "#282828"
BORDER = "#8c8c8c"  # parts a black picture from its own black, and a white one from the page
COLUMNS, PER_PAGE = 6, 60

_PAPER, _MAT, _GROOVE = "#fafafa", "#e6e6e6", "#dcdcdc"
_WIDTH, _LINE, _MARGIN, _GAP = 300, 2, 20, 16  # px, of a tile, its border, a page, between tiles
_SIDE = _WIDTH - 2 * _LINE
_SMALL, _BODY, _HEADING, _TITLE = 13, 14, 18, 24  # sizes of text, px
_ROW, _FLAGS_A_ROW = 22, 3
_FAST = {"compress_level": 1, "compress_type": zlib.Z_RLE}  # 4 times as fast, 6 % larger
_MARK = b"ProPortrait-Gen contact sheet"  # in every page, which tells it from other files

Item = TypeVar("Item")


class Bar(NamedTuple):
    """A row of name, bar, and text; `share` of the bar's length is filled, [0, 1]."""

    name: str
    share: float
    text: str
    colour: str


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture with what is said of it, drawn from top to bottom in this order.

    Attributes:
        picture: RGB uint8 (H, W, 3), drawn smaller if it is large; or why there is none.
        flags: words on coloured fields, three a row: (text, colour).
        bars: rows with a bar.
        lines: sentences, which end with an ellipsis where they are too long: (text, colour).
        name: of the file; what is too long is left out of its middle.
        border: colour of the picture's edge.
    """

    picture: Image | str
    flags: Sequence[tuple[str, str]] = ()
    bars: Sequence[Bar] = ()
    lines: Sequence[tuple[str, str]] = ()
    name: str = ""
    border: str = BORDER


def thumbnail(path: str | Path, side: int = _SIDE) -> Image | str:
    """A picture file as RGB uint8, or why it cannot be read.

    Args:
        side: px of the longer side at most; default: the size of a tile.
    """
    try:
        return _shrunk(imaging.read(path, min_side=1, longest=side), side)
    except ImageError as error:
        return str(error).removeprefix(printable(path)).lstrip(": ")


def draw(
    title: str, sections: Mapping[str, Sequence[Tile]], note: str = "", columns: int = COLUMNS
) -> PIL.Image.Image:
    """One page.

    Args:
        title: what one looks at.
        sections: heading (or "") -> tiles.
        note: how to read it.
        columns: the most tiles in a row.
    """
    widest = max(1, min(columns, max(map(len, sections.values()), default=0)))
    width = widest * (_WIDTH + _GAP) - _GAP
    parts = [_text(title, TEXT, _TITLE, width, bold=True), _text(note, UNKNOWN, _BODY, width)]
    for heading, tiles in sections.items():
        if heading:
            above = _blank(1, _GAP // 2)  # more than below it
            parts += [above, _text(heading, TEXT, _HEADING, width, bold=True)]
        parts += [_row(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
        if not tiles:
            parts.append(_text("none", UNKNOWN, _BODY, width))
    inside = _stacked(parts, _GAP)
    page = PIL.Image.new(
        "RGB", (max(width, inside.width) + 2 * _MARGIN, inside.height + 2 * _MARGIN), _PAPER
    )
    page.paste(inside, (_MARGIN, _MARGIN))
    return page


def save(
    path: Path,
    title: str,
    items: Sequence[Item],
    tile: Callable[[Item], Tile],
    note: str = "",
    per_page: int = PER_PAGE,
) -> list[Path]:
    """Write PNGs of at most `per_page` tiles: sheet.png, sheet-2.png, ...; returns them.

    Tiles are made as their page is drawn, so that memory does not grow with the items. Further
    pages that a longer sheet left here before are removed. Equal tiles give equal bytes.

    Raises:
        StoreError: a page cannot be written, or another file stands where page 2, ... belongs.
    """
    starts = range(0, len(items), per_page)
    pages = [_page_path(path, number) for number in range(1, len(starts) + 1)]
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", _MARK)
    with disk_errors(path):
        for page in pages[1:]:
            if page.exists() and not is_sheet(page):
                raise StoreError(f"{page} is no contact sheet and stays: name another file")
        for number, (page, start) in enumerate(zip(pages, starts, strict=True), 1):
            heading = title if len(pages) == 1 else f"{title} (page {number} of {len(pages)})"
            data = io.BytesIO()
            tiles = [tile(item) for item in items[start : start + per_page]]
            draw(heading, {"": tiles}, note).save(data, "PNG", pnginfo=info, **_FAST)
            replace_file(page, data.getvalue())
        older = (_page_path(path, number) for number in itertools.count(max(2, len(pages) + 1)))
        for page in itertools.takewhile(is_sheet, older):
            page.unlink()
    return pages


def listing(pages: Sequence[Path]) -> str:
    """The pages of a sheet in words."""
    if len(pages) == 1:
        return printable(pages[0])
    return f"{printable(pages[0])} to {printable(pages[-1].name)} ({len(pages)} pages)"


def _page_path(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def is_sheet(path: Path) -> bool:
    """Whether a file is a page that `save` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _MARK in file.read(128)


# --- parts


def _row(tiles: Sequence[Tile]) -> PIL.Image.Image:
    drawn = [_tile(tile) for tile in tiles]
    step = _WIDTH + _GAP
    row = _blank(len(drawn) * step - _GAP, max(tile.height for tile in drawn))
    for place, tile in enumerate(drawn):
        row.paste(tile, (place * step, 0))
    return row


def _tile(tile: Tile) -> PIL.Image.Image:
    return _stacked(
        [
            _picture(tile.picture, tile.border),
            _flags(tile.flags),
            _bars(tile.bars),
            *(_text(text, colour, _BODY, _WIDTH) for text, colour in tile.lines),
            _text(tile.name, UNKNOWN, _BODY, _WIDTH, most=3, middle=True),
        ],
        gap=6,
    )


def _picture(picture: Image | str, border: str) -> PIL.Image.Image:
    square = _blank(_WIDTH, _WIDTH, _MAT)
    if isinstance(picture, str):
        inside = _text(picture, TEXT, _BODY, _WIDTH - 2 * _GAP, most=12, ground=_MAT)
    else:
        inside = PIL.Image.fromarray(_shrunk(picture))
    left, top = (_WIDTH - inside.width) // 2, (_WIDTH - inside.height) // 2
    square.paste(inside, (left, top))
    if not isinstance(picture, str):
        edge = (left - _LINE, top - _LINE, left + inside.width + 1, top + inside.height + 1)
        ImageDraw.Draw(square).rectangle(edge, outline=border, width=_LINE)
    return square


def _flags(flags: Sequence[tuple[str, str]]) -> PIL.Image.Image:
    gap = 3
    wide = (_WIDTH + gap) // _FLAGS_A_ROW - gap
    rows = -(-len(flags) // _FLAGS_A_ROW)
    part = _blank(_WIDTH, max(0, rows * (_ROW + gap) - gap))
    pen, font = ImageDraw.Draw(part), font_of(_SMALL)
    for number, (text, colour) in enumerate(flags):
        row, column = divmod(number, _FLAGS_A_ROW)
        left, top = column * (wide + gap), row * (_ROW + gap)
        pen.rectangle((left, top, left + wide - 1, top + _ROW - 1), fill=colour)
        (word,) = fitted(text, font, wide - 4, most=1)
        pen.text((left + wide / 2, top + _ROW / 2), word, "white", font, anchor="mm")
    return part


def _bars(bars: Sequence[Bar]) -> PIL.Image.Image:
    part = _blank(_WIDTH, len(bars) * _ROW)
    pen, font = ImageDraw.Draw(part), font_of(_SMALL)
    start, end, text = 84, 176, 184  # px from the left: of the bar, and of the text behind it
    for number, bar in enumerate(bars):
        top, middle = number * _ROW, (number + 0.5) * _ROW
        full = start + round((end - start) * min(1.0, max(0.0, bar.share)))
        pen.rectangle((start, top + 5, end, top + _ROW - 6), fill=_GROOVE)
        pen.rectangle((start, top + 5, full, top + _ROW - 6), fill=bar.colour)
        for left, room, words, colour in (
            (0, start - 6, bar.name, TEXT),
            (text, _WIDTH - text, bar.text, bar.colour),
        ):
            (word,) = fitted(words, font, room, most=1)
            pen.text((left, middle), word, colour, font, anchor="lm")
    return part


def _text(
    text: str,
    colour: str,
    size: int,
    width: int,
    *,
    most: int = 4,
    middle: bool = False,
    bold: bool = False,
    ground: str = _PAPER,
) -> PIL.Image.Image:
    font, high = font_of(size, bold), round(size * 1.35)
    lines = fitted(text, font, width, most, middle)
    part = _blank(width, len(lines) * high, ground)
    pen = ImageDraw.Draw(part)
    for number, line in enumerate(lines):
        pen.text((0, number * high), line, colour, font)
    return part


def _stacked(parts: Sequence[PIL.Image.Image], gap: int) -> PIL.Image.Image:
    parts = [part for part in parts if part.height]
    height = sum(part.height + gap for part in parts) - gap
    stack = _blank(max((part.width for part in parts), default=1), max(1, height))
    top = 0
    for part in parts:
        stack.paste(part, (0, top))
        top += part.height + gap
    return stack


def _blank(width: int, height: int, ground: str = _PAPER) -> PIL.Image.Image:
    return PIL.Image.new("RGB", (width, height), ground)


def _shrunk(image: Image, side: int = _SIDE) -> Image:
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    return imaging.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))))
