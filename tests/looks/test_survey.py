"""Looks at many pictures."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize(("pictures", "total"), [(list, None), (iter, 4)])
def test_a_few_pictures_start_no_process(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch, pictures: Callable[..., Iterable[Path]],
    total: int | None,
) -> None:  # fmt: skip
    def spread(work: object, items: object, workers: int, known: object) -> Iterator[object]:
        assert workers == 1
        return iter(())

    monkeypatch.setattr(survey_module, "spread", lambda *given: closing_empty(spread(*given)))
    with LookCache() as cache:
        assert list(survey(pictures(photos), Wants(()), cache, total=total)) == []


def closing_empty(items: Iterator[object]) -> Generator[object, None, None]:
    yield from items


def test_a_survey_goes_on_in_another_thread(photos: list[Path]) -> None:
    """As a server does that streams its answer."""
    with LookCache() as cache:
        looks = survey(photos, Wants(("framing",)), cache, 1)
        first = next(looks)
        with ThreadPoolExecutor(1) as thread:
            rest = thread.submit(list, looks).result()
    assert [first[0], *(picture for picture, _ in rest)] == photos
