"""Labelled pictures of a folder, their fingerprint, and their split by source."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import ConfigurationError
from proportrait.train.data import (
    TABLE,
    Pictures,
    Split,
    from_generator,
    new_sources,
    source_hashes,
    split,
)
from proportrait.train.settings import SPLITS
from tests.store_samples import commit_all

CODES = {"a.jpg": "111111", "b.jpg": "1?0?01", "c.jpg": "000000"}


def write_table(folder: Path, text: str, files: str = "a.jpg b.jpg c.jpg") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in files.split():
        (folder / name).write_bytes(name.encode())
    (folder / TABLE).write_text(text)
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = [f"{name},{code},{'ann' if name != 'c.jpg' else ''}" for name, code in CODES.items()]
    return write_table(tmp_path / "set", "\n".join(["file,labels,source_id", *rows]))


def many(people: int, each: int = 2) -> Pictures:
    """Pictures without files."""
    count = people * each
    return Pictures(
        np.array([f"{n}.jpg" for n in range(count)], np.str_),
        np.ones((count, 6), np.float32),
        np.ones((count, 6), bool),
        np.array([f"person {n // each}" for n in range(count)], np.str_),
        np.array([""] * count, np.str_),
    )


# --- folders


def test_a_table_gives_labels_and_the_known_mask(labelled: Path) -> None:
    pictures = Pictures.from_folder(labelled)
    assert list(pictures.paths) == [str(labelled / name) for name in CODES]
    assert pictures.labels.tolist() == [[1] * 6, [1, 0, 0, 0, 0, 1], [0] * 6]
    assert pictures.known.tolist() == [
        [True] * 6, [True, False, True, False, True, True], [True] * 6,
    ]  # fmt: skip
    assert list(pictures.sources) == [
        "ann",
        "ann",
        "c.jpg",
    ]  # no source_id: one of its own
    assert pictures.labels.dtype == np.float32


def test_a_table_without_people_has_one_a_picture(tmp_path: Path) -> None:
    folder = write_table(tmp_path, "\ufefffile,labels\na.jpg,111111\nb.jpg,111111\n")
    assert list(Pictures.from_folder(folder).sources) == ["a.jpg", "b.jpg"]


def test_pictures_of_a_site_are_a_group_unless_their_person_is_known(tmp_path: Path) -> None:
    rows = ["a.jpg,111111,firm.example,", "b.jpg,000000,firm.example,ann", "c.jpg,111111,,"]
    folder = write_table(tmp_path, "\n".join(["file,labels,site,source_id", *rows]))
    assert list(Pictures.from_folder(folder).sources) == ["firm.example", "ann", "c.jpg"]
    # A line that ends early.
    folder = write_table(tmp_path, "file,labels,site,source_id\na.jpg,111111,firm.example\n")
    assert list(Pictures.from_folder(folder).sources) == ["firm.example"]


def test_files_of_a_table_may_lie_in_images(tmp_path: Path) -> None:
    write_table(tmp_path / "images", "", "a.jpg")
    folder = write_table(tmp_path, "file,labels\na.jpg,111111\n", "")
    assert list(Pictures.from_folder(folder).paths) == [str(tmp_path / "images" / "a.jpg")]


@pytest.mark.parametrize(
    ("place", "name"),
    [("", "a.jpg"), ("images", "a.jpg"), ("images", "images/a.jpg"), ("images", "./images/a.jpg")],
)
def test_a_file_may_be_named_with_its_folder(tmp_path: Path, place: str, name: str) -> None:
    write_table(tmp_path / place, "", "a.jpg")
    folder = write_table(tmp_path, f"file,labels\n{name},111111\n", "")
    (path,) = Pictures.from_folder(folder).paths
    assert Path(path).resolve() == (tmp_path / place / "a.jpg").resolve()


def test_a_file_beside_the_table_counts_where_images_lacks_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    folder = write_table(tmp_path, "file,labels\na.jpg,111111\n")
    assert list(Pictures.from_folder(folder).paths) == [str(tmp_path / "a.jpg")]


def test_pictures_without_a_known_label_are_an_error(labelled: Path, tmp_path: Path) -> None:
    folder = write_table(tmp_path / "unknown", "file,labels\na.jpg,??????\nb.jpg,??????\n")
    with pytest.raises(ConfigurationError, match=r"no label of the 2 pictures .* is known"):
        Pictures.from_folders([folder])
    assert len(Pictures.from_folders([folder, labelled])) == 5


def test_what_cannot_be_learnt_is_told() -> None:
    pictures = many(10)
    pictures.known[:, 2] = False
    pictures.labels[:, 3:] = 0
    pictures.labels[::2, 4] = 1
    pictures.labels[::2, :2] = 0
    lines = split(pictures).warnings()
    count = len(split(pictures).train)
    assert [line.split(":")[0] for line in lines] == ["attire", "expression", "sharpness"]
    assert "no label is known" in lines[0]
    assert f"all {count} known labels are 0" in lines[1]
    pictures.known[:] = False
    with pytest.raises(ConfigurationError, match="training pictures is known"):
        split(pictures).warnings()


def test_records_give_labels_sources_and_digests(tmp_path: Path) -> None:
    commit_all(tmp_path, 2, threads=1)
    pictures = Pictures.from_folder(tmp_path)
    # 101111, of which attire and expression are no claims, and its blurred twin.
    assert {tuple(row) for row in pictures.labels} == {(1, 0, 0, 0, 1, 1), (1, 0, 0, 0, 1, 0)}
    assert (pictures.known == [True, True, False, False, True, True]).all()
    assert sorted(pictures.sources) == ["sample:0", "sample:0", "sample:1", "sample:1"]
    assert list(pictures.paths) == sorted(map(str, (tmp_path / "images").iterdir()))
    bytes_ = [Path(path).read_bytes() for path in pictures.paths]
    assert list(pictures.digests) == [hashlib.sha256(data).hexdigest() for data in bytes_]


def test_several_folders_are_one_set(labelled: Path, tmp_path: Path) -> None:
    commit_all(tmp_path / "made", 1, threads=1)
    pictures = Pictures.from_folders([labelled, tmp_path / "made"])
    assert list(pictures.sources) == ["ann", "ann", "c.jpg", "sample:0", "sample:0"]
    assert len(pictures) == 5
    assert len(pictures[pictures.sources == "ann"]) == 2
    assert list(pictures[np.array([4, 2])].sources) == ["sample:0", "c.jpg"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "has no column file and labels: its first line is file,labels"),
        ("file,code\na.jpg,111111", "has no column labels:"),
        ("file,labels\n", "names no picture"),
        ("file,labels\na.jpg,111111\nb.jpg,11111", "line 3: labels are 6 .* not '11111'"),
        ("file,labels\na.jpg,11111x", "line 2: labels are 6 characters 0, 1, or"),
        ("file,labels\na.jpg", "line 2: labels are 6 characters .* not ''"),
        ("file,labels\ngone.jpg,111111", "line 2: there is no .*gone.jpg"),
        (
            "file,labels\na.jpg,111111\nb.jpg,111111\na.jpg,11111?",
            "line 4: a.jpg has the labels 11111., and in line 2 111111: keep one",
        ),
        ("file,labels\na.jpg,111111\n./a.jpg,011111", "line 3: ./a.jpg has the labels 011111"),
        ("labels,file\n111111", "line 2: there is no "),
    ],
)
def test_an_unusable_table_is_an_error(tmp_path: Path, table: str, message: str) -> None:
    write_table(tmp_path, table)
    with pytest.raises(ConfigurationError, match=message):
        Pictures.from_folder(tmp_path)


def test_a_folder_without_labels_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"holds neither images/ .* nor a labels\.csv"):
        Pictures.from_folder(tmp_path)
    for name in ("images", "metadata"):
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigurationError, match="holds no readable record"):
        Pictures.from_folder(tmp_path)


# --- the fingerprint


def test_a_fingerprint_does_not_depend_on_the_place(labelled: Path, tmp_path: Path) -> None:
    before = Pictures.from_folder(labelled)
    shutil.copytree(labelled, tmp_path / "other")
    after = Pictures.from_folder(tmp_path / "other")
    assert after.fingerprint() == before.fingerprint()
    assert after[np.array([2, 0, 1])].fingerprint() == before.fingerprint()


def test_a_fingerprint_does_not_depend_on_the_names_of_folders(tmp_path: Path) -> None:
    write_table(tmp_path / "p", "file,labels\na.jpg,111111", "a.jpg")
    write_table(tmp_path / "q", "file,labels\nb.jpg,000000", "b.jpg")
    before = Pictures.from_folders([tmp_path / "p", tmp_path / "q"]).fingerprint()
    (tmp_path / "p").rename(tmp_path / "r")
    assert Pictures.from_folders([tmp_path / "r", tmp_path / "q"]).fingerprint() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("000000", "000001"), ("000000", "00000?"), ("1?0?01", "100?01"), ("ann", "bob")],
)
def test_a_fingerprint_changes_with_the_table(labelled: Path, old: str, new: str) -> None:
    before = Pictures.from_folder(labelled).fingerprint()
    text = (labelled / TABLE).read_text()
    (labelled / TABLE).write_text(text.replace(old, new))
    assert Pictures.from_folder(labelled).fingerprint() != before


def test_a_fingerprint_changes_with_a_picture_and_its_name(labelled: Path) -> None:
    before = Pictures.from_folder(labelled).fingerprint()
    (labelled / "a.jpg").write_bytes(b"A")
    changed = Pictures.from_folder(labelled).fingerprint()
    assert changed != before
    (labelled / "a.jpg").rename(labelled / "d.jpg")
    (labelled / TABLE).write_text((labelled / TABLE).read_text().replace("a.jpg", "d.jpg"))
    assert Pictures.from_folder(labelled).fingerprint() not in (before, changed)


# --- the split


def paths(parts: Split) -> list[list[str]]:
    return [list(part.paths) for part in (parts.train, parts.validation, parts.test)]


@pytest.mark.parametrize(
    ("kind", "people"), [("three", (70, 15, 15)), ("published", (80, 20, 0))], ids=list(SPLITS)
)
def test_nobody_is_on_two_sides_of_a_split(kind: str, people: tuple[int, ...]) -> None:
    pictures = many(100, 3)
    parts = split(pictures, kind, seed=1)
    sides = [set(part.sources) for part in (parts.train, parts.validation, parts.test)]
    assert tuple(map(len, sides)) == pytest.approx(people, abs=1)
    assert len(set.union(*sides)) == 100
    assert sorted(itertools.chain(*paths(parts))) == sorted(pictures.paths)


def test_a_split_is_a_function_of_its_seed() -> None:
    assert paths(split(many(20), seed=3)) == paths(split(many(20), seed=3))
    assert paths(split(many(20), seed=3)) != paths(split(many(20), seed=4))


@pytest.mark.parametrize("kind", SPLITS)
def test_few_people_still_have_every_part(kind: str) -> None:
    parts = split(many(8), kind)
    assert len(parts.train) >= 8
    assert len(parts.validation)
    assert bool(len(parts.test)) == (kind == "three")
    with pytest.raises(ConfigurationError, match="at least 8 source portraits"):
        split(many(7, 10), kind)


def test_there_is_no_other_split() -> None:
    with pytest.raises(ValueError, match="unknown split 'four'; the splits are three, published"):
        split(many(8), "four")


def test_others_are_people_who_are_not_in_the_test(tmp_path: Path) -> None:
    rows = [f"{n}.jpg,111111,person {n % 12}" for n in range(24)]
    files = " ".join(f"{n}.jpg" for n in range(24))
    folder = write_table(tmp_path / "set", "\n".join(["file,labels,source_id", *rows]), files)
    parts = split(Pictures.from_folder(folder))
    others = parts.others([folder])
    learnt = set(parts.train.sources) | set(parts.validation.sources)
    assert set(others.sources) == learnt
    assert len(others) == len(parts.train) + len(parts.validation)
    assert len(parts.whole) == 24
    assert len(parts.others([])) == 0
    strangers = write_table(tmp_path / "photos", "file,labels\na.jpg,111111", "a.jpg")
    assert list(parts.others([strangers, strangers]).sources) == ["a.jpg"] * 2


def test_new_sources_are_those_without_a_hash() -> None:
    hashes = source_hashes(np.array(["ann", "bob", "ann"], np.str_))
    assert len(hashes) == 16
    assert "ann" not in hashes
    sources = np.array(["cid", "bob", "ann", "dan"], np.str_)
    assert new_sources(sources, hashes).tolist() == [True, False, False, True]
    assert new_sources(sources, "").all()


def test_folders_of_the_generator_have_metadata_beside_them(tmp_path: Path) -> None:
    for name in ("images", "metadata"):
        (tmp_path / "ours" / name).mkdir(parents=True)
    paths = [tmp_path / "ours" / "images" / "a.jpg", tmp_path / "theirs" / "images" / "a.jpg"]
    assert from_generator(np.array([*map(str, paths), "b.jpg"], np.str_)).tolist() == [
        True,
        False,
        False,
    ]
