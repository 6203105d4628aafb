"""Looks at many pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from proportrait.looks import survey as survey_module
from proportrait.looks.cache import FOLDER_VARIABLE, LookCache
from proportrait.looks.look import Wants
from proportrait.looks.survey import survey
from tests import FACE


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(FACE.read_bytes() + bytes(number))
    (folder / "3.jpg").write_bytes(b"no picture")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
def test_every_picture_has_a_look_in_its_order(photos: list[Path], workers: int) -> None:
    with LookCache() as cache:
        looks = list(survey(iter(photos), Wants(("framing",)), cache, workers))
    assert [picture for picture, _ in looks] == photos
    assert [look.error == "" for _, look in looks] == [True, True, True, False]
    assert len({look.digest for _, look in looks}) == 4
    assert len({look.scores.get("framing") for _, look in looks[:3]}) == 1
    assert all(look.subject is None for _, look in looks)


def test_a_second_survey_opens_no_picture(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with LookCache() as cache:
        first = list(survey(photos, Wants(("framing",)), cache, 1))
    monkeypatch.setattr(survey_module, "look_at_file", None)
    with LookCache() as cache:
        second = list(survey(photos, Wants(("framing",)), cache, 1))
    assert [look.scores for _, look in second] == [look.scores for _, look in first]
    assert [look.error for _, look in second] == [look.error for _, look in first]


def test_a_copy_is_read_but_not_measured_again(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with LookCache() as cache:
        (_, before), *_ = survey(photos, Wants(("framing",)), cache, 1)
        copy = photos[0].with_name("copy.jpg")
        shutil.copy(photos[0], copy)
        monkeypatch.setattr("proportrait.looks.look._complete", None)
        ((_, after),) = survey([copy], Wants(("framing",)), cache, 1)
    assert after.scores == before.scores
