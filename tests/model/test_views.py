"""Views of a picture: their windows, their pixels, and their normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.model.views import (
    GENERAL_SIZE,
    REFERENCE,
    VIEWS,
    Preprocessing,
    View,
    cut,
    shrink,
    window,
)

HALF = (0.5, 0.5, 0.5)


def blank(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def slope(height: int, width: int) -> np.ndarray:
    """Red is the column, green the row."""
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([columns, rows, rows * 0]).astype(np.uint8)


# --- windows


@pytest.mark.parametrize("size", [(512, 512), (512, 900), (700, 200)])
@pytest.mark.parametrize(
    "box",
    [
        (0.3, 0.2, 0.6, 0.7), (0, 0, 1, 1), (-0.5, -0.4, 0.1, 0.2), (0.9, 0.8, 1.4, 1.3),
        (0.5, 0.5, 0.5, 0.5), (0, 0.99, 0.01, 1), (2, 2, 3, 3), None,
    ],
)  # fmt: skip
def test_the_window_of_a_face_is_a_large_enough_square_inside(
    size: tuple[int, int], box: tuple[float, ...] | None
) -> None:
    height, width = size
    x0, y0, x1, y1 = window(blank(*size), None if box is None else np.float32(box), "face")
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height
    assert x1 - x0 == pytest.approx(y1 - y0, abs=1e-3)
    assert 0.45 * min(size) - 1e-3 <= x1 - x0 <= min(size)


def test_the_window_of_a_face_has_some_room_around_it() -> None:
    # 200 px wide and 240 high around (300, 220): 1.25 * 240 = 300.
    box = np.float32([200 / 600, 100 / 500, 400 / 600, 340 / 500])
    assert window(blank(500, 600), box, "face") == pytest.approx([150, 70, 450, 370], abs=0.01)
    # At the border it is moved, not made smaller.
    box = np.float32([0, 100 / 500, 200 / 600, 340 / 500])
    assert window(blank(500, 600), box, "face") == pytest.approx([0, 70, 300, 370], abs=0.01)
    small = np.float32([0.5, 0.5, 0.51, 0.51])
    assert window(blank(500, 500), small, "face") == pytest.approx(
        [252.5 - 112.5, 252.5 - 112.5, 252.5 + 112.5, 252.5 + 112.5], abs=0.01
    )


def test_the_window_of_the_whole_is_all() -> None:
    assert window(blank(300, 500), np.float32([0, 0, 0.1, 0.1]), "whole").tolist() == [
        0, 0, 500, 300,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        # The mesh is 240 px high around (300, 220).
        ("bust", [-60, 4, 660, 724]),  # 3 * 240 = 720, around 220 + 0.6 * 240 = 364
        ("close", [168, 88, 432, 352]),  # 1.1 * 240 = 264
        ("eyes", [216, 104.8, 384, 272.8]),  # 0.7 * 240 = 168, around 220 - 0.13 * 240 = 188.8
        ("mouth", [234, 214, 366, 346]),  # 0.55 * 240 = 132, around 220 + 0.25 * 240 = 280
    ],
)
def test_the_windows_of_the_parts_of_a_person(view: View, expected: list[float]) -> None:
    box = np.float32([200 / 600, 100 / 500, 400 / 600, 340 / 500])
    assert window(blank(500, 600), box, view) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_any_box_has_pixels(view: View) -> None:
    for box in ((0.5, 0.5, 0.5, 0.5), (2, 2, 3, 3), (-0.5, -0.4, -0.2, -0.1)):
        part = window(blank(300, 200), np.float32(box), view)
        assert cut(blank(300, 200), part, 8).shape == (8, 8, 3)


# --- pixels


def test_large_pictures_shrink_and_small_ones_stay() -> None:
    assert shrink(blank(1024, 3000)).shape == (REFERENCE, 1500, 3)
    assert shrink(blank(3000, 1024)).shape == (1500, REFERENCE, 3)
    small = blank(REFERENCE, 900)
    assert shrink(small) is small


def test_a_pixel_is_the_mean_of_those_that_it_covers() -> None:
    image = blank(128, 128)
    image[::2, ::2] = 200  # lattice: any other filter would leave a pattern
    pixels = cut(image, np.float32([0, 0, 128, 128]), 32)
    assert (pixels == 50).all()
    image = np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    pixels = cut(image, np.float32([20, 10, 100, 90]), 16)
    means = image[10:90, 20:100].reshape(16, 5, 16, 5, 3).mean((1, 3))
    assert np.abs(pixels - means).max() <= 1


def test_a_part_beyond_the_border_ends_there() -> None:
    image = slope(100, 200)
    assert np.array_equal(
        cut(image, np.float32([-30, -20, 230, 120]), 50),
        cut(image, np.float32([0, 0, 200, 100]), 50),
    )
    corner = cut(image, np.float32([190, 95, 400, 300]), 8)  # enlarged, about 10 x 5 px
    assert corner[..., 0].min() >= 189
    assert corner[..., 1].min() >= 94
    assert cut(image, np.float32([300, 300, 300, 300]), 8).shape == (8, 8, 3)


def test_a_picture_becomes_its_views_in_order() -> None:
    prepare = Preprocessing(32, ("whole", "face"), HALF, HALF)
    (whole, face), general = prepare(slope(128, 128), np.float32([0.25, 0.5, 0.65, 0.9]))
    assert general.shape == (0, GENERAL_SIZE, GENERAL_SIZE, 3)
    assert whole.shape == face.shape == (32, 32, 3)
    # The face: 0.4 * 1.25 * 128 = 64 px, around (57.6, 89.6), rounded.
    assert face[0, 0, :2].tolist() == pytest.approx([26.5, 58.5], abs=0.6)
    assert face[-1, -1, :2].tolist() == pytest.approx([88.5, 120.5], abs=0.6)
    assert whole[0, 0, :2].tolist() == pytest.approx([1.5, 1.5], abs=0.6)
    (alone,), _ = Preprocessing(32, ("face",), HALF, HALF)(slope(128, 128), None)
    assert not np.array_equal(alone, face)


def test_whole_and_face_are_those_of_the_reference_size_and_the_others_keep_detail() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (2 * REFERENCE, 2 * REFERENCE, 3), dtype=np.uint8)
    prepare = Preprocessing(64, VIEWS, HALF, HALF)
    same = [
        np.array_equal(view, reduced)
        for view, reduced in zip(
            prepare(image, None)[0], prepare(shrink(image), None)[0], strict=True
        )
    ]
    assert same == [True, True, False, False, False, False]
    # A mouth of as many pixels as its view shows is copied.
    box = np.float32([0.4, 0.4, 0.5, 0.4 + 56 / 0.55 / 1024])
    (mouth,), _ = Preprocessing(56, ("mouth",), HALF, HALF)(image, box)
    x0, y0, _, _ = np.round(window(image, box, "mouth")).astype(int)
    assert np.array_equal(mouth, image[y0 : y0 + 56, x0 : x0 + 56])


def test_clothes_are_seen_larger_below_the_chin() -> None:
    prepare = Preprocessing(8, ("whole",), HALF, HALF, ("clothes",), 32)
    _, (clothes,) = prepare(slope(200, 200), np.float32([0.4, 0.2, 0.6, 0.4]))
    # 2.2 heads of 40 px, 1.4 heads below (100, 60): 56 to 144 px across, 72 to 160 px down.
    assert clothes.shape == (32, 32, 3)
    assert clothes[0, 0, :2].tolist() == pytest.approx([57, 73], abs=0.6)
    assert clothes[-1, -1, :2].tolist() == pytest.approx([142, 158], abs=0.6)


@pytest.mark.parametrize(("view", "side"), [("close", 112), ("eyes", 112), ("mouth", 56)])
def test_pixels_beyond_a_fixed_scale_are_not_seen(view: View, side: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    larger = picture.repeat(3, 0).repeat(3, 1)
    expected = cut(picture, np.float32([0, 0, side, side]), 224, view)
    assert expected.shape == (224, 224, 3)
    part = np.float32([0, 0, 3 * side, 3 * side])
    assert np.array_equal(cut(larger, part, 224, view), expected)
    assert not np.array_equal(cut(larger, part, 224), expected)


def test_every_channel_is_normalised_by_itself() -> None:
    prepare = Preprocessing(4, ("whole",), (0.5, 0.25, 0), (0.5, 0.25, 2))
    views = np.zeros((2, 4, 4, 3), np.uint8)
    views[1] = (255, 51, 204)
    views[1, 0, 3] = 0  # the first row, the last column
    values = prepare.normalise(views)
    assert values.shape == (2, 3, 4, 4)
    assert values.dtype == np.float32
    assert values[0, :, 2, 2] == pytest.approx([-1, -1, 0])
    assert values[1, :, 2, 2] == pytest.approx([1, (0.2 - 0.25) / 0.25, 0.4], abs=1e-6)
    assert values[1, :, 0, 3] == pytest.approx([-1, -1, 0])
