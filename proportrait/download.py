"""The published data set, from Google Drive into an output folder.

`python -m proportrait.download --id ID -o ./output`
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import shutil
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from proportrait.disk import disk_errors
from proportrait.errors import ConfigurationError, FatalError, ProPortraitError, StoreError

ID_VARIABLE = "PROPORTRAIT_DATASET_ID"
PARTS = ("images", "metadata")

Fetch = Callable[[str, Path], None]


@dataclass(frozen=True)
class Download:
    """The result of a download: the output folder, and the number of files in each part."""

    output: Path
    images: int
    metadata: int


def fetch_from_drive(dataset_id: str, folder: Path) -> None:
    """Fetch a file or a folder of Google Drive into `folder`; resumes a download that broke off.

    Args:
        dataset_id: id of a file, or the address of a file or a folder as Drive shows it.
        folder: an existing folder.

    Raises:
        FatalError: the download failed.
    """
    import gdown

    is_address = "://" in dataset_id
    target = f"{folder}{os.sep}"
    try:
        if is_address and "/folders/" in dataset_id:
            gdown.download_folder(url=dataset_id, output=target, resume=True, retries=3, timeout=60)
        elif is_address:
            gdown.download(url=dataset_id, output=target, resume=True, retries=3, timeout=60)
        else:
            gdown.download(id=dataset_id, output=target, resume=True, retries=3, timeout=60)
    except Exception as error:  # of gdown, its HTTP client, or the network
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FatalError(
            f"the download failed: {reason}. Check the id and the connection, then run the same "
            f"command again: it goes on where it stopped"
        ) from error


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
            PROPORTRAIT_DATASET_ID.
        fetch: puts the files of an id into a folder.

    Raises:
        ConfigurationError: neither `dataset_id` nor the environment gives an id.
        StoreError: `output` holds a data set already, the disk is full, or the download is damaged,
            unsafe, or no data set.
        FatalError: the download failed.
    """
    dataset_id = dataset_id or os.environ.get(ID_VARIABLE)
    if not dataset_id:
        raise ConfigurationError(
            f"which data set? Give its Google Drive id or address with --id or in {ID_VARIABLE}; "
            f"DOWNLOAD_DATASET.txt says where to find it"
        )
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
    return Download(output, **counts)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m proportrait.download",
        description="Download the published ProPortrait data set from Google Drive.",
        epilog="The folder then holds images/ (512x512 JPEG) and metadata/ (one JSON of the same "
        "name an image). Nothing in it is overwritten, and a download that broke off goes on. "
        "DOWNLOAD_DATASET.txt says where to find the id. To make a data set of your own without "
        "network, key or cost: python synthetic_dataset_generator.py -o ./output --mock "
        "--limit 100",
    )
    parser.add_argument(
        "--id",
        metavar="ID",
        help=f"Google Drive id of a file, or address of a file or folder (or set {ID_VARIABLE})",
    )
    parser.add_argument(
        "-o",
        "--output_dir",
        type=Path,
        default=Path("output"),
        metavar="FOLDER",
        help="where to put it (default: ./output)",
    )
    options = parser.parse_args(arguments)
    try:
        result = download(options.output_dir, dataset_id=options.id)
    except ProPortraitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it stopped", file=sys.stderr)
        return 130
    print(f"{result.images} images and {result.metadata} metadata files in {result.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
