"""Download the published data set from Google Drive.

The folder then holds images/ (512x512 JPEG) and metadata/ (one JSON of the same name an image).
Nothing in it is overwritten, and a download that broke off goes on. DOWNLOAD_DATASET.txt tells
more. `proportrait generate --mock` makes a data set of your own without network, key, or cost."""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import re
import shutil
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from proportrait.commandline import printable, run
from proportrait.disk import disk_errors
from proportrait.errors import FatalError, StoreError
from proportrait.store.records import Record, json_name

EXAMPLES = """
proportrait download -o output                    # images/ and metadata/
proportrait download -o output --id ID            # another data set on Google Drive
"""
PUBLISHED = "https://drive.google.com/drive/folders/169_Y7wz-S8kiTq8QCl7sdcBnA-Y-M-5k"
ID_VARIABLE = "PROPORTRAIT_DATASET_ID"
PARTS = ("images", "metadata")

Fetch = Callable[[str, Path], None]

_FOLDER = "/folders/"  # in the address of a folder
_FEW = 20  # files, each of which gets a progress bar of its own
# What Drive says of a file that too many people have fetched, and gdown of a page that it cannot
# read, as that one often is.
_QUOTA = re.compile(r"quota|too many users|many accesses", re.IGNORECASE)
_NAMED = 3  # files that a problem names


@dataclass(frozen=True)
class Download:
    """The result of a download.

    Attributes:
        output: the folder.
        images, metadata: number of files in each part.
        problems: what is wrong with them, one line a kind.
    """

    output: Path
    images: int
    metadata: int
    problems: tuple[str, ...] = ()


def fetch_from_drive(dataset_id: str, folder: Path) -> None:
    """Fetch a file or a folder of Google Drive into `folder`; resumes a download that broke off.

    Args:
        dataset_id: id of a file, or the address of a file or a folder as Drive shows it.
        folder: an existing folder.

    Raises:
        FatalError: the download failed, or Drive refuses it for now.
    """
    import gdown

    options: dict[str, Any] = {"use_cookies": False, "timeout": 60}
    goes_on = {"resume": True, "retries": 3, **options}
    try:
        if _FOLDER not in dataset_id:
            kind = "url" if "://" in dataset_id else "id"
            gdown.download(**{kind: dataset_id}, output=f"{folder}{os.sep}", **goes_on)
            return
        # One by one: gdown itself would go on with all others after a refusal, and not tell it.
        files = gdown.download_folder(
            url=dataset_id, output=str(folder), skip_download=True, quiet=True, **options
        )
        many = len(files) > _FEW
        for file in tqdm(files, unit="file", desc="fetching", disable=not many):
            if Path(file.local_path).is_file():  # whole; gdown would ask for it again
                continue
            Path(file.local_path).parent.mkdir(parents=True, exist_ok=True)
            gdown.download(id=file.id, output=file.local_path, quiet=many, **goes_on)
    except OSError as error:
        if error.errno is not None and not isinstance(error, ConnectionError | TimeoutError):
            raise  # of the disk
        raise FatalError(_failure(dataset_id, folder, error)) from error
    except Exception as error:  # of gdown
        raise FatalError(_failure(dataset_id, folder, error)) from error


def _failure(dataset_id: str, folder: Path, error: Exception) -> str:
    """What went wrong and what to do, in one line."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if not _QUOTA.search(reason):
        return (
            f"the download failed: {reason}. Check the id and the connection, then run the same "
            f"command again: it goes on where it stopped (to begin anew, delete {folder.parent})"
        )
    if "://" not in dataset_id:
        dataset_id = f"https://drive.google.com/file/d/{dataset_id}/view"
    return (
        f"Google Drive refuses the download for now ({reason}). It limits how often a file is "
        f"fetched in a day. What came is kept: run the same command again in 24 hours, and it goes "
        f"on where it stopped. Or open {dataset_id} in a browser where you are signed in, make a "
        f"copy in your own Drive, download that, and move its images/ and metadata/ into the "
        f"output folder"
    )


def download(
    output: str | Path, *, dataset_id: str | None = None, fetch: Fetch = fetch_from_drive
) -> Download:
    """Fetch the published data set and put it into `output` as images/ and metadata/.

    The download is one zip, several, or the two folders themselves, perhaps inside another folder.
    All of it is unpacked in a work folder first and then renamed, so that `output` never holds a
    part of a data set. Nothing that exists is overwritten.

    Args:
        output: the folder; it is made if need be.
        dataset_id: id or address on Google Drive; None takes the environment's
            PROPORTRAIT_DATASET_ID, or else the published data set.
        fetch: puts the files of an id into a folder.

    Raises:
        StoreError: `output` holds a data set already, the disk is full, or the download is damaged,
            unsafe, or no data set.
        FatalError: the download failed.
    """
    dataset_id = dataset_id or os.environ.get(ID_VARIABLE) or PUBLISHED
    if dataset_id == PUBLISHED.rpartition("/")[2]:
        dataset_id = PUBLISHED
    output = Path(output)
    # One folder an id, so that a download resumes with its own bytes alone.
    work = output / f".download-{hashlib.sha256(dataset_id.encode()).hexdigest()[:12]}"
    downloads, extracts = work / "fetched", work / "unpacked"
    with disk_errors(output):
        _check_free(output)
        downloads.mkdir(parents=True, exist_ok=True)
        fetch(dataset_id, downloads)
        try:
            shutil.rmtree(extracts, ignore_errors=True)
            for archive in sorted(p for p in downloads.rglob("*") if zipfile.is_zipfile(p)):
                unpack(archive, extracts)
            root = find_dataset(extracts if extracts.exists() else downloads)
            counts = {part: sum(p.is_file() for p in (root / part).rglob("*")) for part in PARTS}
            problems = check(root)
            if hasattr(os, "sync"):
                os.sync()  # the names must not reach the disk before the files
            for part in PARTS:
                (root / part).rename(output / part)
        except StoreError:
            # The same download would fail the same way again.
            shutil.rmtree(work, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(extracts, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
    return Download(output, **counts, problems=problems)


def check(root: Path) -> tuple[str, ...]:
    """What is wrong with the pictures and records of a data set, one line a kind.

    Raises:
        StoreError: it holds no picture.
    """
    images = {path.name: path for path in (root / PARTS[0]).iterdir() if path.is_file()}
    jsons = {path.name: path for path in (root / PARTS[1]).iterdir() if path.is_file()}
    if not images:
        raise StoreError("the download holds no picture in images/: check the id")
    damaged = "damaged, or with a record that is"
    kinds: dict[str, list[str]] = {"empty": [], "without a record": [], damaged: []}
    records = dict(jsons)
    for name, path in sorted(images.items()):
        record = records.pop(json_name(name), None)
        if not path.stat().st_size:
            kinds["empty"].append(name)
        elif record is None:
            kinds["without a record"].append(name)
        elif not _fits(path, record):
            kinds[damaged].append(name)
    kinds["records without a picture"] = sorted(records)
    return tuple(
        f"{len(names)} {kind}: {', '.join(map(printable, names[:_NAMED]))}"
        + (", ..." if len(names) > _NAMED else "")
        for kind, names in kinds.items()
        if names
    )


def _fits(picture: Path, json: Path) -> bool:
    """Whether a record can be read and, where it has a SHA-256, that of its picture is the same."""
    try:
        sha256 = Record.read(json).sha256
    except StoreError:
        return False
    return not sha256 or hashlib.sha256(picture.read_bytes()).hexdigest() == sha256


def _check_free(output: Path) -> None:
    for part in PARTS:
        folder = output / part
        if folder.exists() and any(folder.iterdir()):
            raise StoreError(
                f"{folder} holds files already and nothing is overwritten: "
                f"name another folder with -o"
            )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into `folder`, if all of its names are safe.

    Raises:
        StoreError: a name leads out of the folder, an entry is a link, a file comes twice, the
            archive is damaged or encrypted, or it does not fit on the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as zip_file:
            entries = [entry for entry in zip_file.infolist() if not entry.is_dir()]
            targets = [folder / _safe_name(entry, archive) for entry in entries]
            if len(set(targets)) < len(targets) or any(target.exists() for target in targets):
                raise StoreError(f"{archive.name} holds a file twice: nothing was unpacked")
            size = sum(entry.file_size for entry in entries)
            if size > shutil.disk_usage(folder).free:
                raise OSError(errno.ENOSPC, f"{archive.name} needs {size} bytes", str(folder))
            for entry, target in zip(entries, targets, strict=True):
                target.parent.mkdir(parents=True, exist_ok=True)
                with zip_file.open(entry) as source, target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise StoreError(
            f"{archive.name} is damaged or encrypted ({error}): download it again"
        ) from error


def _safe_name(entry: zipfile.ZipInfo, archive: Path) -> PurePosixPath:
    name = PurePosixPath(entry.filename)
    unsafe = (
        name.is_absolute()
        or ".." in name.parts
        or "\\" in entry.orig_filename
        or ":" in entry.filename
        or "\0" in entry.orig_filename
        or stat.S_ISLNK(entry.external_attr >> 16)
    )
    if unsafe or not name.parts:
        raise StoreError(
            f"{archive.name} is not safe to unpack ({entry.orig_filename!r} leads elsewhere): "
            f"nothing was unpacked; check where the id comes from"
        )
    return name


def find_dataset(folder: Path) -> Path:
    """The folder nearest to `folder` that holds images/ and metadata/.

    Raises:
        StoreError: no folder does, or several at the same depth.
    """
    candidates = [
        p.parent
        for p in folder.rglob(PARTS[0])
        if "__MACOSX" not in p.parts and all((p.parent / part).is_dir() for part in PARTS)
    ]
    nearest = [p for p in candidates if len(p.parts) == min(len(q.parts) for q in candidates)]
    if len(nearest) != 1:
        problem = "several data sets" if nearest else "no folder with images/ and metadata/ in it"
        raise StoreError(f"the download holds {problem}: check the id")
    return nearest[0]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait download`."""
    # fmt: off
    add = parser.add_argument
    add("--id", metavar="ID",
        help=f"Google Drive id of a file, or address of a file or folder (or set {ID_VARIABLE}; "
             f"default: the published data set, {PUBLISHED})")
    add("-o", "--output_dir", type=Path, default=Path("output"), metavar="DIR",
        help="where to put it (default ./output)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Download, and say what arrived; returns the exit code."""
    result = download(options.output_dir, dataset_id=options.id)
    print(f"{result.images} images and {result.metadata} metadata files in {result.output}")
    for line in result.problems:
        print(f"problem: {line}", file=sys.stderr)
    return 1 if result.problems else 0


if __name__ == "__main__":
    from proportrait import download as command  # by its own name, not as __main__

    sys.exit(run(command, prog="python -m proportrait.download"))
