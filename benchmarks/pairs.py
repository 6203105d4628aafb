"""The first picture of README: six made-up people, each twice, with one attribute good and bad.

python -m benchmarks.pairs [-o FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import ImageDraw

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.commandline import exit_code
from proportrait.disk import disk_errors, replace_file
from proportrait.edit.editor import PortraitEditor
from proportrait.edit.retouch import blur
from proportrait.labels import LabelVector, stream
from proportrait.sheets import BAD, GOOD, TEXT
from proportrait.sheets.text import font_of

TILE = 400  # px, a picture's side
_GAP, _SPACE, _MARGIN = 8, 56, 40  # px: within a pair, between pairs, around the page
_HEADING, _CAPTION = 44, 32  # sizes of text, px
_ABOVE, _BELOW = 62, 90  # px of a picture, for its heading and its caption
_COLUMNS = 2
_QUALITY = 88  # of the JPEG


@dataclass(frozen=True)
class Pair:
    """One person twice.

    Attributes:
        key: the attribute that is bad in the second picture.
        face: latent seed of the built-in face, an adult.
        seed: of both pictures.
        good, bad: what one sees, in few words.
        kind: of blur or of bad framing.
    """

    key: str
    face: int
    seed: int
    good: str
    bad: str
    kind: str = ""


PAIRS = (
    Pair("lighting", 58, 58, "even", "from one side"),
    Pair("background", 121522, 1, "plain", "cluttered"),
    Pair("attire", 32, 32, "suit", "casual"),
    Pair("expression", 181, 181, "calm", "screaming"),
    Pair("framing", 98, 98, "centred", "off-centre", "off_centre_left"),
    Pair("sharpness", 125110, 5, "crisp", "blurred", "gaussian"),
)


def make(editor: PortraitEditor, pair: Pair) -> tuple[Image, Image]:
    """The good and the bad picture of a pair, both (512, 512, 3).

    Raises:
        EditError: a bit could not be made true.
    """
    ones = LabelVector.ones()
    good, _ = editor.edit_face(pair.face, ones, pair.seed)
    if pair.key == "sharpness":
        return good.image, blur.degrade(good.image, pair.kind, stream(pair.seed, pair.key))[0]
    shot, twin = editor.edit_face(pair.face, ones.replace(**{pair.key: 0}), pair.seed, [pair.kind])
    bad = twin or shot  # badly framed is the twin alone
    return good.image, bad.image


def draw(pictures: Mapping[Pair, tuple[Image, Image]]) -> PIL.Image.Image:
    """Pairs side by side, each below the name of its attribute, with a caption a picture."""
    right, bottom = places(_COLUMNS - 1)[1][0], places(len(pictures) - 1)[0][1]
    size = (right + TILE + _MARGIN, bottom + TILE + _BELOW)
    page = PIL.Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    for number, (pair, images) in enumerate(pictures.items()):
        left, top = places(number)[0]
        pen.text((left, top - _ABOVE), pair.key, TEXT, font_of(_HEADING, bold=True))
        captions = ((f"✓ {pair.good}", GOOD), (f"✗ {pair.bad}", BAD))
        for place, image, (text, colour) in zip(places(number), images, captions, strict=True):
            page.paste(PIL.Image.fromarray(imaging.resize(image, (TILE, TILE))), place)
            below = (place[0], place[1] + TILE + _GAP)
            pen.text(below, text, colour, font_of(_CAPTION, bold=True))
    return page


def places(number: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left and top of the two pictures of pair `number` on the page, px."""
    row, column = divmod(number, _COLUMNS)
    left = _MARGIN + column * (2 * TILE + _GAP + _SPACE)
    top = _ABOVE + _GAP + row * (_ABOVE + TILE + _BELOW)
    return (left, top), (left + TILE + _GAP, top)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a picture cannot be made or written."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pairs", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, default=Path("visuals/pairs.jpg"),
                        metavar="FILE", help="default: visuals/pairs.jpg")  # fmt: skip
    options = parser.parse_args(argv)

    def work() -> int:
        editor = PortraitEditor()
        page = draw({pair: make(editor, pair) for pair in PAIRS})
        with disk_errors(options.output):
            options.output.parent.mkdir(parents=True, exist_ok=True)
            replace_file(options.output, imaging.encode_jpeg(np.asarray(page), _QUALITY))
        print(f"written to {options.output}")
        return 0

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
