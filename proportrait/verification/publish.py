"""The report of a verification: JSON, a page, and a picture of examples."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from proportrait import imaging, sheets
from proportrait.arrays import Image
from proportrait.disk import disk_errors, replace_file
from proportrait.labels import ATTRIBUTES
from proportrait.verification.bits import Reading
from proportrait.verification.findings import Example, Findings, by_reason, ordered
from proportrait.verification.judge import WORDS


def publish(
    folder: Path, findings: Findings, place: Callable[[str], Path], facts: Mapping[str, Any]
) -> list[Path]:
    """Write report.json, report.html, and examples.jpg where there are any; returns them.

    Args:
        folder: of the run; it exists.
        findings: of all pictures.
        place: where the picture of a name is now.
        facts: of the run, JSON-ready.

    Raises:
        StoreError: a file cannot be written.
    """
    rows = ordered(findings.examples)
    pictures = {e.name: sheets.thumbnail(place(e.name)) for row in rows for e in row}
    links = {
        name: quote(Path(os.path.relpath(place(name), folder)).as_posix()) for name in pictures
    }
    made = {
        "report.json": (json.dumps({**facts, **findings.to_json()}, indent=2) + "\n").encode(),
        "report.html": _page(findings, rows, pictures, links, facts).encode(),
    }
    if rows:
        made["examples.jpg"] = imaging.encode_jpeg(_sheet(rows, pictures, facts), quality=90)
    with disk_errors(folder):
        for name, data in made.items():
            replace_file(folder / name, data)
    return [folder / name for name in made]


def _page(
    findings: Findings,
    rows: Sequence[Sequence[Example]],
    pictures: Mapping[str, Image | str],
    links: Mapping[str, str],
    facts: Mapping[str, Any],
) -> str:
    """The report as HTML; `links` lead from its folder to the pictures of the examples."""
    from jinja2 import Environment

    def embedded(name: str) -> str:
        picture = pictures[name]
        if isinstance(picture, str):
            return picture  # why there is none
        data = imaging.encode_jpeg(picture, quality=85)
        return "data:image/jpeg;base64," + base64.b64encode(data).decode()

    text = files("proportrait.verification").joinpath("data/report.html").read_text("utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
    return template.render(
        findings=findings,
        rows=rows,
        facts=facts,
        words=WORDS,
        readings=(Reading.GOOD, Reading.BAD, Reading.UNCLEAR),
        attributes=[a for a in ATTRIBUTES if a.key in findings.keys],
        no_model=by_reason(facts["no_model"]),
        links=links,
        embedded=embedded,
        good=sheets.GOOD,
        bad=sheets.BAD,
    )


def _sheet(
    rows: Sequence[Sequence[Example]],
    pictures: Mapping[str, Image | str],
    facts: Mapping[str, Any],
) -> Image:
    """Examples as a picture (H, W, 3), under a heading for each kind of error."""
    sections = {
        row[0].title: [
            sheets.Tile(pictures[e.name], lines=[(e.why, sheets.TEXT)], name=e.name) for e in row
        ]
        for row in rows
    }
    note = "What each picture was measured as, or how likely the model finds it good."
    title = f"The surest contradictions between label and picture in {facts['input']}"
    return np.asarray(sheets.draw(title, sections, note))
