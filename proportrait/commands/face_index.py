"""What `rank` and `people` share: options, opening, and output of the index of faces."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from proportrait.commandline import count, positive, printable

if TYPE_CHECKING:
    from proportrait.rank.index import Index
    from proportrait.rank.indexing import Contents

_Entry = TypeVar("_Entry")
_FAILURES = 20  # that are named


def add_index_options(parser: argparse.ArgumentParser) -> None:
    """Which faces count, where the index is, and how a folder is indexed."""
    # fmt: off
    add = parser.add_argument
    add("--min_face", type=positive, metavar="PX",
        help="px from forehead to chin of a face that counts (default 40)")
    add("--index", type=Path, metavar="FILE",
        help="keep the index there (default: the user's cache directory)")
    add("--embedding", default="both", metavar="NAME",
        help="what faces are compared by: both (default: dlib and SFace), dlib, sface, or the "
             ".onnx file of a recognition network of InsightFace that you have, for research only; "
             "with another one all photos are looked at again, so name it an --index of its own")
    add("--no_cache", action="store_true", help="keep no index: all is looked at again next time")
    add("--recursive", action="store_true", default=True,
        help="go down into subfolders (the default)")
    add("--no_recursive", action="store_false", dest="recursive", help="leave subfolders out")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


@contextlib.contextmanager
def opened(options: argparse.Namespace, note: Callable[[str], None]) -> Iterator[Index]:
    """The index that the options name; with --no_cache one that is gone afterwards."""
    from proportrait.rank.describe import version
    from proportrait.rank.embedding import checked
    from proportrait.rank.index import Index, index_path

    path = options.index or index_path()
    with contextlib.ExitStack() as stack:
        if options.no_cache:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / path.name
        kind = checked(options.embedding)
        yield stack.enter_context(Index(path, version(kind), note, kind))


def forget(options: argparse.Namespace, note: Callable[[str], None]) -> None:
    """Take a folder out of the index, and say so."""
    from proportrait.rank.describe import version
    from proportrait.rank.index import Index, index_path

    path = options.index or index_path()
    with Index(path, version(), note) as index:
        print(f"forgotten   {index.forget(options.forget)} files in {printable(path)}")


def update(
    index: Index, options: argparse.Namespace, smallest: float, note: Callable[[str], None]
) -> Contents:
    """What the index holds of the folder, with a bar while photos are looked at."""
    from proportrait.rank.ranking import indexed

    return indexed(
        index, options.photos, smallest, recursive=options.recursive, workers=options.workers,
        note=note, bar=with_bar,
    )  # fmt: skip


def skipped(failures: Mapping[Path, str]) -> Iterator[str]:
    """Lines: the first files that could not be read, and how many more."""
    for path, why in list(failures.items())[:_FAILURES]:
        yield f"skipped     {printable(path)}: {why}"
    if len(failures) > _FAILURES:
        yield f"skipped     {len(failures) - _FAILURES} more"


def write(text: str, path: Path | None) -> None:
    """Print a text, or write it to a file in one step."""
    from proportrait.disk import disk_errors, replace_file

    if path is None:
        sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())
        return
    with disk_errors(path):
        replace_file(path, text.encode("utf-8", "surrogateescape"))


def with_bar(entries: Iterable[_Entry], total: int, what: str = "indexing") -> Iterator[_Entry]:
    """Entries with a bar of progress, rate, and remaining time; rarely renewed in a log file."""
    from tqdm import tqdm

    pause = 0.1 if sys.stderr.isatty() else 10.0
    yield from tqdm(entries, total=total, unit="photo", desc=what, leave=False,
                    disable=total < 10, mininterval=pause)  # fmt: skip


def similarity_option(text: str) -> float:
    """A number from 0 to 1."""
    with contextlib.suppress(ValueError):
        if 0 <= (value := float(text)) <= 1:
            return value
    raise argparse.ArgumentTypeError(f"a number from 0 to 1 is expected, not {text!r}")
