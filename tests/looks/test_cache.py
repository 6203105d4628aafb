"""The cache of looks: its place, its versions, its limits, and its failures."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from proportrait.looks import cache as cache_module
from proportrait.looks.cache import FOLDER_VARIABLE, NAME, LookCache, cache_path
from proportrait.looks.look import Look
from proportrait.looks.version import version
from proportrait.measures import Measure, Unassessed


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / NAME


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"bytes of a picture")
    return folder / "a.jpg"


def some_look(digest: str = "d" * 64, score: float = 0.1 + 0.2) -> Look:
    """With numbers that any rounding would change."""
    return Look(
        size=(4, 5),
        boxes=np.array([[0.1, 0.2, 1 / 3, 0.7]], np.float32),
        measures={
            "framing": {"HeadSize": Measure("HeadSize", 1 / 3, "1", score, "middle")},
            "attire": {"FormalAttire": Unassessed("FormalAttire", "why")},
        },
        scores={"framing": score},
        reasons={"attire": "why"},
        features={"whole": np.arange(4, dtype=np.float16) / 3},
        remarks=("a remark",),
        digest=digest,
    )


def check_equal(look: Look | None, expected: Look) -> None:
    assert look is not None
    for name in ("size", "measures", "scores", "reasons", "remarks", "error", "digest"):
        assert getattr(look, name) == getattr(expected, name), name
    assert look.boxes.tobytes() == expected.boxes.tobytes()
    assert look.features.keys() == expected.features.keys()
    for name, values in look.features.items():
        assert values.tobytes() == expected.features[name].tobytes()


def test_a_look_comes_back_bit_for_bit(picture: Path) -> None:
    with LookCache() as cache:
        assert cache.get(picture) is None
        cache.put(picture, some_look())
        check_equal(cache.get(picture), some_look())
    with LookCache() as cache:
        check_equal(cache.get(picture), some_look())


def test_a_look_belongs_to_the_content(picture: Path) -> None:
    with LookCache() as cache:
        cache.put(picture, some_look())
        moved = picture.with_name("b.jpg")
        picture.rename(moved)
        assert cache.get(moved) is None  # there is no look at a file of this name
        check_equal(cache.by_digest(moved, some_look().digest), some_look())
        cache.put(moved, some_look())
        moved.write_bytes(b"other bytes of a picture")
        assert cache.get(moved) is None
        assert cache.get(picture) is None


def test_a_look_of_another_version_is_taken_again(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LookCache() as cache:
        cache.put(picture, some_look())
        monkeypatch.setattr(cache_module, "version", lambda: "another")
        assert cache.get(picture) is None
        plain = Look(size=(1, 1), digest=some_look().digest)
        cache.put(picture, plain)
        check_equal(cache.get(picture), plain)  # without the features of the version before


def test_the_version_follows_from_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(version()) == 16
    assert version() == version.__wrapped__()
    monkeypatch.setattr("proportrait.looks.version._ROOMS", ("arrays.py",))
    assert version.__wrapped__() != version()


def test_the_cache_of_a_data_set_lies_in_it_and_no_other_beside_photos(
    tmp_path: Path, place: Path, picture: Path
) -> None:
    for name in ("images", "metadata"):
        (tmp_path / "set" / name).mkdir(parents=True)
    assert cache_path(tmp_path / "set" / "images") == tmp_path / "set" / "verification" / NAME
    assert cache_path(picture.parent) == place
    with LookCache() as cache:
        cache.put(picture, some_look())
    assert [file.name for file in picture.parent.iterdir()] == ["a.jpg"]
    assert place.exists()
    text = place.read_bytes()
    assert b"photos" not in text  # the cache does not reveal where photos lie


def test_without_the_variable_it_is_the_users_cache_directory(
    picture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    path = cache_path(picture.parent)
    assert path.name == NAME
    assert path.parent.name == "proportrait"


def test_a_place_that_cannot_be_written_means_no_cache(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "below"))
    with LookCache() as cache:
        cache.put(picture, some_look())
        check_equal(cache.get(picture), some_look())  # for as long as it is open
    with LookCache() as cache:
        assert cache.get(picture) is None


def test_a_damaged_cache_is_made_anew(picture: Path, place: Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"this is no database" * 100)
    with LookCache() as cache:
        cache.put(picture, some_look())
    with LookCache() as cache:
        check_equal(cache.get(picture), some_look())


def test_a_cache_of_another_layout_is_emptied(picture: Path, place: Path) -> None:
    place.parent.mkdir()
    with sqlite3.connect(place) as file:
        file.execute("CREATE TABLE looks (name TEXT PRIMARY KEY, said TEXT)")
        file.execute("INSERT INTO looks VALUES ('a.jpg', '{}')")
    with LookCache() as cache:
        cache.put(picture, some_look())
    with LookCache() as cache:
        check_equal(cache.get(picture), some_look())


@pytest.mark.parametrize("table", ["looks", "features"])
def test_a_damaged_row_is_taken_again(picture: Path, place: Path, table: str) -> None:
    with LookCache() as cache:
        cache.put(picture, some_look())
    with sqlite3.connect(place) as file:
        file.execute(f"UPDATE {table} SET body = ?", (b"junk!",))
    with LookCache() as cache:
        assert cache.get(picture) is None
        cache.put(picture, some_look())
        check_equal(cache.get(picture), some_look())


def test_a_full_disk_means_no_cache(picture: Path, place: Path) -> None:
    with LookCache() as cache:
        cache.put(picture, some_look())
        file = cache._file(picture)
        file._connection.execute("PRAGMA max_page_count = 1")
        big = some_look("e" * 64)
        big.features["whole"] = np.random.default_rng(0).random(500_000).astype(np.float16)  # type: ignore[index]
        cache.put(picture, big)
        assert cache.get(picture) is None
        cache.put(picture, some_look())
        check_equal(cache.get(picture), some_look())


def test_others_read_a_look_at_once_and_wait_for_nobody(picture: Path, place: Path) -> None:
    with LookCache() as cache:
        cache.put(picture, some_look())
        with LookCache(read_only=True) as other:
            check_equal(other.get(picture), some_look())
        with sqlite3.connect(place, timeout=0) as writer:
            writer.execute("UPDATE files SET size = size")  # no lock is held


def test_a_killed_process_leaves_its_looks(picture: Path, place: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.looks.test_cache import some_look\n"
        "from proportrait.looks.cache import LookCache\n"
        "cache = LookCache(); cache.put(Path(sys.argv[1]), some_look()); os._exit(9)"
    )
    process = subprocess.run([sys.executable, "-c", code, str(picture)], env={**os.environ})
    assert process.returncode == 9
    with LookCache() as cache:
        check_equal(cache.get(picture), some_look())


def test_the_oldest_looks_go_first(
    picture: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "MOST", 2)
    with LookCache() as cache:
        for letter in "abcd":
            cache.put(picture, some_look(letter * 64))
    with LookCache() as cache:
        present = [cache.by_digest(picture, letter * 64) is not None for letter in "abcd"]
    assert present == [False, False, True, True]
    with sqlite3.connect(place) as file:
        assert file.execute("SELECT COUNT(*) FROM features").fetchone() == (2,)


def test_a_data_set_forgets_no_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MOST", 1)
    for name in ("images", "metadata"):
        (tmp_path / "set" / name).mkdir(parents=True)
    pictures = [tmp_path / "set" / "images" / f"{letter}.jpg" for letter in "abc"]
    with LookCache() as cache:
        for picture in pictures:
            picture.write_bytes(picture.name.encode())
            cache.put(picture, some_look(picture.stem * 64))
    with LookCache() as cache:
        assert all(cache.get(picture) for picture in pictures)


def test_a_look_at_what_could_not_be_opened_is_not_kept(picture: Path) -> None:
    with LookCache() as cache:
        cache.put(picture, Look(error="it cannot be read"))
        assert cache.get(picture) is None
        cache.put(picture, Look(error="damaged", digest="f" * 64))
        look = cache.get(picture)
        assert look is not None
        assert look.error == "damaged"
