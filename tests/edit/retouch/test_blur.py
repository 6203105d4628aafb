"""Blur kernels by hand-computed values, and what they do to a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.edit.retouch import blur
from proportrait.labels import stream


def _texture(size: int = 256) -> np.ndarray:
    noise = np.random.default_rng(1).integers(0, 256, (size // 2, size // 2, 3), dtype=np.uint8)
    return cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)


def _detail_left(image: np.ndarray, blurred: np.ndarray) -> float:
    """Share of the picture's own finest detail that is left; added blocks do not count."""
    before, after = (
        cv2.Laplacian(cv2.cvtColor(i, cv2.COLOR_RGB2GRAY), cv2.CV_64F) for i in (image, blurred)
    )
    return float((before * after).sum() / (before * before).sum())


@pytest.mark.parametrize("radius", [0.6, 1.0, 3.5, 7.5])
def test_a_disc_is_round_and_keeps_brightness(radius: float) -> None:
    kernel = blur.disc_kernel(radius)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(kernel, kernel.T)
    assert np.array_equal(kernel, kernel[::-1])
    # equivalent area of a disc: pi r^2 = 1 / its plateau
    if radius >= 3:
        assert 1 / kernel.max() == pytest.approx(np.pi * radius**2, rel=0.05)


@pytest.mark.parametrize(("angle", "wide", "high"), [(0.0, 13, 1), (np.pi / 2, 1, 13)])
def test_a_straight_motion_kernel_is_a_line_of_its_length(
    angle: float, wide: int, high: int
) -> None:
    kernel = blur.motion_kernel(12, angle)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    rows, columns = np.nonzero(kernel > 1e-4)
    assert np.ptp(columns) + 1 == wide
    assert np.ptp(rows) + 1 == high


def test_motion_blurs_along_its_path_only() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::8] = 255  # vertical lines: a vertical shake leaves them
    up_down = blur._filter_linear(stripes, blur.motion_kernel(15, np.pi / 2))
    left_right = blur._filter_linear(stripes, blur.motion_kernel(15, 0.0))
    assert np.abs(up_down.astype(int) - stripes).mean() < 2
    assert left_right.std() < 0.25 * stripes.std()


@pytest.mark.parametrize("kind", list(blur.BLURS))
def test_every_kind_lowers_detail_and_repeats(kind: str) -> None:
    image = _texture()
    first, parameters = blur.degrade(image, kind, stream(3, kind))
    second, _ = blur.degrade(image, kind, stream(3, kind))
    other, _ = blur.degrade(image, kind, stream(4, kind))
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    assert _detail_left(image, first) < 0.4
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert parameters["kind"] == kind
    assert len(parameters) > 1


@pytest.mark.parametrize("kind", ["gaussian", "motion", "defocus"])
def test_a_blur_keeps_brightness_of_an_even_picture(kind: str) -> None:
    even = np.full((128, 128, 3), 130, np.uint8)
    blurred, _ = blur.degrade(even, kind, stream(0))
    assert np.abs(blurred.astype(int) - 130).max() <= 1


def test_strengths_scale_with_the_picture() -> None:
    small, large = (
        blur.degrade(np.zeros((n, n, 3), np.uint8), "gaussian", stream(1)) for n in (256, 512)
    )
    assert large[1]["sigma_px"] == pytest.approx(2 * small[1]["sigma_px"], abs=0.02)


def test_an_unknown_kind_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="gaussian"):
        blur.degrade(_texture(), "zoom", stream(0))
