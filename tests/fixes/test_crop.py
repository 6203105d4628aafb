"""Which window is cut out of a photo: geometry with known answers."""

from __future__ import annotations

import pytest

from proportrait.fixes import crop
from proportrait.fixes.crop import ASPECTS, Aspect, NoCropError, windows
from proportrait.fixes.window import Window
from tests.fixes.photos import face_at, subject

SQUARE, PORTRAIT = ASPECTS


def corner(window: Window) -> tuple[float, float]:
    """Left and top in the picture, of a window that is not turned."""
    return window.centre[0] + window.left, window.centre[1] + window.top


@pytest.mark.parametrize(("aspect", "size"), [(SQUARE, 0.28), (PORTRAIT, 0.24)])
def test_with_room_the_head_has_its_best_size_and_place(aspect: Aspect, size: float) -> None:
    """Head 100 px, hair to 100 px above the eyes: 8 % of the height lie above the hair."""
    best, widest = windows(subject(2000, 1600, face_at(900, 700)), aspect, 0.0, 100)
    height = 100 / size
    assert best.height == pytest.approx(height)
    assert best.width == pytest.approx(aspect.ratio * height)
    left, top = corner(best)
    assert left == pytest.approx(900.5 - best.width / 2, abs=1)
    assert top == pytest.approx(700.5 - 100 - 0.08 * height, abs=5)
    assert widest.height > 1.5 * best.height
    assert best.angle == widest.angle == 0


def test_near_a_border_the_window_ends_there() -> None:
    """50 px above the hair are there: the hair has less room than at best."""
    person = subject(2000, 1600, face_at(900, 110))
    best, *_ = windows(person, SQUARE, 0.0, 100)
    assert corner(best)[1] == pytest.approx(0, abs=2)
    assert best.width == best.height


def test_a_larger_photo_has_windows_in_its_own_px() -> None:
    person = subject(2000, 1600, face_at(900, 700))
    (small, _), (large, _) = (windows(person, SQUARE, 0.0, 100, scale) for scale in (1.0, 3.0))
    assert large == small.scaled(3.0)


@pytest.mark.parametrize(
    ("width", "height", "x", "y", "reason"),
    [
        (1000, 1000, 500, 45, "the head is cut at the top of the photo"),
        (1000, 1000, 500, 95, "ends too near the head above"),
        (1000, 270, 500, 150, "ends too near the head below"),
        (1000, 1000, 70, 500, "ends too near the head on the left"),
        (1000, 1000, 930, 500, "ends too near the head on the right"),
        (200, 210, 100, 105, "the head fills the photo"),
    ],
)
def test_without_room_the_border_is_named(
    width: int, height: int, x: float, y: float, reason: str
) -> None:
    with pytest.raises(NoCropError, match=reason):
        windows(subject(width, height, face_at(x, y)), SQUARE, 0.0, 50)


def test_too_few_pixels_are_told_in_numbers() -> None:
    """The widest good window has a head of 0.155 of its height: 50 px / 0.155 = 322 px."""
    person = subject(1000, 1000, face_at(500, 500, head=50))
    with pytest.raises(NoCropError, match=r"only 322 px wide: at least 400 px are needed"):
        windows(person, SQUARE, 0.0, 400)
    with pytest.raises(NoCropError, match=r"only 258 px wide: at least 300 px are needed"):
        windows(person, PORTRAIT, 0.0, 300)
    best, *_ = windows(person, SQUARE, 0.0, 300)
    assert best.width >= 300


def test_a_bystander_is_left_out_where_that_is_possible() -> None:
    """A face 230 px beside: at best half the width, 179 px, and 50 px of the face would show."""
    alone, *_ = windows(subject(2000, 1600, face_at(900, 700)), SQUARE, 0.0, 100)
    other = face_at(1125, 700, head=70)
    crowded, *_ = windows(subject(2000, 1600, face_at(900, 700), other), SQUARE, 0.0, 100)
    edge = 1125 - 0.7 * 70
    assert corner(alone)[0] + alone.width > edge
    assert corner(crowded)[0] + crowded.width <= edge + 1


def test_a_turned_window_lies_in_the_photo_or_is_turned_less() -> None:
    person = subject(2000, 1600, face_at(900, 700))
    best, *_ = windows(person, SQUARE, 8.0, 100)
    assert best.angle == 8.0
    tight = subject(
        300, 330, face_at(150, 130)
    )  # 270 px at 8 deg take 305, at 6 deg 297
    best, *_ = windows(tight, SQUARE, 8.0, 100)
    assert best.angle == 6.0
    assert best.cut(tight.image).shape[:2] == best.size[::-1]


def test_what_leans_too_much_and_may_not_be_turned_has_no_crop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crop, "measured_tilt", lambda subject: -25.0)
    person = subject(2000, 1600, face_at(900, 700))
    with pytest.raises(NoCropError, match="the head leans by 25 degrees"):
        windows(person, SQUARE, 0.0, 100)
    best, *_ = windows(person, SQUARE, -25.0, 100)
    assert best.angle == -25.0
    tight = subject(300, 330, face_at(150, 130))
    with pytest.raises(NoCropError, match=r", turned by 25 degrees: nothing is left"):
        windows(tight, SQUARE, -25.0, 100)
