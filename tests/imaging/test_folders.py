"""The pictures below a folder."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError
from proportrait.imaging import PICTURE_SUFFIXES, UNREADABLE_SUFFIXES, folders, list_pictures


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"listed by its name alone")
    return folder


def names(folder: Path, **options: bool) -> list[str]:
    return [p.relative_to(folder).as_posix() for p in list_pictures(folder, **options).paths]


def test_pictures_of_subfolders_are_listed_in_the_order_of_their_path(tmp_path: Path) -> None:
    fill(tmp_path, "z.jpg", "2024/b/2.HEIC", "2024/a.JPEG", "A.tiff", "2024.png", "notes.txt")
    assert names(tmp_path) == ["2024.png", "2024/a.JPEG", "2024/b/2.HEIC", "A.tiff", "z.jpg"]
    assert names(tmp_path, recursive=False) == ["2024.png", "A.tiff", "z.jpg"]
    assert list_pictures(tmp_path).left_out == ""


SUFFIXES = "jpg jpeg jpe jfif mpo png webp avif heic heif gif bmp tif tiff ppm jp2 j2k"


def test_every_usual_suffix_is_known(tmp_path: Path) -> None:
    files = sorted(f"{suffix}.{suffix}" for suffix in SUFFIXES.split())
    assert names(fill(tmp_path, *files)) == files
    assert not PICTURE_SUFFIXES & UNREADABLE_SUFFIXES


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "b.CR2", "sub/c.cr2", "d.psd", ".hidden.cr2", "e.txt", ".git/f.jpg")
    fill(tmp_path, "out/images/x.jpg", "out/metadata/x.json", "out/ledger.jsonl")
    fill(tmp_path, "mine/images/y.jpg", "mine/metadata/y.json")  # no ledger: the user's own
    listing = list_pictures(tmp_path)
    assert names(tmp_path) == ["a.jpg", "mine/images/y.jpg"]
    assert listing.unreadable == Counter({".cr2": 2, ".psd": 1})
    assert listing.outputs == (tmp_path / "out",)
    assert listing.left_out == (
        f"2 .cr2, 1 .psd (convert them to JPEG first); {tmp_path / 'out'} (made by this program)"
    )
    assert names(tmp_path / "out") == ["images/x.jpg"]  # named itself, it is listed


def test_links_to_files_are_followed_and_to_folders_never(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", "far.jpg")
    inside = fill(tmp_path / "inside", "a.jpg")
    (inside / "circle").symlink_to(inside, target_is_directory=True)
    (inside / "folder.jpg").symlink_to(outside, target_is_directory=True)
    (inside / "link.jpg").symlink_to(outside / "far.jpg")
    (inside / "nowhere.jpg").symlink_to(tmp_path / "gone.jpg")
    assert names(inside) == ["a.jpg", "link.jpg", "nowhere.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_is_no_picture(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "waits_for_ever.jpg")
    assert names(tmp_path) == ["a.jpg"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be any bytes")
def test_names_of_any_bytes_are_listed(tmp_path: Path) -> None:
    for name in (b"M\xfcller.jpg", b"two\nlines.jpg"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    assert [os.fsencode(p.name) for p in list_pictures(tmp_path).paths] == [
        b"M\xfcller.jpg", b"two\nlines.jpg",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_listed_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a.jpg", "private/b.jpg")
    scandir = os.scandir

    def guarded(folder: Path) -> object:
        if folder.name == "private":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(folders.os, "scandir", guarded)
    listing = list_pictures(tmp_path)
    assert listing.paths == (tmp_path / "a.jpg",)
    assert listing.closed == (tmp_path / "private",)
    assert listing.left_out == f"{tmp_path / 'private'} (no right to list it)"
    with pytest.raises(
        ConfigurationError, match="private cannot be listed: Permission denied: give yourself the"
    ):
        list_pictures(tmp_path / "private")


def test_what_is_no_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory: name a folder"):
        list_pictures(tmp_path / "absent")
    with pytest.raises(ConfigurationError, match="Not a directory: name a folder"):
        list_pictures(fill(tmp_path, "a.jpg") / "a.jpg")


def test_links_to_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "far")
    listing = list_pictures(tmp_path / "here")
    assert listing.links == (tmp_path / "here" / "link",)
    assert "link (a link to a folder: name that folder)" in listing.left_out
