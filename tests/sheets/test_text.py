"""Text on sheets: no boxes, no overflow, nothing lost without an ellipsis."""

from __future__ import annotations

import math
import re

import pytest
from PIL import ImageFont

from proportrait.sheets.text import drawable, fitted, font_of

NAMES = [
    "José Müller — café.jpg", "Ελένη.jpg", "Иван.jpg", "山田.jpg", "smile 🦄.jpg", "한국.jpg",
    "esc\x1b[31m.jpg", "bytes\udcff.jpg", "two\nlines.jpg", "left\u202egpj.exe",
    "x\u0085y\u200b.jpg", "no\u00a0break \u3000.jpg", "👩\u200d🚀.jpg",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("café Ω Я.jpg", "café Ω Я.jpg"),
        ("cafe\u0301.jpg", "café.jpg"),  # as macOS writes it
        ("山.jpg", r"\u5c71.jpg"),
        ("🦄.jpg", r"\U0001f984.jpg"),
        ("a\x1b[31m\n.jpg", r"a\x1b[31m\n.jpg"),
        ("a\udcff.jpg", r"a\xff.jpg"),
    ],
)
def test_what_cannot_be_drawn_is_an_escape(name: str, expected: str) -> None:
    assert drawable(name) == expected


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_letter_is_a_box(name: str, bold: bool) -> None:
    font = font_of(14, bold)

    def drawn(letter: str) -> bytes:
        return bytes(font.getmask(letter))

    box = drawn("\U0010fffe")
    assert drawn("山") == box  # the font lacks it
    assert all(drawn(letter) != box for letter in drawable(name))
    assert not {"\n", "\x1b", "\u202e"} & set(drawable(name))


def fits(lines: list[str], font: ImageFont.FreeTypeFont, width: int, most: int) -> bool:
    return len(lines) <= most and all(font.getlength(line) <= width for line in lines)


def test_lines_end_between_words() -> None:
    font = font_of(14)
    lines = fitted("the picture is 64x64 px; its shorter side is too short", font, 150, 4)
    assert fits(lines, font, 150, 4)
    assert " ".join(lines) == "the picture is 64x64 px; its shorter side is too short"
    lines = fitted("stylegan_00000034_close_up_badframe_100101.jpg", font, 200, 2)
    assert fits(lines, font, 200, 2)
    assert lines[0].endswith("_")
    assert "".join(lines) == "stylegan_00000034_close_up_badframe_100101.jpg"


@pytest.mark.parametrize("middle", [False, True])
@pytest.mark.parametrize("text", ["w" * 250 + ".jpg", "some words " * 40, "\udcff" * 255])
def test_what_is_too_long_has_an_ellipsis(text: str, middle: bool) -> None:
    font = font_of(14)
    lines = fitted(text, font, 200, 2, middle)
    assert fits(lines, font, 200, 2)
    start, end = re.sub(r"\s", "", "".join(lines)).split("…")
    whole = re.sub(r"\s", "", drawable(text))
    assert whole.startswith(start)
    assert whole.endswith(end)
    assert (len(end) > 10) is middle
    assert fitted(text, font, 200, 2, middle)[-1].endswith("…") is not middle


def test_a_letter_wider_than_the_line_does_not_hang() -> None:
    assert fitted("WW", font_of(24), 5, 2) == ["W", "W"]
    assert fitted("", font_of(24), 5, 2) == []


@pytest.mark.parametrize("text", ["background", "good >99 %"])
def test_a_text_that_just_fits_is_left_whole(text: str) -> None:
    """With one letter less and an ellipsis it would not."""
    font = font_of(13)
    width = math.ceil(font.getlength(text))
    assert fitted(text, font, width, most=1) == [text]
    (shorter,) = fitted(text, font, width - 1, most=1)
    assert shorter.endswith("…")
