"""The contact sheet: tiles, pages, and pictures that are not there."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import ImageColor

from proportrait import imaging, sheets
from proportrait.errors import StoreError
from proportrait.imaging import encode_png
from proportrait.sheets import BAD, BORDER, GOOD, UNKNOWN, Bar, Tile

WIDTH, STEP, MARGIN = 300, 316, 20  # px: of a tile, from tile to tile, of a page
PAPER = (250, 250, 250)


def colour(name: str) -> tuple[int, ...]:
    return ImageColor.getrgb(name)


def flat(value: int, height: int = 512, width: int = 512) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def pixels(page: PIL.Image.Image) -> np.ndarray:
    return np.asarray(page)


def drawn(*tiles: Tile) -> np.ndarray:
    """A page without title: the first tile's picture begins at the margin."""
    return pixels(sheets.draw("", {"": tiles}))


# --- one tile


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((512, 512), (296, 296)),
        ((100, 400), (74, 296)),
        ((5000, 1), (296, 1)),
        ((64, 48), (64, 48)),
    ],
)
def test_a_thumbnail_has_the_shape_of_its_picture(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(flat(9, *size)))
    found = sheets.thumbnail(path)
    assert isinstance(found, np.ndarray)
    assert found.shape == (*expected, 3)


def test_a_missing_or_damaged_picture_is_a_grey_tile_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    (tmp_path / "empty.jpg").touch()
    for name, reason in {
        "gone.jpg": "cannot be read: No such file or directory",
        "damaged.jpg": "the bytes are no picture of a known format",
        "empty.jpg": "the picture is empty (0 bytes)",
    }.items():
        found = sheets.thumbnail(tmp_path / name)
        assert isinstance(found, str)
        assert found.startswith(reason)
        square = drawn(Tile(found))[MARGIN : MARGIN + WIDTH, MARGIN : MARGIN + WIDTH]
        assert (square.max(2) - square.min(2)).max() == 0
        assert np.median(square) == 230
        assert square.min() < 60  # the words


@pytest.mark.parametrize("value", [0, 3, 255])
def test_black_and_white_pictures_have_a_border(value: int) -> None:
    page = drawn(Tile(flat(value)))
    middle = MARGIN + WIDTH // 2
    assert tuple(page[middle, MARGIN]) == colour(BORDER)
    assert tuple(page[middle, MARGIN + WIDTH - 1]) == colour(BORDER)
    assert tuple(page[middle, MARGIN + 2]) == (value,) * 3
    assert tuple(page[middle, MARGIN - 1]) == PAPER
    red = drawn(Tile(flat(value), border=BAD))
    assert tuple(red[MARGIN, middle]) == colour(BAD)


def test_flags_have_their_colours_three_a_row() -> None:
    flags = [(f"word {n}", [GOOD, BAD, UNKNOWN][n % 3]) for n in range(6)]
    page = drawn(Tile(flat(9), flags=flags))
    top = MARGIN + WIDTH + 6
    for number, (_, expected) in enumerate(flags):
        row, column = divmod(number, 3)
        assert tuple(page[top + row * 25, MARGIN + column * 101]) == colour(expected)
        field = page[top + row * 25 :, MARGIN + column * 101 :][:22, :98]
        assert field.min(2).max() > 240  # white letters


def test_a_bar_is_as_long_as_its_share() -> None:
    bars = [Bar("a", share, "b", GOOD) for share in (0.0, 0.25, 1.0)]
    page = drawn(Tile(flat(9), bars=bars))
    for number, bar in enumerate(bars):
        row = page[MARGIN + WIDTH + 6 + number * 22 + 10, MARGIN + 84 : MARGIN + 177]
        green = (row == colour(GOOD)).all(1).sum()
        assert green == round(92 * bar.share) + 1


def test_long_words_stay_in_their_column() -> None:
    long = "Wwwwwwwwww " * 90 + "W" * 300
    tile = Tile(
        long, flags=[(long, GOOD)], bars=[Bar(long, 2.0, long, BAD)], lines=[(long, BAD)], name=long
    )
    page = pixels(sheets.draw(long, {long: [tile, tile, tile]}, long))
    below = page[page.shape[0] // 2 :]
    for gap in (slice(0, MARGIN), slice(MARGIN + WIDTH, STEP + MARGIN), slice(-MARGIN, None)):
        assert (below[:, gap] == PAPER).all()
    assert (page[:, -MARGIN:] == PAPER).all()
    assert page.shape[1] == 3 * STEP - 16 + 2 * MARGIN


# --- a page


def test_a_page_has_its_tiles_in_rows() -> None:
    page = pixels(sheets.draw("", {"": [Tile(flat(n)) for n in range(5)]}, columns=2))
    assert page.shape == (3 * STEP - 16 + 40, 2 * STEP - 16 + 40, 3)
    for number in range(5):
        row, column = divmod(number, 2)
        assert page[MARGIN + row * STEP + 150, MARGIN + column * STEP + 150, 0] == number


def test_title_note_and_headings_are_drawn_above_their_tiles() -> None:
    tile = Tile(flat(9))
    heights = [
        sheets.draw(title, {heading: [tile]}, note).height
        for title, heading, note in (("", "", ""), ("t", "", ""), ("t", "", "n"), ("t", "h", "n"))
    ]
    assert heights == sorted(set(heights))
    assert pixels(sheets.draw("title", {"": [tile]}))[: MARGIN + 32].min() < 60


def test_a_section_without_tiles_says_so() -> None:
    page = pixels(sheets.draw("", {"good": []}))
    assert page.min() < 60
    assert page.shape[1] == WIDTH + 2 * MARGIN


# --- pages


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_many_tiles_fill_pages_that_are_written_one_by_one(tmp_path: Path) -> None:
    there: list[list[str]] = []

    def tile(number: int) -> Tile:
        there.append(sorted(path.name for path in tmp_path.iterdir()))
        return Tile(flat(number), name=str(number))

    pages = sheets.save(tmp_path / "a.png", "numbers", range(5), tile, per_page=2)
    assert [page.name for page in pages] == ["a.png", "a-2.png", "a-3.png"]
    assert there == [[], [], ["a.png"], ["a.png"], ["a-2.png", "a.png"]]
    sizes = [PIL.Image.open(page).size for page in pages]
    assert [width for width, _ in sizes] == [656, 656, 340]
    assert sheets.listing(pages) == f"{tmp_path / 'a.png'} to a-3.png (3 pages)"
    assert sheets.listing(pages[:1]) == str(tmp_path / "a.png")


def test_equal_tiles_give_equal_bytes(tmp_path: Path) -> None:
    tiles = [Tile(flat(n), name=f"é \U0001f984 \udcff {n}", lines=[("x", BAD)]) for n in range(3)]
    found = []
    for _ in range(2):
        sheets.save(tmp_path / "a.png", "t", tiles, lambda tile: tile, per_page=2)
        found.append(files(tmp_path))
    assert found[0] == found[1]
    assert list(sorted(found[0])) == ["a-2.png", "a.png"]


def test_one_picture_is_in_memory_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, most, calls = weakref.WeakValueDictionary[int, np.ndarray](), 0, 0

    def read(path: Path, **options: Any) -> np.ndarray:
        nonlocal most, calls
        calls += 1
        image = flat(50, 1200, 900)
        alive[calls] = image
        most = max(most, len(alive))
        return image

    monkeypatch.setattr(imaging, "read", read)
    paths = [tmp_path / f"{n}.jpg" for n in range(30)]
    sheets.save(
        tmp_path / "a.png", "t", paths, lambda path: Tile(sheets.thumbnail(path)), per_page=12
    )
    assert (calls, most, len(alive)) == (30, 1, 0)


def test_pages_that_a_longer_sheet_left_are_removed_and_no_other_file(tmp_path: Path) -> None:
    def save(count: int) -> None:
        tiles = [Tile(flat(1))] * count
        sheets.save(tmp_path / "a.png", "t", tiles, lambda tile: tile, per_page=1)

    save(4)
    (tmp_path / "a-4.png").write_bytes(encode_png(flat(7)))
    save(1)
    assert sorted(files(tmp_path)) == ["a-4.png", "a.png"]
    before = files(tmp_path)
    with pytest.raises(StoreError, match=r"a-4\.png is no contact sheet"):
        save(4)
    assert files(tmp_path) == before


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read or written"):
        sheets.save(tmp_path / "no" / "a.png", "t", [Tile("")], lambda tile: tile)


def test_bars_fill_as_many_columns_as_a_wide_tile_has_and_tiles_stand_beneath_it() -> None:
    bars = [Bar(str(number), 1.0, "x", GOOD) for number in range(6)]
    wide = 2 * WIDTH + sheets.GAP
    page = drawn(Tile("", bars=bars, width=wide, beneath=[Tile(flat(1)), Tile(flat(2))]))
    narrow = drawn(Tile("", bars=bars))
    green = [int(GOOD[start : start + 2], 16) for start in (1, 3, 5)]
    rows, columns = np.nonzero((page == green).all(-1))
    assert {column // (WIDTH + sheets.GAP) for column in columns - MARGIN} == {0, 1}
    assert 2 * (rows.max() - rows.min()) < np.ptp(np.nonzero((narrow == green).all(-1))[0])
    below = page[rows.max() + 60, MARGIN:].max(-1)
    assert {1, 2} <= set(below.tolist())
