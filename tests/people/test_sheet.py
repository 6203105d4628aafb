from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path

import numpy as np
import PIL.Image

from proportrait.people.faces import turned_back
from proportrait.people.finding import Person
from proportrait.people.sheet import cut, face_picture, is_sheet, to_html
from tests import FACE

BOX = (0.3, 0.3, 0.6, 0.6)
HOSTILE = '"><script>alert(1)</script>.jpg'


def test_a_cut_is_a_square_around_the_face_inside_the_photo() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 90:110] = 200
    middle = cut(image, (0.45, 0.4, 0.55, 0.6), 36)  # 20 px of 1.8 * 20
    assert middle.shape == (36, 36, 3)
    assert (middle == 200).sum() == 20 * 20 * 3
    assert middle[11:30, 8:28].min() > 0  # a little below the middle
    assert cut(image, (-0.1, -0.2, 0.2, 0.5), 50).shape == (50, 50, 3)
    assert cut(image, (0.2, 0.0, 0.9, 1.0), 50).shape == (50, 50, 3)  # larger than the photo


def test_a_picture_is_small_and_a_photo_that_is_gone_is_none(tmp_path: Path) -> None:
    start, data = face_picture(FACE, BOX, 0, 60).split(",")
    assert start == "data:image/jpeg;base64"
    path = tmp_path / "face.jpg"
    path.write_bytes(base64.b64decode(data))
    assert PIL.Image.open(path).size == (60, 60)
    assert face_picture(tmp_path / "gone.jpg", BOX, 0, 60) == ""


def test_the_sheet_has_a_tile_a_person_and_escapes_names(tmp_path: Path) -> None:
    photos = tmp_path / "my photos"
    photos.mkdir()
    first, second = photos / HOSTILE.replace("/", "|"), photos / "old" / "b.jpg"
    for path in (first, second):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(FACE.read_bytes())
    people = [
        Person(7, "<b>Anna</b>", (first, second), (BOX, BOX), (0, 0)),
        Person(9, None, (photos / "gone.jpg",), (BOX,), (0,)),
    ]
    page = to_html(people, tmp_path, photos, 3)
    assert "<b>Anna" not in page
    assert "<script" not in page
    assert [html.unescape(text) for text in re.findall("<h2>(.*)</h2>", page)] == [
        "<b>Anna</b>", "Person 9",
    ]  # fmt: skip
    assert re.findall("<summary>(.*)</summary>", page) == ["2 photos", "1 photo"]
    assert page.count("<img") == 2
    assert "The photo is gone." in page
    assert "3 faces are too small" in page
    assert '<a href="my%20photos/old/b.jpg">old/b.jpg</a>' in page
    assert not re.search(r'(src|href)="(?!data:|my%20photos/)', page)
    path = tmp_path / "people.html"
    assert not is_sheet(path)
    path.write_text(page)
    assert is_sheet(path)
    assert not is_sheet(second)


def test_a_face_of_a_turned_photo_stands(tmp_path: Path) -> None:
    path, standing = tmp_path / "turned.png", (0.3, 0.3, 0.6, 0.55)
    turned = PIL.Image.open(FACE).convert("RGB").transpose(PIL.Image.Transpose.ROTATE_270)
    turned.save(path)  # which stands after one turn of rot90
    box = turned_back(standing, 1)
    assert box == (0.45, 0.3, 0.7, 0.6)
    one, other = (
        np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))), float)
        for text in (face_picture(path, box, 1, 60), face_picture(FACE, standing, 0, 60))
    )
    assert abs(one - other).mean() < 5
    assert abs(np.rot90(one) - other).mean() > 20
