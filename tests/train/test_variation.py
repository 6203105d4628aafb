"""Variation of the training pictures: it may change no label."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from proportrait.errors import ImageError
from proportrait.faces import shared_analyzer
from proportrait.imaging import decode, read
from proportrait.measures import Subject, assess
from proportrait.model.views import cut, window
from proportrait.train.variation import Variation, changed, write_copies
from tests import FACE

DRAWS = [Variation.draw(np.random.default_rng(seed)) for seed in range(400)]
STILL = Variation(
    flip=False,
    frame=np.zeros(4, np.float32),
    face=np.zeros(4, np.float32),
    table=np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1),
    saturation=1.0,
    noise=0.0,
    seed=0,
)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


def test_a_seed_gives_the_same_bytes(picture: np.ndarray) -> None:
    noisy = next(seed for seed, draw in enumerate(DRAWS) if draw.noise)
    first, second = (Variation.draw(np.random.default_rng(noisy)) for _ in range(2))
    assert np.array_equal(first(picture, 0), second(picture, 0))
    assert np.array_equal(first(picture, 0), first(picture, 0))
    assert not np.array_equal(first(picture, 0), first(picture, 1))  # each view has its own grain
    assert not np.array_equal(first(picture, 0), DRAWS[noisy + 1](picture, 0))


def test_without_variation_it_is_the_picture_and_a_flip_is_its_mirror(picture: np.ndarray) -> None:
    assert np.array_equal(STILL(picture, 0), picture)
    mirror = replace(STILL, flip=True)(picture, 0)
    assert np.array_equal(mirror, picture[:, ::-1])
    assert mirror.flags.c_contiguous


def test_without_saturation_all_channels_are_alike(picture: np.ndarray) -> None:
    grey = replace(STILL, saturation=0.0)(picture, 0)
    assert (grey == grey[..., :1]).all()
    weights = picture @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[..., 0] - weights).max() <= 1


def test_grain_has_the_strength_that_was_drawn() -> None:
    flat = np.full((100, 100, 3), 128, np.uint8)
    grain = replace(STILL, noise=4.0)(flat, 0).astype(float) - 128
    assert grain.std() == pytest.approx(4, rel=0.05)
    assert abs(grain.mean()) < 0.6


def test_half_are_flipped_and_some_are_grey() -> None:
    assert np.mean([draw.flip for draw in DRAWS]) == pytest.approx(0.5, abs=0.08)
    assert 0.05 < np.mean([draw.saturation == 0 for draw in DRAWS]) < 0.3
    assert np.mean([draw.noise > 0 for draw in DRAWS]) == pytest.approx(0.5, abs=0.08)


def test_tones_keep_their_order_and_stay_close() -> None:
    for draw in DRAWS:
        table = draw.table.astype(int)
        assert (np.diff(table, axis=0) >= 0).all()
        assert np.abs(table - np.arange(256)[:, None]).max() < 60


def test_the_frame_moves_by_a_hair_and_a_face_by_a_little() -> None:
    part = np.float32([100, 50, 300, 450])
    sides = np.float32([200, 400, 200, 400])
    whole = np.abs([(draw.jitter(part, "whole") - part) / sides for draw in DRAWS])
    face = np.abs([(draw.jitter(part, "face") - part) / sides for draw in DRAWS])
    assert 0.02 < whole.max() <= 0.03 + 1e-6
    assert 0.08 < face.max() <= 0.10 + 1e-6


@pytest.mark.parametrize(
    "vary",
    [
        next(draw for draw in DRAWS if draw.flip and draw.saturation > 1),
        next(draw for draw in DRAWS if not draw.saturation and draw.noise),
        next(draw for draw in DRAWS if not draw.saturation and not draw.noise),
    ],
    ids=["flip", "grey and grainy", "grey"],
)
def test_a_varied_portrait_is_framed_and_as_sharp_as_before(vary: Variation) -> None:
    image = decode(FACE.read_bytes())
    part = vary.jitter(window(image, None, "whole"), "whole")
    result = vary(cut(image, part, len(image)), 0)
    before, after = (Subject(pixels, shared_analyzer()) for pixels in (image, result))
    old, new = (assess(s, ("sharpness", "framing", "lighting")) for s in (before, after))
    assert new["sharpness"] > old["sharpness"] - 1
    assert new["framing"] == pytest.approx(old["framing"], abs=10)
    assert new["lighting"] > 60
    box, other = np.array(before.face.box(512, 512)), np.array(after.face.box(512, 512))
    if vary.flip:
        box[[0, 2]] = 1 - box[[2, 0]]
    assert other == pytest.approx(box, abs=0.04)


# --- copies


def test_copies_are_smaller_and_nearly_the_same() -> None:
    image = read(FACE)
    differences = []
    for seed in range(30):
        copy = changed(image, np.random.default_rng(seed))
        assert 0.65 <= copy.shape[0] / 512 <= 1
        plain = cv2.resize(image, copy.shape[1::-1], interpolation=cv2.INTER_AREA)
        differences.append((copy.astype(np.float32) - plain).std())
    assert min(differences) < 1
    assert 5 < max(differences) < 6.5  # grain of up to 6 grey levels


def test_small_pictures_keep_their_size() -> None:
    assert changed(np.zeros((150, 300, 3), np.uint8), np.random.default_rng(0)).shape[:2] == (
        150,
        300,
    )


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one = write_copies([FACE, FACE], tmp_path)
    two = write_copies([FACE, FACE], tmp_path / "other")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert one[0].read_bytes() != one[1].read_bytes()
    assert read(one[0]).shape[2] == 3


def test_a_file_that_is_no_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError):
        write_copies([tmp_path / "a.jpg"], tmp_path)
