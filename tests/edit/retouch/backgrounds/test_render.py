from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from proportrait.edit.retouch.backgrounds.backdrops import noise
from proportrait.edit.retouch.backgrounds.crowd import cutout
from proportrait.edit.retouch.backgrounds.render import (
    BAD_BACKGROUNDS,
    CROWD,
    GOOD_BACKGROUNDS,
    render,
)
from proportrait.edit.retouch.composite import composite, split_layers, tighten
from proportrait.tone import to_srgb
from tests import FACE

SIZE = 256


@pytest.fixture(scope="module")
def donors() -> list[np.ndarray]:
    """A portrait cut out along a rough outline."""
    image = np.asarray(PillowImage.open(FACE))
    mask = np.zeros(image.shape[:2], np.float32)
    cv2.ellipse(mask, (256, 280), (170, 270), 0, 0, 360, 1.0, -1)
    return [cutout(image, mask)]


def _render(kind: str, seed: int, donors: list[np.ndarray]) -> np.ndarray:
    return render(kind, np.random.default_rng(seed), SIZE, SIZE, donors)


def _clutter(picture: np.ndarray) -> float:
    """Mean gradient of what is left after fine grain is blurred away."""
    grey_picture = cv2.GaussianBlur(picture.mean(-1), (0, 0), 1.5)
    dx = cv2.Sobel(grey_picture, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(grey_picture, cv2.CV_32F, 0, 1, scale=1 / 8)
    return float(np.hypot(dx, dy).mean())


def _colours(picture: np.ndarray) -> float:
    """Entropy in bits of coarse colours."""
    small = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
    bins = (small * 5.999).astype(int) @ np.array([36, 6, 1])
    share = np.bincount(bins.ravel(), minlength=216) / bins.size
    return float(-(share[share > 0] * np.log2(share[share > 0])).sum())


@pytest.mark.parametrize("kind", [*GOOD_BACKGROUNDS, *BAD_BACKGROUNDS, CROWD])
def test_every_kind_is_a_picture_of_its_seed(kind: str, donors: list[np.ndarray]) -> None:
    picture = _render(kind, 3, donors)
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    assert 0 <= picture.min() <= picture.max() <= 1
    assert np.array_equal(picture, _render(kind, 3, donors))
    assert np.abs(picture - _render(kind, 4, donors)).mean() > 0.003


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_clutter_separates_bad_from_good(seed: int, donors: list[np.ndarray]) -> None:
    good = {kind: _clutter(_render(kind, seed, donors)) for kind in GOOD_BACKGROUNDS}
    bad = {kind: _clutter(_render(kind, seed, donors)) for kind in (*BAD_BACKGROUNDS, CROWD)}
    assert min(bad.values()) > 1.5 * max(good.values()), (good, bad)


def test_there_are_enough_kinds() -> None:
    assert len(set(GOOD_BACKGROUNDS)) >= 10
    assert len(set(BAD_BACKGROUNDS)) >= 10


@pytest.mark.parametrize("kind", GOOD_BACKGROUNDS)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_clean_backgrounds_are_muted(kind: str, seed: int, donors: list[np.ndarray]) -> None:
    mean = _render(kind, seed, donors).mean((0, 1))
    assert (mean.max() - mean.min()) / mean.max() < 0.5


@pytest.mark.parametrize("kind", ["paper", "canvas", "garden", "blurred_room", "mall"])
@pytest.mark.parametrize(("height", "width"), [(120, 200), (211, 160)])
def test_any_shape(kind: str, height: int, width: int) -> None:
    assert render(kind, np.random.default_rng(0), height, width).shape == (height, width, 3)


def test_crowd_needs_donors() -> None:
    with pytest.raises(ValueError, match="donors"):
        render(CROWD, np.random.default_rng(0), 64, 64)


def test_unknown_background_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"nothing.*paper.*garden.*crowd"):
        render("nothing", np.random.default_rng(0), 64, 64)


def test_cutout_is_small_and_clear_outside() -> None:
    mask = np.zeros((1000, 800), np.float32)
    mask[:, 400:] = 1
    cut = cutout(np.full((1000, 800, 3), 90, np.uint8), mask)
    assert cut.shape == (400, 320, 4)
    assert cut[:, :150, 3].max() == 0
    assert cut[:, 170:, 3].min() == 255


def test_composite_without_a_person_is_the_background() -> None:
    rng = np.random.default_rng(0)
    background = rng.random((64, 80, 3), dtype=np.float32)
    person = rng.integers(0, 256, (64, 80, 3)).astype(np.uint8)
    mixture = composite(person, np.zeros((64, 80), np.float32), background)
    assert np.array_equal(mixture, np.round(background * 255).astype(np.uint8))


def test_composite_of_a_covering_person_is_nearly_the_person() -> None:
    image = np.asarray(PillowImage.open(FACE))
    background = np.full(image.shape, 0.5, np.float32)
    mixture = composite(image, np.ones(image.shape[:2], np.float32), background)
    assert np.abs(mixture.astype(int) - image).mean() < 3


def _disc(size: int = 200, radius: float = 60, soft: float = 6) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size / 2
    return np.clip(0.5 + (radius - np.hypot(x, y)) / soft, 0, 1).astype(np.float32)


def test_composite_carries_no_fringe_of_the_old_background() -> None:
    cover = _disc()
    red, green = np.array([0.5, 0.1, 0.1]), np.array([0.05, 0.9, 0.05])
    share = tighten(cover)[..., None]
    light = red * share + green * (1 - share)
    person = to_srgb(light.astype(np.float32))
    background = np.full((200, 200, 3), 0.35, np.float32)
    mixture = composite(person, cover, background)
    # sRGB 0.35 is 89, and the disc's own green is 89 too: anything more is the old background.
    assert mixture[..., 1].max() < 89 + 14


def test_composite_is_a_pure_function() -> None:
    rng = np.random.default_rng(0)
    person = rng.integers(100, 140, (200, 200, 3)).astype(np.uint8)
    background = np.full((200, 200, 3), 0.5, np.float32)
    first, second = (composite(person, _disc(), background) for _ in range(2))
    assert np.array_equal(first, second)


def test_composite_gives_a_smooth_background_the_grain_of_the_person() -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(rng.normal(128, 6, (200, 200, 3)), 0, 255).astype(np.uint8)
    clean = np.full((200, 200, 3), 128, np.uint8)
    background = np.full((200, 200, 3), 0.5, np.float32)
    corner = np.s_[:30, :30]
    assert composite(noisy, _disc(), background)[corner].std() > 1.5
    assert composite(clean, _disc(), background)[corner].std() < 1


def test_composite_keeps_single_hairs_that_the_mask_lacks() -> None:
    cover = _disc()
    hair = np.zeros((200, 200), np.float32)
    cv2.line(hair, (140, 60), (158, 60), 1.0, 1, cv2.LINE_AA)
    share = np.maximum(tighten(cover), hair)[..., None]
    dark, wall = np.array([0.03, 0.02, 0.02]), np.array([0.6, 0.6, 0.65])
    person = to_srgb((dark * share + wall * (1 - share)).astype(np.float32))
    mixture = composite(person, cover, np.full((200, 200, 3), 0.8, np.float32))
    brightness = mixture.mean(-1)
    assert brightness[60, 149:155].mean() < brightness[50, 149:155].mean() - 25
    bare = brightness[10:40, 10:40]
    assert np.ptp(bare) < 20


def test_composite_refuses_different_sizes() -> None:
    with pytest.raises(ValueError, match="sizes differ"):
        composite(
            np.zeros((10, 10, 3), np.uint8), np.zeros((10, 12), np.float32), np.zeros((10, 10, 3))
        )


def test_layers_are_separated_under_a_soft_mask() -> None:
    cover = _disc()[..., None]
    front, back = np.array([0.8, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
    light = (front * cover + back * (1 - cover)).astype(np.float32)
    front_layer, back_layer = split_layers(light, cover[..., 0])
    edge = (cover[..., 0] > 0.2) & (cover[..., 0] < 0.8)
    assert np.abs(front_layer[edge] - front).max() < 0.08
    assert np.abs(back_layer[edge] - back).max() < 0.08


def test_noise_is_normalised() -> None:
    clouds = noise(np.random.default_rng(0), 100, 140, cells=3, octaves=4)
    assert clouds.shape == (100, 140)
    assert clouds.mean() == pytest.approx(0, abs=1e-4)
    assert clouds.std() == pytest.approx(1, abs=1e-3)
