"""Copies and links of the best photos."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError, StoreError
from proportrait.imaging import MADE_HERE, list_pictures
from proportrait.rank.outputs.best import Best
from proportrait.rank.ranking import Ranked


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """a.jpg, b.jpg, c.jpg, and another a.jpg in a subfolder."""
    folder = tmp_path / "photos"
    for name in ("a.jpg", "b.jpg", "c.jpg", "deep/a.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"bytes of {name}")
        os.utime(folder / name, (1e9, 1e9))
    return folder


def ranked(*paths: Path) -> list[Ranked]:
    return [Ranked(path, rank, 50.0, 1.0, "single", ()) for rank, path in enumerate(paths, 1)]


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != MADE_HERE}


@pytest.mark.parametrize("links", [False, True])
@pytest.mark.parametrize("place", ["best", "photos/best"])
def test_the_best_photos_sort_by_rank(
    photos: Path, tmp_path: Path, links: bool, place: str
) -> None:
    best = tmp_path / place
    files = [photos / "b.jpg", photos / "a.jpg", photos / "deep" / "a.jpg"]
    for new in (3, 0):  # the second run knows them
        assert Best(best, photos, links).take(ranked(*files)) == new
        assert contents(best) == {
            "001_b.jpg": "bytes of b.jpg", "002_a.jpg": "bytes of a.jpg",
            "003_a.jpg": "bytes of deep/a.jpg",
        }  # fmt: skip
    assert (best / "001_b.jpg").is_symlink() is links
    assert (best / "001_b.jpg").stat().st_mtime == 1e9
    listing = list_pictures(photos)
    assert [path.relative_to(photos).as_posix() for path in listing.paths] == [
        "a.jpg", "b.jpg", "c.jpg", "deep/a.jpg",
    ]  # fmt: skip
    assert listing.outputs == ((best,) if best.is_relative_to(photos) else ())


@pytest.mark.parametrize("links", [False, True])
def test_a_second_run_gives_what_it_knows_the_names_of_the_new_ranks(
    photos: Path, tmp_path: Path, links: bool
) -> None:
    best = tmp_path / "best"
    a, b, c, other = (photos / name for name in ("a.jpg", "b.jpg", "c.jpg", "deep/a.jpg"))
    Best(best, photos, links).take(ranked(a, b, other))
    (best / "notes.txt").write_text("mine")
    assert Best(best, photos, links).take(ranked(c, a, other)) == 1
    assert contents(best) == {
        "001_c.jpg": "bytes of c.jpg", "002_a.jpg": "bytes of a.jpg",
        "002_b.jpg": "bytes of b.jpg",  # of the earlier run: nothing is deleted
        "003_a.jpg": "bytes of deep/a.jpg", "notes.txt": "mine",
    }  # fmt: skip
    assert Best(best, photos, links).take(ranked(other, a)) == 0
    assert contents(best)["001_a.jpg"] == "bytes of deep/a.jpg"
    assert len(contents(best)) == 5


def test_nothing_is_replaced(photos: Path, tmp_path: Path) -> None:
    best = tmp_path / "best"
    best.mkdir()
    (best / "001_a.jpg").write_text("mine")
    (best / "001_a-2.jpg").symlink_to(tmp_path / "nowhere")
    Best(best, photos).take(ranked(photos / "a.jpg"))
    Best(best, photos, links=True).take(ranked(photos / "a.jpg"))
    assert (best / "001_a.jpg").read_text() == "mine"
    assert (best / "001_a-3.jpg").read_text() == "bytes of a.jpg"
    assert (best / "001_a-4.jpg").readlink() == photos / "a.jpg"
    assert not (tmp_path / "nowhere").exists()


def test_a_thousand_names_sort_too(photos: Path, tmp_path: Path) -> None:
    files = [photos / f"{number}.jpg" for number in range(1000)]
    for file in files:
        file.touch()
    for number in (999, 1000):  # the second run has longer numbers
        Best(tmp_path / "best", photos, links=True).take(ranked(*files[:number]))
    names = sorted(path.name for path in (tmp_path / "best").iterdir())
    assert names[0] == "0001_0.jpg"
    assert names[-1] == "1000_999.jpg"
    assert len(names) == 1000


@pytest.mark.parametrize("place", ["photos", "photos/deep", "link", "link/deep", "file"])
def test_a_folder_of_photos_takes_none(photos: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "link").symlink_to(photos)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"holds photos of yours|is no folder"):
        Best(tmp_path / place, photos)


def test_where_links_are_not_allowed_the_error_says_what_to_do(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "symlink", refuse)
    best = Best(tmp_path / "best", photos, links=True)
    best.take(ranked(photos / "a.jpg"))
    assert (tmp_path / "best" / "001_a.jpg").samefile(photos / "a.jpg")
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StoreError, match="take --copy_to"):
        best.take(ranked(photos / "b.jpg"))


def test_a_photo_that_is_gone_is_named(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone\.jpg cannot be read"):
        Best(tmp_path / "best", photos).take(ranked(photos / "gone.jpg"))
    assert contents(tmp_path / "best") == {}
