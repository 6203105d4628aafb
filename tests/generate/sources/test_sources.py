"""The registry of sources, and the folder source."""

from __future__ import annotations

import itertools
import logging
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from proportrait.edit.synthesis.directions import presentable
from proportrait.edit.synthesis.network import FaceSynthesizer
from proportrait.edit.synthesis.traits import COMPLEXIONS, People
from proportrait.errors import ConfigurationError, ImageError
from proportrait.generate.base import PortraitSource, SourceItem
from proportrait.generate.sources.built_in import StyleganItem, StyleganSource
from proportrait.generate.sources.folder import FolderSource
from proportrait.generate.sources.hub import HubSource
from proportrait.generate.sources.names import file_stems
from proportrait.generate.sources.registry import SOURCES, open_source
from tests.made_pictures import EXPECTED, made_pictures

PICTURES = made_pictures()
GOOD = PICTURES["a_good.jpg"]


def fill(folder: Path, *names: str, data: bytes = GOOD) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def filenames(folder: Path) -> list[str]:
    return [item.filename for item in FolderSource(folder)]


def outcome(item: SourceItem) -> tuple[int, ...] | str:
    try:
        return item.open().image.shape
    except ImageError as error:
        return type(error).__name__


def test_every_picture_comes_and_a_bad_one_is_an_error_of_its_own(tmp_path: Path) -> None:
    for name, data in PICTURES.items():
        (tmp_path / name).write_bytes(data)
    items = list(FolderSource(tmp_path))
    assert [i.filename for i in items] == list(EXPECTED)
    assert [outcome(i) for i in items] == list(EXPECTED.values())
    portrait = items[0].open()
    assert portrait.source_id == items[0].source_id
    assert portrait.image.dtype == "uint8"


def test_the_order_is_that_of_the_relative_path(tmp_path: Path) -> None:
    fill(tmp_path, "z.jpg", "b/2.PNG", "a/sub/1.jpeg", "B.tiff", "a/9.bmp")
    expected = ["B.tiff", "a/9.bmp", "a/sub/1.jpeg", "b/2.PNG", "z.jpg"]
    assert filenames(tmp_path) == expected


def test_hidden_files_other_files_and_our_output_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", ".b.jpg", ".git/c.jpg", "notes.txt", "output/images/x_111111.jpg")
    fill(tmp_path, "output/metadata/x_111111.json", "output/ledger.jsonl", data=b"{}")
    # A user's own folder with such subfolders, but no ledger, is no output of ours.
    fill(tmp_path, "mine/images/d.jpg", "mine/metadata/d.json")
    assert filenames(tmp_path) == ["a.jpg", "mine/images/d.jpg"]
    assert filenames(tmp_path / "output") == ["images/x_111111.jpg"]


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", "far.jpg", "near/x.jpg")
    inside = fill(tmp_path / "inside", "a.jpg")
    (inside / "circle").symlink_to(inside, target_is_directory=True)
    (inside / "out").symlink_to(outside, target_is_directory=True)
    (inside / "link.jpg").symlink_to(outside / "far.jpg")
    (inside / "dangling.jpg").symlink_to(tmp_path / "gone.jpg")
    items = list(FolderSource(inside))
    assert [i.filename for i in items] == ["a.jpg", "dangling.jpg", "link.jpg"]
    assert [outcome(i) for i in items] == [(160, 192, 3), "ImageError", (160, 192, 3)]


def test_ids_survive_a_move_a_copy_and_new_neighbours(tmp_path: Path) -> None:
    folder = fill(tmp_path / "team", "a.jpg", "sub/b.jpg")
    first = [i.source_id for i in FolderSource(folder)]
    copy = Path(shutil.copytree(folder, tmp_path / "copy of team"))
    assert [i.source_id for i in FolderSource(copy)] == first
    moved = Path(shutil.move(folder, tmp_path / "moved"))
    fill(moved, "0.jpg", "sub/a.jpg")
    assert [i.source_id for i in FolderSource(moved)][1::2] == first


def test_other_pictures_of_the_same_names_are_other_sources(tmp_path: Path) -> None:
    one = fill(tmp_path / "1" / "team", "a.jpg", "b.jpg")
    two = fill(tmp_path / "2" / "team", "a.jpg", "b.jpg", data=PICTURES["e_alpha.png"])
    ids = [i.source_id for i in (*FolderSource(one), *FolderSource(two))]
    assert len(set(ids)) == 4
    assert ids[0].startswith("folder:a.jpg#")


def test_the_fingerprint_sees_the_end_of_a_long_file(tmp_path: Path) -> None:
    fill(tmp_path / "1", "a.bmp", data=b"B" * 300_000 + b"x")
    fill(tmp_path / "2", "a.bmp", data=b"B" * 300_000 + b"y")
    first, second = (next(iter(FolderSource(tmp_path / n))).source_id for n in "12")
    assert first != second


def test_stems_are_safe_short_and_all_different() -> None:
    long = "x" * 200
    names = [
        "plain_Name-1.jpg",
        "a.jpg",
        "a.png",
        "A.webp",
        "b c.jpg",
        "b-c.jpg",
        "sub/d.jpg",
        "sub-d.jpg",
        "e.v2.jpg",
        "写真.jpg",
        "画像.jpg",
        f"{long}.jpg",
        f"{long}y.jpg",
        "../up.jpg",
    ]
    stems = file_stems(names)
    assert stems[0] == "plain_Name-1"
    assert len({s.casefold() for s in stems}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", s) for s in stems)
    for before, after in {"a": "a-", "b c": "b-c-", "sub/d": "sub-d-", "写真": "portrait-"}.items():
        assert re.fullmatch(after + "[0-9a-f]{8}", stems[names.index(f"{before}.jpg")])
    assert file_stems(names[4:5]) == stems[4:5]  # the hash is of the name alone


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be any bytes")
def test_a_name_that_is_no_utf8_gives_an_encodable_id(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.jpg", "wb") as file:  # noqa: PTH123 - bytes
        file.write(GOOD)
    (item,) = FolderSource(tmp_path)
    assert (item.source_id + item.filename).encode()
    assert outcome(item) == (160, 192, 3)


def test_folders_without_pictures_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist: name a folder"):
        FolderSource(tmp_path / "absent")
    with pytest.raises(ConfigurationError, match="is a file"):
        FolderSource(fill(tmp_path, "f/a.jpg") / "f" / "a.jpg")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="holds no picture that can be read: put JPEG"):
        next(iter(FolderSource(tmp_path / "empty")))
    fill(tmp_path / "camera", "1.cr2", "2.CR2")
    with pytest.raises(ConfigurationError, match=r"left out: 2 \.cr2 \(convert them to JPEG"):
        next(iter(FolderSource(tmp_path / "camera")))


def test_pictures_that_cannot_be_read_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, "a.jpg", "b.heic", "c.nef")
    with caplog.at_level(logging.WARNING):
        assert filenames(tmp_path) == ["a.jpg", "b.heic"]
    assert "left out 1 .nef" in caplog.text


def test_items_pickle(tmp_path: Path) -> None:
    (item,) = FolderSource(fill(tmp_path, "a.jpg"))
    assert pickle.loads(pickle.dumps(item)) == item


def test_the_registry_opens_each_source(tmp_path: Path) -> None:
    assert list(SOURCES) == ["hf", "folder", "stylegan"]
    hub = open_source("hf", hf_dataset="owner/faces", hf_split="test")
    assert isinstance(hub, HubSource)
    assert (hub.dataset, hub.split) == ("owner/faces", "test")
    assert open_source("folder", source_dir=str(fill(tmp_path, "a.jpg"))).name == "folder"
    faces = open_source("stylegan", seed=3)
    assert faces.name == "stylegan"
    assert next(iter(faces)).source_id != next(iter(open_source("stylegan", seed=4))).source_id


def test_unknown_and_incomplete_choices_are_clear_errors() -> None:
    with pytest.raises(ConfigurationError, match="'ffhq'; choose from hf, folder, stylegan"):
        open_source("ffhq")
    with pytest.raises(ConfigurationError, match="needs --source_dir"):
        open_source("folder")


def test_importing_the_registry_loads_no_heavy_library() -> None:
    program = (
        "import sys, proportrait.generate.sources.registry as s; s.open_source('hf');"
        "print([m for m in ('datasets', 'pyarrow', 'openvino', 'torch') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_built_in_faces_of_even_skin_tones_take_turns() -> None:
    def complexions(source: PortraitSource) -> list[float]:
        synthesizer = FaceSynthesizer()
        seeds = [item.latent_seed for item in itertools.islice(source, 12)]  # type: ignore[attr-defined]
        assert len(set(seeds)) == 12
        styles = synthesizer.styles(seeds)
        assert presentable(styles).all()
        return People(synthesizer).traits(styles)["complexion"].tolist()

    even = complexions(open_source("stylegan", seed=3, skin_tones="even"))
    assert min(even[0::3]) >= COMPLEXIONS[0][1] > max(even[1::3])
    assert min(even[1::3]) >= COMPLEXIONS[1][1] > max(even[2::3])
    assert complexions(open_source("stylegan", seed=3, skin_tones="even")) == even
    assert np.mean(complexions(open_source("stylegan", seed=3))) < COMPLEXIONS[1][1]
    with pytest.raises(ValueError, match="natural or even, not 'dark'"):
        open_source("stylegan", skin_tones="dark")


@pytest.mark.parametrize(
    ("source_id", "seed"),
    [
        (StyleganItem(12).source_id, 12), ("hf:marcosv/12", None), ("ffhq/x", None),
        ("stylegan:mobile-ffhq/012", None), ("stylegan:mobile-ffhq/", None), ("12", None),
    ],
)  # fmt: skip
def test_only_names_of_built_in_faces_have_one(source_id: str, seed: int | None) -> None:
    item = StyleganItem.from_source_id(source_id)
    assert (None if item is None else item.latent_seed) == seed


@pytest.mark.parametrize("count", [1, 3, 12, 100])
def test_a_source_knows_whether_a_folder_was_begun_with_its_skin_tones(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even faces of the seed 0, in their order, are few of the first natural ones."""
    own = StyleganSource.__iter__
    even = [49, 21, 2, 466, 82, 348, 920, 83, *range(10_000, 10_100)]

    def faces(source: StyleganSource) -> Iterator[SourceItem]:
        return own(source) if source.skin_tones == "natural" else map(StyleganItem, iter(even))

    monkeypatch.setattr(StyleganSource, "__iter__", faces)
    for tones, other in (("natural", "even"), ("even", "natural")):
        begun = [item.source_id for item in itertools.islice(StyleganSource(0, tones), count)]
        assert StyleganSource(0, tones).continues(begun)
        assert not StyleganSource(0, other).continues(begun)
        if count > 3:  # two were lost
            assert StyleganSource(0, tones).continues(begun[:1] + begun[2:5] + begun[6:])
        assert StyleganSource(1, other).continues(begun)  # none is of that seed
        assert StyleganSource(0, other).continues(["hf:marcosv/12"])
