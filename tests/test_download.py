"""The published data set, with a made-up download in place of Google Drive's."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import gdown
import numpy as np
import pytest

from proportrait import cli
from proportrait import download as module
from proportrait.download import ID_VARIABLE, PUBLISHED, download, fetch_from_drive, unpack
from proportrait.errors import FatalError, StoreError
from proportrait.labels import LabelVector
from proportrait.store.records import Record
from tests.fake_drive import FakeDrive

PICTURES = {"ffhq_00001_111111": b"jpeg bytes", "ffhq_00002_011111": b"more jpeg bytes"}


def record(stem: str, picture: bytes) -> bytes:
    labels = LabelVector.from_code(stem[-6:])
    digest = hashlib.sha256(picture).hexdigest()
    name = f"{stem}.jpg"
    return Record(name, name, name, labels, labels, LabelVector.ones(), sha256=digest).to_bytes()


FILES = {f"images/{stem}.jpg": data for stem, data in PICTURES.items()} | {
    f"metadata/{stem}.json": record(stem, data) for stem, data in PICTURES.items()
}
Fetch = Callable[[str, Path], None]


@pytest.fixture(autouse=True)
def no_id_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ID_VARIABLE, raising=False)


def write_zip(path: Path, files: dict[str, bytes], prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(prefix + name, data)
    return path


def fetch_of(files: dict[str, bytes], prefix: str = "") -> Fetch:
    return lambda _, folder: write_zip(folder / "data.zip", files, prefix) and None


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.mark.parametrize("prefix", ["", "proportrait/v1/"])
def test_a_zip_lands_in_images_and_metadata(tmp_path: Path, prefix: str) -> None:
    output = tmp_path / "new" / "output"
    extra = {"__MACOSX/images/x": b"", "__MACOSX/metadata/x": b"", f"{prefix}README.txt": b"hello"}
    result = download(output, dataset_id="abc", fetch=fetch_of({**FILES, **extra}, prefix))
    assert (result.output, result.images, result.metadata) == (output, 2, 2)
    kept = {k: v for k, v in tree(output).items() if not k.startswith(prefix + "__")}
    assert kept == FILES
    assert sorted(p.name for p in output.iterdir()) == ["images", "metadata"]


def test_several_zips_make_one_data_set(tmp_path: Path) -> None:
    def fetch(_: str, folder: Path) -> None:
        for part in ("images", "metadata"):
            members = {k: v for k, v in FILES.items() if k.startswith(part)}
            write_zip(folder / f"{part}.zip", members, "set/")

    download(tmp_path, dataset_id="abc", fetch=fetch)
    assert tree(tmp_path) == FILES


def test_a_folder_of_drive_needs_no_unpacking(tmp_path: Path) -> None:
    def fetch(_: str, folder: Path) -> None:
        for name, data in FILES.items():
            (folder / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "set" / name).write_bytes(data)

    download(tmp_path, dataset_id="abc", fetch=fetch)
    assert tree(tmp_path) == FILES


def test_nothing_that_exists_is_overwritten_and_nothing_is_fetched_then(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "mine.json").write_bytes(b"mine")

    def fetch(*_: object) -> None:
        raise AssertionError("nothing may be fetched")

    with pytest.raises(StoreError, match=r"metadata holds files already.*another folder with -o"):
        download(tmp_path, dataset_id="abc", fetch=fetch)
    assert tree(tmp_path) == {"metadata/mine.json": b"mine"}


def test_empty_folders_and_other_files_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "notes.txt").write_bytes(b"mine")
    download(tmp_path, dataset_id="abc", fetch=fetch_of(FILES))
    assert tree(tmp_path) == FILES | {"notes.txt": b"mine"}


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "entry",
    [
        "../../escaped.jpg",
        "images/../../../escaped.jpg",
        "/tmp/escaped.jpg",
        "C:/escaped.jpg",
        "images\\..\\..\\escaped.jpg",
        link("images/link"),
    ],
    ids=str,
)
def test_an_unsafe_zip_writes_nothing_at_all(tmp_path: Path, entry: str | zipfile.ZipInfo) -> None:
    def fetch(_: str, folder: Path) -> None:
        write_zip(folder / "data.zip", FILES)
        with zipfile.ZipFile(folder / "data.zip", "a") as archive:
            archive.writestr(entry, b"/etc")

    output = tmp_path / "a" / "b" / "output"
    with pytest.raises(StoreError, match="not safe to unpack"):
        download(output, dataset_id="abc", fetch=fetch)
    assert tree(tmp_path) == {}
    assert list(output.iterdir()) == []


def test_a_file_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("images/a.jpg", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("images/a.jpg", b"2")
    with pytest.raises(StoreError, match="holds a file twice"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    assert tree(tmp_path / "out") == {}


def test_a_damaged_zip_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    def fetch(_: str, folder: Path) -> None:
        data = bytearray(write_zip(folder / "data.zip", {"images/a": b"x" * 999}).read_bytes())
        data[42] ^= 0xFF
        (folder / "data.zip").write_bytes(data)

    with pytest.raises(StoreError, match="damaged or encrypted"):
        download(tmp_path, dataset_id="abc", fetch=fetch)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"pictures/a.jpg": b"x"}, "no folder with images/ and metadata/"),
        ({f"{a}/{k}": v for a in "12" for k, v in FILES.items()}, "several data sets"),
    ],
)
def test_what_is_no_data_set_is_a_clear_error(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        download(tmp_path, dataset_id="abc", fetch=fetch_of(files))
    assert list(tmp_path.iterdir()) == []


def test_too_little_disk_space_keeps_what_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(StoreError, match="the disk is full"):
            download(tmp_path, dataset_id="abc", fetch=fetch_of(FILES))
    assert [p.split("/", 1)[1] for p in tree(tmp_path)] == ["fetched/data.zip"]
    download(tmp_path, dataset_id="abc", fetch=lambda *_: None)
    assert tree(tmp_path) == FILES


def test_a_download_that_broke_off_goes_on_and_only_with_its_own_bytes(tmp_path: Path) -> None:
    contents: list[list[str]] = []

    def broken(_: str, folder: Path) -> None:
        contents.append([p.name for p in folder.iterdir()])
        (folder / "data.zip.part").write_bytes(b"half")
        raise FatalError("the download failed")

    for dataset_id in ("abc", "abc", "other"):
        with pytest.raises(FatalError):
            download(tmp_path, dataset_id=dataset_id, fetch=broken)
    assert contents == [[], ["data.zip.part"], []]


def test_the_id_is_that_of_the_argument_of_the_environment_or_of_the_published_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids: list[str] = []

    def fetch(name: str, folder: Path) -> None:
        ids.append(name)
        fetch_of(FILES)(name, folder)

    download(tmp_path / "published", fetch=fetch)
    download(tmp_path / "same", dataset_id="169_Y7wz-S8kiTq8QCl7sdcBnA-Y-M-5k", fetch=fetch)
    monkeypatch.setenv(ID_VARIABLE, "from-env")
    download(tmp_path / "env", fetch=fetch)
    download(tmp_path / "argument", dataset_id="from-argument", fetch=fetch)
    assert ids == [PUBLISHED, PUBLISHED, "from-env", "from-argument"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"images/ffhq_00002_011111.jpg": b""}, "1 empty: ffhq_00002_011111.jpg"),
        ({"images/b.jpg": b"x"}, "1 without a record: b.jpg"),
        ({"metadata/b.json": b"x"}, "1 records without a picture: b.json"),
        ({"images/ffhq_00001_111111.jpg": b"<html>"},
         "1 damaged, or with a record that is: ffhq_00001_111111.jpg"),
        ({"metadata/ffhq_00001_111111.json": b"{}"},
         "1 damaged, or with a record that is: ffhq_00001_111111.jpg"),
        ({f"images/{n}.jpg": b"x" for n in range(5)},
         "5 without a record: 0.jpg, 1.jpg, 2.jpg, ..."),
    ],
)  # fmt: skip
def test_what_arrived_is_checked(tmp_path: Path, change: dict[str, bytes], problem: str) -> None:
    result = download(tmp_path, dataset_id="abc", fetch=fetch_of(FILES | change))
    assert result.problems == (problem,)
    assert tree(tmp_path) == FILES | change


def test_records_of_the_published_form_name_no_digest(tmp_path: Path) -> None:
    """The keys that the published data set has."""
    old = {
        f"metadata/{stem}.json": json.dumps({
            "original_filename": "1.png", "label_vector": [int(bit) for bit in stem[-6:]],
            "output_filename": f"{stem}.jpg",
        }).encode()
        for stem in PICTURES
    }  # fmt: skip
    assert download(tmp_path, dataset_id="abc", fetch=fetch_of(FILES | old)).problems == ()


# --- a stand-in for Google Drive


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDrive]:
    with FakeDrive({f"proportrait/{name}": data for name, data in FILES.items()}) as server:
        server.stand_in_for_google(monkeypatch)
        yield server


def test_the_published_folder_is_fetched_file_by_file(
    drive: FakeDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["download", "-o", str(tmp_path)]) == 0
    assert tree(tmp_path) == FILES
    assert capsys.readouterr().out == f"2 images and 2 metadata files in {tmp_path}\n"
    assert drive.listed[0] == PUBLISHED.rpartition("/")[2]
    assert sorted(drive.sent) == sorted(f"proportrait/{name}" for name in FILES)


def test_a_zip_behind_a_page_that_asks_for_consent_is_fetched(
    drive: FakeDrive, tmp_path: Path
) -> None:
    """As Drive answers for a file that is too large for its virus scan."""
    drive.files = {"data.zip": write_zip(tmp_path / "data.zip", FILES).read_bytes()}
    drive.asks_for_consent = True
    assert download(tmp_path / "out").problems == ()
    assert tree(tmp_path / "out") == FILES


def test_a_connection_that_breaks_is_taken_up_at_the_same_byte(
    drive: FakeDrive, tmp_path: Path
) -> None:
    large = FILES | {"README.bin": np.random.default_rng(0).bytes(1_500_000)}
    drive.files = {"data.zip": write_zip(tmp_path / "data.zip", large).read_bytes()}
    drive.breaks_after = 1_000_000
    drive.refuses_ranges = True  # so that the tries of one run fail too
    with pytest.raises(FatalError, match="the same command again: it goes on where it stopped"):
        download(tmp_path / "out")
    (part,) = (tmp_path / "out").rglob("*.part")
    size = part.stat().st_size
    assert 500_000 < size <= drive.breaks_after
    drive.refuses_ranges = False
    drive.ranges.clear()
    download(tmp_path / "out")
    assert tree(tmp_path / "out") == FILES
    assert drive.ranges == [f"bytes={size}-"]


def test_a_refusal_for_quota_says_what_to_do_and_keeps_what_came(
    drive: FakeDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive.quota = 3  # files
    assert cli.main(["download", "-o", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "Google Drive refuses the download for now" in said
    assert "Too many users have viewed or downloaded this file recently" in said
    for advice in ("run the same command again in 24 hours", PUBLISHED, "make a copy in your own"):
        assert advice in said
    assert drive.refused == 1  # it asks for no other file
    drive.quota = None
    first = set(drive.sent)
    drive.sent.clear()
    assert cli.main(["download", "-o", str(tmp_path)]) == 0
    assert not first & set(drive.sent)
    assert tree(tmp_path) == FILES


def test_a_folder_that_is_not_there_is_a_clear_error(drive: FakeDrive, tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"status code 404.* in 24 hours"):
        download(tmp_path, dataset_id=f"https://drive.google.com/drive/folders/{'x' * 33}")


@pytest.mark.parametrize(
    ("dataset_id", "function", "argument"),
    [
        ("1AbC", "download", "id"),
        ("https://drive.google.com/file/d/1AbC/view", "download", "url"),
    ],
)
def test_gdown_is_asked_in_the_right_way(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset_id: str,
    function: str,
    argument: str,
) -> None:
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(gdown, function, lambda **options: calls.append(options))
    fetch_from_drive(dataset_id, tmp_path)
    assert calls[0][argument] == dataset_id
    assert calls[0]["resume"] is True
    assert str(calls[0]["output"]).rstrip("/\\") == str(tmp_path)


def test_a_failure_of_gdown_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise gdown.exceptions.FileURLRetrievalError("Cannot retrieve the link.\nToo many users.")

    monkeypatch.setattr(gdown, "download", refuse)
    with pytest.raises(FatalError, match=r"Cannot retrieve the link\. Too many users") as error:
        fetch_from_drive("1AbC", tmp_path)
    assert "\n" not in str(error.value)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def drive(*, output: str, **_: object) -> None:
        fetch_of(FILES)("", Path(output))

    monkeypatch.setattr(gdown, "download", drive)
    assert cli.main(["download", "--id", "1AbC", "-o", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"2 images and 2 metadata files in {tmp_path}\n"
    assert cli.main(["download", "--id", "1AbC", "-o", str(tmp_path)]) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["download", "--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    for word in ("DOWNLOAD_DATASET.txt", ID_VARIABLE, "--mock", "images/", "metadata/"):
        assert word in text
