"""People as one HTML page that loads nothing: a tile a person."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.commandline import printable
from proportrait.errors import ImageError
from proportrait.people.faces import Box, turned_back
from proportrait.people.finding import Person
from proportrait.score.page import is_page, link

_MARK = "ProPortrait-Gen people"  # in every page, which tells it from other files
_MARGIN = 1.8  # side of a cut / longer side of the face
_UP = 0.08  # of that side, by which a cut is higher: hair tells more than the neck
_LARGE, _SMALL = 240, 72  # px of the face of a tile, and of those below it: about 9 and 2 KB
_FEW = 300  # people, up to which a tile shows more than one face
_MORE = 4  # faces below the large one
_QUALITY = 75


def is_sheet(path: Path) -> bool:
    """Whether a file is a page of `to_html`, which a new one may replace."""
    return is_page(path, _MARK)


def to_html(people: Sequence[Person], folder: Path, photos: Path, unclear: int) -> str:
    """The page.

    Args:
        people: in the order of their tiles.
        folder: that the page will lie in: its links start there.
        photos: the folder of the photos.
        unclear: faces that are nobody's.
    """
    from jinja2 import Environment

    texts = [
        (files("proportrait.people") / "data" / name).read_text(encoding="utf-8")
        for name in ("people.html", "people.css")
    ]
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return template.from_string(texts[0]).render(
        mark=_MARK,
        style=texts[1],
        tiles=[_tile(person, folder, photos, len(people) <= _FEW) for person in people],
        photos=printable(photos),
        side=_LARGE,
        unclear=unclear,
    )


def _tile(person: Person, folder: Path, photos: Path, more: bool) -> dict[str, Any]:
    faces = list(zip(person.photos, person.boxes, person.turns, strict=True))
    numbers = np.linspace(1, len(faces) - 1, _MORE, dtype=int).tolist() if len(faces) > 1 else []
    some: list[tuple[Path, Box, int]] = [faces[i] for i in dict.fromkeys(numbers)] if more else []
    return {
        "id": person.id,
        "name": person.name and printable(person.name),
        "picture": face_picture(*faces[0], _LARGE),
        "more": [(link(face[0], folder), face_picture(*face, _SMALL)) for face in some],
        "photos": [(link(path, folder), _inside(path, photos)) for path in person.photos],
    }


def _inside(path: Path, photos: Path) -> str:
    """The name of a photo with its subfolders."""
    return printable(path.relative_to(photos) if path.is_relative_to(photos) else path)


def face_picture(path: Path, box: Box, turns: int, side: int) -> str:
    """The face of a photo with what is around it, as the address of a JPEG; "" if it is gone.

    Args:
        box: of the face.
        turns: quarter turns, as `numpy.rot90` counts them, until it stands.
        side: px.
    """
    share = max(1e-3, min(box[2] - box[0], box[3] - box[1]))
    longest = round(1.6 * side / (_MARGIN * share))
    try:
        image = imaging.read(path, min_side=1, longest=min(max(longest, side), imaging.LONGEST))
    except ImageError:
        return ""
    upright = np.ascontiguousarray(np.rot90(image, turns))
    data = imaging.encode_jpeg(cut(upright, turned_back(box, -turns), side), _QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def cut(image: Image, box: Box, side: int) -> Image:
    """A square (side, side, 3) around a face, inside the photo (H, W, 3)."""
    extent = np.array(image.shape[1::-1])
    low, high = np.reshape(box, (2, 2)) * extent
    width = int(np.clip(_MARGIN * (high - low).max(), 1, extent.min()))
    centre = (low + high) / 2 - (0, _UP * width)
    x, y = np.clip(np.round(centre - width / 2), 0, extent - width).astype(int)
    part = image[y : y + width, x : x + width]
    shrinks = width > side
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (side, side), interpolation=way), np.uint8)
