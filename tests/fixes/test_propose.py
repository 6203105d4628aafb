"""Crops of a photo: never worse, the photo untouched, the same bytes each time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import numpy as np
import PIL.Image
import pytest

from proportrait import fix, imaging
from proportrait.arrays import Image
from proportrait.fixes import propose
from proportrait.fixes.propose import worse
from proportrait.measures import MODULES, Measure, Subject
from proportrait.score import Score, Scorer
from tests import FACE
from tests.fixes.photos import off_centre
from tests.score.samples import scored

GOOD = (90, 90, 90, 90, 90, 90)


class Scripted:
    """A scorer that says what is written down: first of the photo, then of each crop."""

    def __init__(self, *scores: Score) -> None:
        self.scores = list(scores)

    def image(self, picture: object) -> Score:
        return self.scores.pop(0) if len(self.scores) > 1 else self.scores[0]


def scripted(*scores: Score) -> Scorer:
    return cast("Scorer", Scripted(*scores))


@pytest.fixture(scope="module")
def photo() -> Image:
    return off_centre()


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer()


def test_a_photo_that_nothing_would_help_is_not_written_again(
    photo: Image, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    square = fix(photo, scorer)[0].image
    assert square is not None
    (again, _) = fix(square, scorer)
    assert (again.reason == "") == bool(again.actions)  # a little may be left to do
    monkeypatch.setattr(propose, "_actions", lambda *_: iter(()))
    for entry in fix(photo, scorer):
        assert entry.reason == "the photo has this form already, and nothing would help it"
        assert (entry.data, entry.after) == (b"", None)


def test_a_face_beside_the_middle_comes_into_it(photo: Image, scorer: Scorer) -> None:
    before = photo.copy()
    square, portrait = fixes = fix(photo, scorer)
    assert (photo == before).all()
    assert [entry.data for entry in fix(photo, scorer)] == [entry.data for entry in fixes]
    for entry, ratio in ((square, 1.0), (portrait, 0.8)):
        assert entry.reason == ""
        assert entry.image is not None
        height, width = entry.image.shape[:2]
        assert width / height == pytest.approx(ratio, abs=0.002)
        assert entry.actions[0] == f"cropped to {width} x {height} px"
        assert entry.after is not None
        assert not worse(entry.before, entry.after)
        measures = MODULES["framing"].measure(Subject(entry.image, _analyzer()))
        assert abs(_value(measures, "HorizontalOffset")) < 0.06
        assert 0.15 < _value(measures, "HeadSize") < 0.38
        data = entry.to_json()
        assert (data["width"], data["height"], data["turned"]) == (width, height, 0.0)


def test_a_lying_photo_is_set_upright(photo: Image, scorer: Scorer) -> None:
    lying = np.ascontiguousarray(np.rot90(photo))  # its top is on the left
    square, _ = fix(lying, scorer)
    upright, _ = fix(photo, scorer)
    assert "turned by 90.0 degrees clockwise" in square.actions
    assert square.turn == 90
    assert square.image is not None
    assert upright.image is not None
    assert np.abs(square.image.astype(int) - upright.image).mean() < 3


def test_of_a_file_all_pixels_and_its_exif_are_used(
    photo: Image, scorer: Scorer, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    large = imaging.resize(photo, (photo.shape[1] * 2, photo.shape[0] * 2))
    exif = PIL.Image.Exif()
    exif[0x010F] = "Canon"
    exif.get_ifd(0x8825)[1] = "N"
    PIL.Image.fromarray(large).save(path, exif=exif, quality=95)
    data = path.read_bytes()
    square, _ = fix(path, scorer)
    assert path.read_bytes() == data
    assert square.image is not None
    assert square.image.shape[0] > 1000
    assert square.actions[-1] == "left out of the file: the GPS position"
    opened = PIL.Image.open(io.BytesIO(square.data))
    assert opened.getexif()[0x010F] == "Canon"
    assert opened.getexif().get_ifd(0x8825) == {}


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (GOOD, ""),
        ((90, 40, 90, 90, 90, 90), "background would no longer be good"),
        ((90, None, 90, 90, 90, 90), "background would no longer be good"),
        ((40, 90, 40, 90, 90, 90), "lighting, attire would no longer be good"),
        ((80, 80, 80, 80, 80, 80), "the mark would fall from 90 to 80"),
        ((90, 90, 90, 90, 100, 90), ""),
    ],
)
def test_what_a_crop_may_not_lose(after: tuple[int | None, ...], why: str) -> None:
    assert worse(scored("a", GOOD), scored("b", after)) == why


def test_a_bad_verdict_may_stay_and_nobody_may_join() -> None:
    bad = (40, 90, 90, 90, 90, 90)
    assert worse(scored("a", bad), scored("b", bad)) == ""
    joined = worse(scored("a", GOOD), scored("b", GOOD, one_person=False))
    assert joined == "the person would not be alone in it"


def test_a_crop_that_is_worse_is_not_proposed(photo: Image) -> None:
    before, after = scored("a", GOOD), scored("b", (90, 90, 90, 90, 90, 20))
    for entry in fix(photo, scripted(before, after)):
        assert (entry.data, entry.after, entry.window) == (b"", None, None)
        assert entry.reason == "a crop would be worse: sharpness would no longer be good"
        assert entry.to_json() == {"aspect": entry.aspect, "reason": entry.reason}


def test_the_wider_window_is_tried_where_the_best_loses(photo: Image) -> None:
    before, loss = scored("a", GOOD), scored("b", (90, 90, 20, 90, 90, 90))
    first, *_ = fix(photo, scripted(before, before))
    second, *_ = fix(photo, scripted(before, loss, before))
    assert first.window is not None
    assert second.window is not None
    assert second.window.height > 1.04 * first.window.height


def test_levelling_is_kept_only_where_the_lighting_gains(
    photo: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = propose.Levels(0.5, 1.6)
    monkeypatch.setattr(propose, "levels", lambda subject: change)
    dim = (60, 90, 90, 90, 90, 90)
    for marks, kept in [((70, 90, 90, 90, 90, 90), True), ((61, 90, 90, 90, 90, 90), False),
                        ((95, 30, 90, 90, 90, 90), False)]:  # fmt: skip
        entry, _ = fix(photo, scripted(scored("a", dim), scored("b", dim), scored("c", marks)))
        assert (entry.levels == change) is kept
        assert ("0.5 stops brighter" in entry.actions) is kept


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.full((600, 600, 3), 128, np.uint8), "no face found"),
        (FACE, "the head fills the photo"),
    ],
    ids=["nobody", "close"],
)
def test_what_cannot_be_cropped_says_why(picture: Any, reason: str, scorer: Scorer) -> None:
    square, _ = fix(picture, scorer)
    assert reason in square.reason


def test_a_file_that_is_no_picture_says_why(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    for entry in fix(tmp_path / "a.jpg", scorer):
        assert "no picture of a known format" in entry.reason


def test_too_few_pixels(photo: Image, scorer: Scorer) -> None:
    square, portrait = fix(photo, scorer, smallest=5000)
    assert "at least 5000 px are needed" in square.reason
    assert "at least 5000 px are needed" in portrait.reason


def _analyzer() -> Any:
    from proportrait.faces import shared_analyzer

    return shared_analyzer()


def _value(measures: Any, name: str) -> float:
    entry = measures[name]
    assert isinstance(entry, Measure)
    return entry.value
