"""Pictures with their verdicts, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from proportrait import imaging
from proportrait.labels import ATTRIBUTES
from proportrait.score.scorer import Score

_SIDE, _LINE, _COLUMNS = 320, 26, 4
_GOOD, _BAD, _TEXT = (38, 128, 70), (190, 45, 45), (40, 40, 40)


def draw(scores: Sequence[Score], path: Path) -> None:
    """Write a PNG: each picture above its six verdicts; a bar is as long as the probability.

    Raises:
        OSError: it cannot be written.
    """
    height = _SIDE + (len(ATTRIBUTES) + 1) * _LINE + 16
    columns = min(_COLUMNS, len(scores))
    rows = -(-len(scores) // columns)
    sheet = Image.new("RGB", (columns * (_SIDE + 16), rows * height), (250, 250, 250))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for number, score in enumerate(scores):
        x, y = number % columns * (_SIDE + 16) + 8, number // columns * height + 8
        if score.error is None:
            shown = ImageOps.contain(Image.fromarray(imaging.read(score.path)), (_SIDE, _SIDE))
            sheet.paste(shown, (x + (_SIDE - shown.width) // 2, y + (_SIDE - shown.height) // 2))
        else:
            pen.text((x, y + 8), "no verdict: see the error", fill=_BAD, font=font)
        y += _SIDE + 6
        for attribute in ATTRIBUTES if score.error is None else ():
            good = score.verdicts[attribute.key]
            likely = score.probabilities[attribute.key]
            colour = _GOOD if good else _BAD
            pen.text((x, y), attribute.key, fill=_TEXT, font=font)
            pen.rectangle((x + 100, y + 4, x + 240, y + 16), fill=(228, 228, 228))
            pen.rectangle((x + 100, y + 4, x + 100 + round(140 * likely), y + 16), fill=colour)
            pen.text((x + 250, y), "good" if good else "bad", fill=colour, font=font)
            y += _LINE
        if score.remark:
            pen.text((x, y - 6 * _LINE - 26), score.remark, fill=_BAD, font=font)
        name = Path(score.path).name
        name = name if len(name) <= 40 else f"…{name[-39:]}"
        pen.text((x, y), name, fill=(110, 110, 110), font=font)
    sheet.save(path, format="PNG")
