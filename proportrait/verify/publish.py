"""The report of a verification: JSON, a page, and a picture of examples."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from proportrait import imaging
from proportrait.disk import disk_errors, replace_file
from proportrait.errors import ImageError
from proportrait.labels import ATTRIBUTES
from proportrait.verify.bits import Reading
from proportrait.verify.findings import Example, Findings, ordered
from proportrait.verify.judge import WORDS

_CELL, _TEXT = 192, 20  # px


def publish(
    folder: Path, findings: Findings, place: Callable[[str], Path], told: Mapping[str, Any]
) -> list[Path]:
    """Write report.json, report.html, and examples.jpg where there are any; returns them.

    Args:
        folder: of the run; it exists.
        findings: of all pictures.
        place: where the picture of a name is now.
        told: what else is said of the run, JSON-ready.

    Raises:
        StoreError: a file cannot be written.
    """
    rows = ordered(findings.examples)
    pictures = {e.name: _thumbnail(place(e.name)) for row in rows for e in row}
    made = {
        "report.json": (json.dumps({**told, **findings.to_json()}, indent=2) + "\n").encode(),
        "report.html": _page(findings, rows, pictures, told).encode(),
    }
    if rows:
        made["examples.jpg"] = imaging.encode_jpeg(_sheet(rows, pictures), quality=90)
    with disk_errors(folder):
        for name, data in made.items():
            replace_file(folder / name, data)
    return [folder / name for name in made]


def _page(
    findings: Findings,
    rows: Sequence[Sequence[Example]],
    pictures: Mapping[str, Image.Image],
    told: Mapping[str, Any],
) -> str:
    from jinja2 import Environment

    def embedded(name: str) -> str:
        data = io.BytesIO()
        pictures[name].save(data, "JPEG", quality=85)
        return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()

    text = files("proportrait.verify").joinpath("data/report.html").read_text("utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
    return template.render(
        findings=findings,
        rows=rows,
        told=told,
        words=WORDS,
        readings=(Reading.GOOD, Reading.BAD, Reading.UNCLEAR),
        attributes=[a for a in ATTRIBUTES if a.key in findings.keys],
        embedded=embedded,
    )


def _sheet(rows: Sequence[Sequence[Example]], pictures: Mapping[str, Image.Image]) -> Any:
    """Examples as a picture (H, W, 3), one row a kind of error."""
    import numpy as np

    high = _CELL + 2 * _TEXT
    wide = max(map(len, rows)) * (_CELL + 4)
    sheet = Image.new("RGB", (max(wide, 480), len(rows) * (high + _TEXT)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for y, row in enumerate(rows):
        top = y * (high + _TEXT)
        draw.text((4, top + 2), row[0].title, fill=(150, 20, 20), font=ImageFont.load_default(15))
        for x, example in enumerate(row):
            left = x * (_CELL + 4)
            sheet.paste(pictures[example.name], (left, top + _TEXT))
            draw.text((left + 2, top + _TEXT + _CELL), example.why, fill="black", font=font)
            name = example.name if len(example.name) < 27 else "…" + example.name[-25:]
            draw.text((left + 2, top + _CELL + 2 * _TEXT - 4), name, fill=(90, 90, 90), font=font)
    return np.asarray(sheet)


def _thumbnail(path: Path) -> Image.Image:
    try:
        picture = Image.fromarray(imaging.read(path, min_side=1))
    except ImageError:
        return Image.new("RGB", (_CELL, _CELL), (220, 220, 220))
    picture.thumbnail((_CELL, _CELL))
    square = Image.new("RGB", (_CELL, _CELL), "white")
    square.paste(picture, ((_CELL - picture.width) // 2, (_CELL - picture.height) // 2))
    return square
