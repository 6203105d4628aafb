"""An explanation as one picture: the photo with its guides, then a panel for each fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import ImageDraw

from proportrait import imaging, sheets
from proportrait.advice import Reason
from proportrait.arrays import Image
from proportrait.explanations.gauge import gauge
from proportrait.explanations.heat import Heat, heated
from proportrait.explanations.margins import MARGINS
from proportrait.labels import KEYS
from proportrait.measures import framing
from proportrait.score import Score
from proportrait.score.sheet import bar
from proportrait.sheets import BAD, GAP, LINE, TEXT, UNKNOWN, WIDTH, Tile

# Panels beside the photo, by their number: so many that no column ends far above the others.
_BESIDE = (0, 1, 2, 3, 1, 2, 2)
_LONE = 440  # px: the photo with nothing against it, as high as what stands beside it
_PHOTO = 2 * WIDTH + GAP  # px: as wide as two panels
_FACE = "#56b4e9"
_WIDE, _NARROW = 5, 2  # px of the dark line under a light one, and of the light one
_DASH = 9  # px
_SOURCES = {
    "measure": "Orange: where this was measured.",
    "network": "Orange: what the network took for the fault.",
}
_FRAME = "Orange: the part of the picture that is too much, or in which something is missing."
_GUIDES = (
    "Blue: the face. In well-framed photos its middle, the cross, lies in the dashed field. Marks "
    "go from 0 to 100; from 50 on an attribute is good."
)


def draw(photo: Image, score: Score, heat: Mapping[str, Heat]) -> PIL.Image.Image:
    """The picture of an explanation, RGB; see `Explanation`."""
    if not any(value is not None for value in score.verdicts.values()):
        tile = Tile(photo, lines=[(f"no verdict: {score.remark}", BAD)], width=_PHOTO)
        return sheets.draw(_title(score), {"": [tile]})
    panels = [_panel(photo, score, heat.get(reason.attribute), reason) for reason in score.failures]
    side = _PHOTO if panels else _LONE
    beside = _BESIDE[len(panels)]
    guides = [(_GUIDES, UNKNOWN)] if panels and score.box else []
    picture = Tile(_guided(photo, score, side), lines=guides, width=side)
    page = {"": [picture, _verdicts(score, panels[:beside])]}
    if rest := panels[beside:]:
        page["What else spoke against it"] = rest
    return sheets.draw(_title(score), page, columns=2 + max(1, beside))


def _title(score: Score) -> str:
    name = Path(score.path).name or "the picture"
    if score.overall is None:
        return name
    good = sum(value == 1 for value in score.verdicts.values())
    return f"{name}: {score.overall} of 100, good in {good} of {len(KEYS)}"


def _verdicts(score: Score, panels: Sequence[Tile]) -> Tile:
    """The six verdicts, what to know beside them, and the panels that stand below them."""
    is_good = set(score.verdicts.values()) == {1}
    lines = [("All six are good: nothing to do.", TEXT)] if is_good else []
    lines += [(score.remark, UNKNOWN)] if score.remark else []
    lines += [
        (f"{reason.attribute} is good to the model, though {reason.text}", UNKNOWN)
        for reason in score.disagreements
    ]
    if score.box and not score.failures:
        lines.append((_GUIDES, UNKNOWN))
    width = max(1, len(panels)) * (WIDTH + GAP) - GAP
    bars = [bar(score, key) for key in KEYS]
    return Tile("", bars=bars, lines=lines, beneath=panels, width=width)


def _panel(photo: Image, score: Score, heat: Heat | None, reason: Reason) -> Tile:
    """One attribute that failed: where, what, and how far from good."""
    key = reason.attribute
    picture = photo if heat is None else heated(photo, heat.map)
    if key == "framing":
        picture = _guided(picture, score, WIDTH)
    measured = gauge(reason)
    notes = [(reason.advice, TEXT)] if reason.advice else []
    if heat:
        notes.append((_FRAME if reason.measure in MARGINS else _SOURCES[heat.source], UNKNOWN))
    return Tile(
        picture,
        bars=[bar(score, key)],
        lines=[(_sentence(reason.text), BAD)],
        gauges=[measured] if measured else [],
        notes=notes,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _guided(picture: Image, score: Score, side: int = _PHOTO) -> Image:
    """A picture at the size of its tile, with the face and where its middle may lie."""
    height, width = picture.shape[:2]
    scale = (side - 2 * LINE) / max(height, width)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    page = PIL.Image.fromarray(imaging.resize(picture, size))
    if score.box is None:
        return np.asarray(page)
    pen = ImageDraw.Draw(page)
    x0, y0, x1, y1 = (share * side for share, side in zip(score.box, size * 2, strict=True))
    (left, right), (top, bottom) = (
        tuple((0.5 + end) * side for end in framing.LIMITS[name][:2])
        for name, side in zip(("HorizontalOffset", "VerticalOffset"), size, strict=True)
    )
    for colour, thick in (("black", _WIDE), ("white", _NARROW)):
        for line in _dashes(left, top, right, bottom):
            pen.line(line, colour, thick)
    x, y, arm = (x0 + x1) / 2, (y0 + y1) / 2, 0.02 * side
    for colour, thick in (("black", _WIDE), (_FACE, _NARROW)):
        rim = (thick - _NARROW) / 2
        pen.rectangle((x0 - rim, y0 - rim, x1 + rim, y1 + rim), outline=colour, width=thick)
        pen.line((x - arm - rim, y, x + arm + rim, y), colour, thick)
        pen.line((x, y - arm - rim, x, y + arm + rim), colour, thick)
    return np.asarray(page)


def _dashes(
    x0: float, y0: float, x1: float, y1: float
) -> Iterator[tuple[float, float, float, float]]:
    """The dashes of a rectangle's outline."""
    for x in np.arange(x0, x1, 2 * _DASH):
        for y in (y0, y1):
            yield x, y, min(x + _DASH, x1), y
    for y in np.arange(y0, y1, 2 * _DASH):
        for x in (x0, x1):
            yield x, y, x, min(y + _DASH, y1)
