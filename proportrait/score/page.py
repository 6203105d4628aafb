"""HTML pages of pictures that load nothing: `data/page.html` with its style and script."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from proportrait import imaging
from proportrait.commandline import printable
from proportrait.disk import disk_errors, replacing
from proportrait.sheets import thumbnail

SUFFIXES = (".html", ".htm")
SMALL = 160  # px of the longer side of a small thumbnail: about 5 KB

_FEW = 400  # pictures, up to which thumbnails may be large
_LARGE = 320  # px, about 16 KB
_QUALITY = 70
_PLACE = "\x00"  # of the data in the page
_PACKAGE = "proportrait.score"

Item = TypeVar("Item")


def rendered(mark: str, package: str, names: Sequence[str], **values: object) -> str:
    """A page without its data.

    Args:
        mark: by which `is_page` knows it.
        package: in whose data/ the page's own files lie.
        names: of its template, its style, and its scripts.
        values: for the template.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader

    page, *own = names
    loader = ChoiceLoader([PackageLoader(place, "data") for place in (package, _PACKAGE)])
    shared = files(_PACKAGE) / "data"
    texts = [(shared / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")]
    folder = files(package) / "data"
    style, *scripts = ((folder / name).read_text(encoding="utf-8") for name in own)
    script = "".join([texts[1], *scripts])
    digest = hashlib.sha256(script.encode()).digest()
    environment = Environment(loader=loader, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(page).render(
        mark=mark, style=texts[0] + style, script=script, data=_PLACE,
        script_hash=base64.b64encode(digest).decode(), **values,
    )  # fmt: skip


def written(
    items: Iterable[Item], path: Path, page: str, row: Callable[[Item], dict[str, Any]]
) -> Iterator[Item]:
    """Pass items on as they come; the page is there when the last has been taken.

    Memory does not grow with the items. Whoever stops before the end leaves an earlier page as it
    was.

    Args:
        page: of `rendered`.
        row: what the page has to know of an item, JSON-ready.

    Raises:
        StoreError: it cannot be written.
    """
    head, tail = page.split(_PLACE)
    with disk_errors(path), replacing(path) as file:
        file.write(f"{head}[".encode())
        for place, item in enumerate(items):
            text = json.dumps(row(item), separators=(",", ":"))
            file.write(f"{',' if place else ''}\n{text}".replace("<", "\\u003c").encode())
            yield item
        file.write(f"\n]{tail}".encode())


def side_of(total: int) -> int:
    """The longer side of a thumbnail, px: of many pictures it is small."""
    return _LARGE if total <= _FEW else SMALL


def preview(path: Path, folder: Path, side: int) -> dict[str, Any]:
    """How a page in a folder shows a file: its name, address, and thumbnail, or why there is none.

    Args:
        side: of the thumbnail, px.
    """
    row = {
        "name": printable(path.name),
        "folder": "" if path.parent == Path() else printable(path.parent),
        "href": link(path, folder),
    }
    picture = thumbnail(path, side)
    if isinstance(picture, str):
        return row | {"missing": picture}
    data = base64.b64encode(imaging.encode_jpeg(picture, _QUALITY)).decode()
    height, width = picture.shape[:2]
    return row | {"image": f"data:image/jpeg;base64,{data}", "size": [width, height]}


def is_page(path: Path, mark: str) -> bool:
    """Whether a file is a page of ours with that mark."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return f'content="{mark}"'.encode() in file.read(256)


def link(path: Path, folder: Path) -> str:
    """The address of a picture from a page in the folder."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on Windows, from one drive to another
        return path.absolute().as_uri()
    return quote(os.fsencode(Path(relative).as_posix()))
