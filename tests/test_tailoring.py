"""Collar, tie, and lapels on a drawn jacket."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.edit.tailoring import tailor
from proportrait.faces import Face
from proportrait.labels import stream

SKIN, SHIRT, JACKET = (214, 170, 146), (236, 238, 242), (38, 40, 50)


def _face(chin: tuple[float, float], height: float) -> Face:
    """A mesh of which only what is asked for stands at its place: forehead, chin, cheeks."""
    landmarks = np.full((468, 3), 0, np.float32)
    landmarks[:, :2] = (chin[0], chin[1] - height / 2)
    landmarks[10, :2] = (chin[0], chin[1] - height)
    landmarks[152, :2] = landmarks[199, :2] = (chin[0], chin[1] - 4)
    return Face(np.array([0, 0, 1, 1], np.float32), landmarks, 1.0)


def _suit(jacket: tuple[int, int, int] = JACKET, shirt: tuple[int, int, int] = SHIRT) -> np.ndarray:
    """A head and a neck that ends in a V, a shirt, and a jacket."""
    image = np.full((800, 800, 3), 128, np.uint8)
    cv2.rectangle(image, (90, 470), (710, 800), jacket, -1)
    cv2.fillPoly(image, [np.array([[270, 440], [530, 440], [520, 800], [280, 800]])], shirt)
    cv2.fillPoly(image, [np.array([[290, 430], [510, 430], [420, 660], [380, 660]])], SKIN)
    cv2.ellipse(image, (400, 330), (130, 190), 0, 0, 360, SKIN, -1)
    return image


FACE = _face((400, 500), 380)


def test_a_tie_closes_the_collar() -> None:
    image = _suit()
    before = image.copy()
    done, parameters = tailor(image, FACE, stream(1), tied=True)
    assert np.array_equal(image, before)  # the picture that came in is left alone
    assert parameters["tie"] != "none"
    # where the neck was bare far below the chin, there is a blade between two halves of the shirt
    row = done[690].astype(int)
    assert np.abs(row[400] - SHIRT).max() > 60
    assert np.abs(row[400] - SKIN).max() > 60
    for x in (325, 475):
        assert np.abs(row[x] - SHIRT).max() < 40
    assert np.array_equal(done[:420], image[:420])  # the face is not touched


def test_without_a_tie_the_neck_stays_bare() -> None:
    image = _suit()
    done, parameters = tailor(image, FACE, stream(1), tied=False)
    assert parameters == {"tie": "none"}
    assert np.abs(done[560:640, 395:405].astype(int) - SKIN).max() < 12
    jacket = slice(520, 780), slice(560, 680)
    assert np.abs(done[jacket].astype(int) - image[jacket]).max() > 10  # lapels


def test_the_same_seed_draws_the_same_tie() -> None:
    one, two, other = (tailor(_suit(), FACE, stream(seed), True) for seed in (3, 3, 5))
    assert np.array_equal(one[0], two[0])
    assert one[1] == two[1]
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize(
    ("jacket", "shirt"),
    [((200, 200, 204), SHIRT), (JACKET, JACKET)],
    ids=["light jacket", "no shirt"],
)
def test_what_cannot_be_told_apart_stays_as_it_is(
    jacket: tuple[int, int, int], shirt: tuple[int, int, int]
) -> None:
    image = _suit(jacket, shirt)
    done, parameters = tailor(image, FACE, stream(1), tied=True)
    assert parameters == {}
    assert np.array_equal(done, image)
