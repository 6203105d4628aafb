"""Pictures with their verdicts, reasons, and advice, as one HTML page that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from proportrait import imaging
from proportrait.commandline import printable
from proportrait.disk import disk_errors, replacing
from proportrait.labels import KEYS
from proportrait.limits import PASS
from proportrait.model.calibration import SURE
from proportrait.score import places
from proportrait.score.verdicts import UNASKED, Score
from proportrait.sheets import thumbnail

_MARK = "ProPortrait-Gen report"  # in every page, which tells it from other files
_SUFFIXES = (".html", ".htm")
_FEW = 400  # pictures, up to which thumbnails may be large
_LARGE, _SMALL = 320, 160  # px of the longer side of a thumbnail: about 16 and 5 KB
_QUALITY = 70
_PLACE = "\x00"  # of the data in the page


def check(path: Path) -> None:
    """Look whether a report can be written there; see `places.check`."""
    places.check(path, "page", _SUFFIXES, _is_report)


def written(scores: Iterable[Score], path: Path, total: int) -> Iterator[Score]:
    """Pass scores on as they come; the report is there when the last has been taken.

    Memory does not grow with the pictures. Whoever stops before the end leaves an earlier report
    as it was.

    Args:
        scores: of files.
        total: how many there will be, more or less: of many pictures the thumbnails are small.

    Raises:
        StoreError: it cannot be written.
    """
    side = _LARGE if total <= _FEW else _SMALL
    head, tail = _page().split(_PLACE)
    with disk_errors(path), replacing(path) as file:
        file.write(f"{head}[".encode())
        for place, score in enumerate(scores):
            text = json.dumps(_row(score, path.parent, side), separators=(",", ":"))
            file.write(f"{',' if place else ''}\n{text}".replace("<", "\\u003c").encode())
            yield score
        file.write(f"\n]{tail}".encode())


def _page() -> str:
    """The page, with `_PLACE` where its data belongs."""
    from jinja2 import Environment

    folder = files("proportrait.score") / "data"
    page, style, *scripts = (
        (folder / name).read_text(encoding="utf-8")
        for name in ("report.html", "report.css", "picture.js", "report.js")
    )
    script = "".join(scripts)
    digest = hashlib.sha256(script.encode()).digest()
    template = Environment(trim_blocks=True, lstrip_blocks=True).from_string(page)
    return template.render(
        mark=_MARK,
        style=style,
        script=script,
        script_hash=base64.b64encode(digest).decode(),
        keys=KEYS,
        pass_mark=PASS,
        sure=f"{SURE:.0%}",
        unasked=UNASKED,
        data=_PLACE,
    )


def _row(score: Score, folder: Path, side: int) -> dict[str, Any]:
    """What the page has to know of a picture: the score's JSON, and how to show it."""
    path = Path(score.path)
    parent = "" if path.parent == Path() else printable(path.parent)
    row = score.to_json() | {
        "name": printable(path.name),
        "folder": parent,
        "href": _link(path, folder),
        "notes": score.notes,
    }
    del row["path"]
    picture = thumbnail(path, side)
    if isinstance(picture, str):
        return row | {"missing": picture}
    data = base64.b64encode(imaging.encode_jpeg(picture, _QUALITY)).decode()
    height, width = picture.shape[:2]
    return row | {"image": f"data:image/jpeg;base64,{data}", "size": [width, height]}


def _link(path: Path, folder: Path) -> str:
    """The address of a picture from a page in the folder."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on Windows, from one drive to another
        return path.absolute().as_uri()
    return quote(os.fsencode(Path(relative).as_posix()))


def _is_report(path: Path) -> bool:
    """Whether a file is a page that `written` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return f'content="{_MARK}"'.encode() in file.read(256)
