"""Numbers of pictures stay, whatever becomes of their folder; rows of features are theirs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from proportrait.serve.taste.album import Album
from proportrait.serve.taste.rows import Rows
from proportrait.taste.labels import Place


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(album: Album) -> set[str]:
    """Of the pictures that are there."""
    return {album.name(number) for number in range(len(album.paths)) if album.holds(number)}


def test_a_picture_keeps_its_number(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jpg"), write(tmp_path / "sub" / "b.jpg")
    album = Album(tmp_path)
    assert not album.is_listed
    album.update()
    assert album.is_listed
    number = album.paths.index(first.resolve())
    first.unlink()
    write(tmp_path / "0.jpg")
    album.update()
    assert names(album) == {"0.jpg", os.path.join("sub", second.name)}  # noqa: PTH118
    assert not album.holds(number)
    write(first)
    album.update()
    assert album.holds(number)
    assert album.name(number) == "a.jpg"
    assert len(album) == len(album.paths) == 3


def test_copies_count_as_long_as_they_are_there(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.jpg") for number in range(3)]
    album = Album(tmp_path)
    album.update()
    for number in range(3):
        album.learn(number, "one", Place(album.paths[number], 1, 1))
    assert album.count(["one", "unknown"]) == 3
    paths[0].unlink()
    album.fail(1, "broken")
    album.update()
    assert album.count(["one"]) == 1
    write(paths[0])
    album.update()
    assert album.count(["one"]) == 2
    album.learn(2, "another", Place(album.paths[2], 1, 1))  # the file was replaced
    assert (album.count(["one"]), album.count(["another"])) == (1, 1)


def test_a_file_that_comes_is_noticed_by_the_time_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "a.jpg")
    album = Album(tmp_path)
    album.update()
    album._took = 1e9  # no listing is due for its age
    album._began -= 3600
    old = album._began - 3600
    for folder in (tmp_path, tmp_path / "sub"):
        os.utime(folder, (old, old))
    assert not album._is_stale()
    write(tmp_path / "sub" / "b.jpg")
    assert album._is_stale()
    album.stop()
    album.wait()


def test_a_folder_that_is_gone_is_a_problem_until_it_is_back(tmp_path: Path) -> None:
    album = Album(tmp_path / "photos")
    album.update()
    assert "cannot be listed" in album.problem
    write(tmp_path / "photos" / "a.jpg")
    album.update()
    assert (album.problem, names(album)) == ("", {"a.jpg"})


def test_labelled_pictures_are_known_again_unless_they_changed(tmp_path: Path) -> None:
    same, changed = write(tmp_path / "a.jpg"), write(tmp_path / "b.jpg")
    outside = write(tmp_path.parent / "outside.jpg")
    places = {}
    for path in (same, changed, outside):
        stat = path.stat()
        places[path.stem] = Place(path.resolve(), stat.st_size, stat.st_mtime_ns)
    write(changed, "longer")
    album = Album(tmp_path)
    album.recall(places)
    assert album.number("a") == 0
    assert album.number("b") is album.number("outside") is None
    album.update()
    assert len(album) == 2


def test_a_picture_that_failed_is_tried_again_once_it_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jpg", "half")
    album = Album(tmp_path)
    album.update()
    album.fail(0, "damaged")
    album.update()
    assert not album.holds(0)
    write(path, "whole")
    os.utime(path, (1, 1))
    album.update()
    assert album.holds(0)


def test_of_two_copies_the_one_that_is_left_stands_for_both(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.jpg"), write(tmp_path / "b.jpg")
    album = Album(tmp_path)
    album.update()
    for number, path in enumerate(album.paths):
        album.learn(number, "same", Place(path, 1, 1))
    first = album.number("same")
    assert first is not None
    (one if album.name(first) == "a.jpg" else two).unlink()
    album.update()
    album.learn(1 - first, "same", Place(album.paths[1 - first], 1, 1))
    assert album.number("same") == 1 - first


def test_rows_are_read_back_as_they_were_put() -> None:
    rows = Rows(3)
    assert list(rows.blocks()) == []
    for number in range(1200):
        rows.put(number, np.full(3, number, np.float32))
    rows.put(5, np.array([1, 2, np.nan], np.float32))  # its file has changed
    rows.drop(7)
    assert (len(rows), 7 in rows) == (1199, False)
    np.testing.assert_array_equal(rows.values([5, 300]), [[1, 2, np.nan], [300, 300, 300]])
    blocks = list(rows.blocks())
    assert max(len(numbers) for numbers, _ in blocks) <= 512
    numbers = [number for own, _ in blocks for number in own]
    assert sorted(numbers) == sorted(rows.numbers())
    values = np.concatenate([part for _, part in blocks])
    np.testing.assert_array_equal(values[numbers.index(5)], [1, 2, np.nan])
    rows.close()
