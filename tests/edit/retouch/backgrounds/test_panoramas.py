from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait.edit import data
from proportrait.edit.retouch.backgrounds.panoramas import (
    BOTTOM,
    TOP,
    Lens,
    View,
    defocus,
    encode,
    panorama,
    photograph,
    project,
)
from proportrait.edit.retouch.backgrounds.render import BAD_BACKGROUNDS
from tools.pack.panoramas import SOURCES

SHARP = Lens(blur=(0.0, 0.0), field=(60, 60), busy=True, detail=0.0)


def _ring(colours: list[float]) -> np.ndarray:
    """A coded panorama of upright bands of grey, the first one ahead to the right of yaw 0."""
    row = np.repeat(np.array(colours, np.float32), 360 // len(colours))
    return np.repeat(np.tile(row, (90, 1))[..., None], 3, axis=-1)


def test_encoding_keeps_five_stops_within_a_twentieth() -> None:
    light = np.repeat(np.geomspace(0.05, 8, 201, dtype=np.float32)[None, :, None], 3, axis=-1)
    coded = encode(light)
    assert coded.dtype == np.uint8
    place = np.repeat(coded, 90, axis=0).astype(np.float32) / 255
    # A flat panorama of one code gives its light back.
    for column in range(0, 201, 40):
        flat = np.tile(place[:1, column : column + 1], (90, 360, 1))
        back = project(flat, View(0, 0, 0, 40), (8, 8))
        expected = light[0, column, 0] * 0.2 / np.median(light)
        assert back.mean() == pytest.approx(expected, rel=0.05)


def test_the_camera_turns_to_the_right() -> None:
    place = _ring([0.2, 0.4, 0.6, 0.8])
    values = [project(place, View(yaw, 0, 0, 20), (16, 16)).mean() for yaw in (45, 135, 225, 315)]
    assert values == sorted(values)
    assert values[3] > 2 * values[0]
    seam = project(place, View(0, 0, 0, 20), (16, 16))
    assert seam[:, :6].mean() > seam[:, 10:].mean()  # the last band is to the left of the first


def test_pitch_and_roll() -> None:
    place = np.zeros((90, 360, 3), np.float32)
    place[: round(90 * TOP / (TOP - BOTTOM))] = 0.5  # all above the horizon is bright
    level = project(place, View(10, 0, 0, 40), (40, 40)).mean(-1)
    assert level[:18].min() > level[22:].max()
    up = project(place, View(10, 15, 0, 40), (40, 40)).mean(-1)
    assert (up > 0.01).mean() > (level > 0.01).mean() + 0.2
    rolled = project(place, View(10, 0, 90, 40), (40, 40)).mean(-1)
    assert abs(rolled[:, :18].mean() - rolled[:, 22:].mean()) > 0.1
    assert abs(rolled[:18].mean() - rolled[22:].mean()) < 0.02


def test_a_wide_picture_shows_more() -> None:
    place = _ring([0.2, 0.8, 0.2, 0.2, 0.2, 0.2])
    narrow = project(place, View(30, 0, 0, 40), (40, 40))
    wide = project(place, View(30, 0, 0, 40), (120, 40))
    assert narrow.std() < 0.01
    assert wide.std() > 0.1
    assert np.allclose(wide[:, 40:80], narrow, atol=1e-4)


def test_defocus_spreads_a_point_over_a_disc() -> None:
    point = np.zeros((41, 41, 3), np.float32)
    point[20, 20] = 1
    spread = defocus(point, 6.0)
    assert spread.sum() == pytest.approx(3, rel=1e-4)
    assert spread[20, 25, 0] == pytest.approx(spread[20, 20, 0])
    assert spread[20, 28, 0] == pytest.approx(0, abs=1e-9)
    # A disc of radius 6 covers about pi * 36 px.
    assert 1 / spread[20, 20, 0] == pytest.approx(np.pi * 36, rel=0.2)


def test_a_lamp_out_of_focus_is_a_bright_disc() -> None:
    dark = np.full((61, 61, 3), 0.05, np.float32)
    dark[30, 30] = 40
    blurred = defocus(dark, 5)
    assert blurred[30, 34, 0] > 0.4
    assert blurred[30, 37, 0] == pytest.approx(0.05, rel=1e-3)


@pytest.mark.parametrize("name", list(SOURCES))
def test_every_place_can_be_photographed(name: str) -> None:
    place = panorama(name)
    assert place.dtype == np.float32
    assert place.shape[1] == pytest.approx(4 * place.shape[0], abs=4)  # 360 and 90 degrees
    picture = photograph(name, np.random.default_rng(0), 96, 128, SHARP)
    assert picture.shape == (96, 128, 3)
    assert picture.dtype == np.float32
    assert 0 <= picture.min() <= picture.max() <= 1
    assert 0.15 < picture.mean() < 0.85
    assert np.array_equal(picture, photograph(name, np.random.default_rng(0), 96, 128, SHARP))


def test_calm_views_are_calmer_than_busy_ones() -> None:
    def change(busy: bool, detail: float) -> float:
        """Mean gradient in the columns beside a person."""
        lens = Lens(blur=(0.03, 0.03), field=(50, 50), busy=busy, detail=detail)
        pictures = [
            photograph("hotel_room", np.random.default_rng(seed), 64, 64, lens) for seed in range(6)
        ]
        sides = [np.concatenate([p[:, :16], p[:, 48:]]) for p in pictures]
        return float(np.mean([np.abs(np.diff(side, axis=0)).mean() for side in sides]))

    assert change(False, 0.0) < 0.7 * change(True, 9.0)


def test_more_blur_leaves_less() -> None:
    def detail(blur: float) -> float:
        lens = Lens(blur=(blur, blur), field=(60, 60), busy=True, detail=0.0)
        picture = photograph("garden", np.random.default_rng(1), 256, 256, lens)
        return float(np.abs(np.diff(picture, axis=1)).mean())

    assert detail(0.01) > 1.5 * detail(0.03) > 2 * detail(0.09)


def test_the_panoramas_are_small_and_their_licence_is_stated() -> None:
    folder = Path(data.__file__).parent
    names = {path.stem.removeprefix("place_") for path in folder.glob("place_*.webp")}
    assert names == set(SOURCES) >= set(BAD_BACKGROUNDS)
    assert sum(path.stat().st_size for path in folder.glob("place_*.webp")) < 2_000_000
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "CC0" in readme
    assert all(f"| {name} |" in readme for name in names)
