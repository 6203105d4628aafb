"""The one contact sheet: pictures with what is said of them, in one set of colours.

A sheet is a stack of parts: title, note, headings, rows of tiles. A tile is a stack too: picture,
flags, bars, lines, gauges, notes, tiles, name. No part is wider than its place, so nothing runs
into its neighbour.
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
WIDTH, GAP, LINE = 300, 16, 2  # px, of a tile, between tiles, of a picture's border
_MARGIN = 20  # px, of a page
_SIDE = WIDTH - 2 * LINE
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


class Gauge(NamedTuple):
    """A value beside its acceptable range.

    Attributes:
        low, high: of the range, in shares of the bar's length, [0, 1].
        value: likewise.
        text: the same in words.
    """

    low: float
    high: float
    value: float
    text: str


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture with what is said of it, drawn from top to bottom in this order.

    Attributes:
        picture: RGB uint8 (H, W, 3), drawn smaller if it is large; or why there is none; "" for a
            tile without one.
        flags: words on coloured fields, three a row: (text, colour).
        bars: rows with a bar.
        lines: sentences, which end with an ellipsis where they are too long: (text, colour).
        gauges: values beside their acceptable ranges.
        notes: more sentences.
        beneath: tiles in a row below all that.
        name: of the file; what is too long is left out of its middle.
        border: colour of the picture's edge.
        width: px.
    """

    picture: Image | str
    flags: Sequence[tuple[str, str]] = ()
    bars: Sequence[Bar] = ()
    lines: Sequence[tuple[str, str]] = ()
    gauges: Sequence[Gauge] = ()
    notes: Sequence[tuple[str, str]] = ()
    beneath: Sequence[Tile] = ()
    name: str = ""
    border: str = BORDER
    width: int = WIDTH


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
    rows = [
        tiles[start : start + columns]
        for tiles in sections.values()
        for start in range(0, len(tiles), columns)
    ]
    width = max((_width(row) for row in rows), default=WIDTH)
    parts = [_text(title, TEXT, _TITLE, width, bold=True), _text(note, UNKNOWN, _BODY, width)]
    for heading, tiles in sections.items():
        if heading:
            above = _blank(1, GAP // 2)  # more than below it
            parts += [above, _text(heading, TEXT, _HEADING, width, bold=True)]
        parts += [_row(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
        if not tiles:
            parts.append(_text("none", UNKNOWN, _BODY, width))
    inside = _stacked(parts, GAP)
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
    with disk_errors(path):
        for page in pages[1:]:
            if page.exists() and not is_sheet(page):
                raise StoreError(f"{page} is no contact sheet and stays: name another file")
        for number, (page, start) in enumerate(zip(pages, starts, strict=True), 1):
            heading = title if len(pages) == 1 else f"{title} (page {number} of {len(pages)})"
            tiles = [tile(item) for item in items[start : start + per_page]]
            replace_file(page, to_png(draw(heading, {"": tiles}, note)))
        older = (_page_path(path, number) for number in itertools.count(max(2, len(pages) + 1)))
        for page in itertools.takewhile(is_sheet, older):
            page.unlink()
    return pages


def to_png(page: PIL.Image.Image) -> bytes:
    """A page as PNG, with the mark by which `is_sheet` knows it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", _MARK)
    data = io.BytesIO()
    page.save(data, "PNG", pnginfo=info, **_FAST)
    return data.getvalue()


def listing(pages: Sequence[Path]) -> str:
    """The pages of a sheet in words."""
    if len(pages) == 1:
        return printable(pages[0])
    return f"{printable(pages[0])} to {printable(pages[-1].name)} ({len(pages)} pages)"


def _page_path(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def is_sheet(path: Path) -> bool:
    """Whether a file is a page that `save` wrote, or one of `to_png`."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _MARK in file.read(128)


# --- parts


def _width(tiles: Sequence[Tile]) -> int:
    """px of a row."""
    return sum(tile.width + GAP for tile in tiles) - GAP


def _row(tiles: Sequence[Tile]) -> PIL.Image.Image:
    drawn = [_tile(tile) for tile in tiles]
    row = _blank(_width(tiles), max(tile.height for tile in drawn))
    left = 0
    for tile, part in zip(tiles, drawn, strict=True):
        row.paste(part, (left, 0))
        left += tile.width + GAP
    return row


def _tile(tile: Tile) -> PIL.Image.Image:
    return _stacked(
        [
            _picture(tile.picture, tile.border, tile.width),
            _flags(tile.flags),
            _bars(tile.bars, tile.width),
            *(_text(text, colour, _BODY, tile.width) for text, colour in tile.lines),
            *(_gauge(gauge, tile.width) for gauge in tile.gauges),
            *(_text(text, colour, _BODY, tile.width) for text, colour in tile.notes),
            *([_blank(1, GAP // 2), _row(tile.beneath)] if tile.beneath else []),
            _text(tile.name, UNKNOWN, _BODY, tile.width, most=3, middle=True),
        ],
        gap=6,
    )


def _picture(picture: Image | str, border: str, width: int) -> PIL.Image.Image:
    if isinstance(picture, str) and not picture:
        return _blank(width, 0)
    square = _blank(width, width, _MAT)
    if isinstance(picture, str):
        inside = _text(picture, TEXT, _BODY, width - 2 * GAP, most=12, ground=_MAT)
    else:
        inside = PIL.Image.fromarray(_shrunk(picture, width - 2 * LINE))
    left, top = (width - inside.width) // 2, (width - inside.height) // 2
    square.paste(inside, (left, top))
    if not isinstance(picture, str):
        edge = (left - LINE, top - LINE, left + inside.width + 1, top + inside.height + 1)
        ImageDraw.Draw(square).rectangle(edge, outline=border, width=LINE)
    return square


def _flags(flags: Sequence[tuple[str, str]]) -> PIL.Image.Image:
    gap = 3
    wide = (WIDTH + gap) // _FLAGS_A_ROW - gap
    rows = -(-len(flags) // _FLAGS_A_ROW)
    part = _blank(WIDTH, max(0, rows * (_ROW + gap) - gap))
    pen, font = ImageDraw.Draw(part), font_of(_SMALL)
    for number, (text, colour) in enumerate(flags):
        row, column = divmod(number, _FLAGS_A_ROW)
        left, top = column * (wide + gap), row * (_ROW + gap)
        pen.rectangle((left, top, left + wide - 1, top + _ROW - 1), fill=colour)
        (word,) = fitted(text, font, wide - 4, most=1)
        pen.text((left + wide / 2, top + _ROW / 2), word, "white", font, anchor="mm")
    return part


def _bars(bars: Sequence[Bar], width: int) -> PIL.Image.Image:
    """Rows of bars, in as many columns as a tile has room for."""
    columns = max(1, (width + GAP) // (WIDTH + GAP))
    rows = -(-len(bars) // columns)
    part = _blank(max(WIDTH, width), rows * _ROW)
    pen, font = ImageDraw.Draw(part), font_of(_SMALL)
    start, end, text = 84, 176, 184  # px from the left: of the bar, and of the text behind it
    for number, bar in enumerate(bars):
        column, row = divmod(number, rows)
        x, top, middle = column * (WIDTH + GAP), row * _ROW, (row + 0.5) * _ROW
        full = x + start + round((end - start) * min(1.0, max(0.0, bar.share)))
        pen.rectangle((x + start, top + 5, x + end, top + _ROW - 6), fill=_GROOVE)
        pen.rectangle((x + start, top + 5, full, top + _ROW - 6), fill=bar.colour)
        for left, room, words, colour in (
            (0, start - 6, bar.name, TEXT),
            (text, WIDTH - text, bar.text, bar.colour),
        ):
            (word,) = fitted(words, font, room, most=1)
            pen.text((x + left, middle), word, colour, font, anchor="lm")
    return part


def _gauge(gauge: Gauge, width: int) -> PIL.Image.Image:
    """A bar with the acceptable range filled, and the value as a stroke through it."""
    bar = _blank(width, _ROW)
    pen = ImageDraw.Draw(bar)
    low, high, value = (
        round(min(1.0, max(0.0, share)) * (width - 1))
        for share in (gauge.low, gauge.high, gauge.value)
    )
    pen.rectangle((0, 7, width - 1, _ROW - 8), fill=_GROOVE)
    pen.rectangle((low, 7, high, _ROW - 8), fill=GOOD)
    left = min(max(value, 3), width - 4)
    pen.rectangle((left - 3, 1, left + 3, _ROW - 2), fill=_PAPER)
    pen.rectangle((left - 1, 2, left + 1, _ROW - 3), fill=TEXT)
    return _stacked([bar, _text(gauge.text, TEXT, _SMALL, width)], gap=0)


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
