"""Where scores go: the terminal, or a file that a killed run leaves whole or ready to go on."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proportrait.commandline import printable
from proportrait.disk import disk_errors, flush, replacing, sync
from proportrait.errors import ConfigurationError
from proportrait.score.formats import csv_texts, json_texts, jsonl_texts, write_parquet, write_parts
from proportrait.score.places import check_folder
from proportrait.score.resume import RESUMABLE, earlier, earlier_parts, name_in
from proportrait.score.summary import Outcome
from proportrait.score.text import cards, name_width, table
from proportrait.score.verdicts import Score

FORMATS = ("cards", "table", "json", "jsonl", "csv", "parquet", "parts")
FEW = 5  # pictures, of which everything is printed


@dataclass(frozen=True)
class Output:
    """A format and its place.

    Attributes:
        format: of `FORMATS`; None for cards of a few pictures, else a table.
        path: of the file, or the folder of parts; None for the terminal.
        resume: whether the file may be there, with the lines of an earlier run.
        tastes: names of those that are asked, in their order.
    """

    format: str | None = None
    path: Path | None = None
    resume: bool = False
    tastes: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: str | None, path: Path | None, resume: bool) -> Output:
        """An output that can be written.

        Args:
            kind: a format, or None for that of the file's suffix.

        Raises:
            ConfigurationError: it cannot; the message says what can.
        """
        if path is None:
            if kind == "parquet":
                raise ConfigurationError("parquet goes to a file: add --output scores.parquet")
            if kind == "parts":
                raise ConfigurationError("parts go to a folder: add --output scores")
            if resume:
                raise ConfigurationError("--resume goes on with a file: add --output scores.jsonl")
            return cls(kind)
        kind, name = kind or _format_of(path), printable(path)
        if resume and kind not in RESUMABLE:
            raise ConfigurationError(
                f"a {kind} that was cut short cannot be resumed: take --output scores.jsonl, "
                f"scores.csv, or scores, a folder of parquet files"
            )
        check_folder(path)
        if kind != "parts" and os.path.isdir(path):  # noqa: PTH112 - never raises
            raise ConfigurationError(f"{name} is a folder: name a file in it")
        if os.path.lexists(path) and not resume:
            way = "go on with it by --resume, or " if kind in RESUMABLE else ""
            raise ConfigurationError(f"{name} is there already: {way}name another file")
        return cls(kind, path, resume)

    @property
    def grows(self) -> bool:
        """Whether results are in the file as soon as they are there."""
        return self.path is not None and self.format in RESUMABLE

    def earlier(self, judge: str) -> Iterator[Outcome]:
        """The pictures that the file of an earlier run holds; see `resume.earlier`.

        Args:
            judge: `Scorer.judge` of who goes on.

        Raises:
            ConfigurationError: a line is none of ours, or by another judge.
            StoreError: the file cannot be read or written.
        """
        if self.resume and self.path is not None and os.path.lexists(self.path):
            with disk_errors(self.path):
                if self.format == "parts":
                    yield from earlier_parts(self.path, judge, self.tastes)
                else:
                    yield from earlier(self.path, self.format, judge, self.tastes)

    def remaining(self, paths: Iterable[str], judged: Counter[str]) -> Iterator[str]:
        """The paths without those that are judged, each as often as it was.

        Args:
            judged: how often the file has which path; they are taken off it.
        """
        for path in paths:
            name = name_in(self.format, path)
            if judged[name]:
                judged[name] -= 1
            else:
                yield path

    def write(self, scores: Iterable[Score], paths: Sequence[str]) -> None:
        """Write scores as they come.

        Args:
            paths: of all pictures.

        Raises:
            StoreError: the file cannot be written.
        """
        texts = self._texts(scores, paths)
        if self.path is None:
            for text in texts:
                _print(text)
            return
        with disk_errors(self.path):
            if self.format == "parts":
                self.path.mkdir(exist_ok=self.resume)
                write_parts(scores, self.path, self.tastes)
            elif self.grows:
                self._append(self.path, texts)
                sync(self.path.parent)
            elif self.format == "parquet":
                with replacing(self.path) as file:
                    write_parquet(scores, file, self.tastes)
            else:
                with replacing(self.path) as file:
                    file.writelines(map(str.encode, texts))

    def _append(self, path: Path, texts: Iterator[str]) -> None:
        with path.open("ab" if self.resume else "xb") as file:
            if self.format == "csv" and file.tell():
                next(texts)  # the names of the columns are there
            for text in texts:
                file.write(text.encode())
                file.flush()
            flush(file.fileno())

    def _texts(self, scores: Iterable[Score], paths: Sequence[str]) -> Iterator[str]:
        match self.format or ("cards" if len(paths) <= FEW else "table"):
            case "json":
                return json_texts(scores)
            case "jsonl":
                return jsonl_texts(scores)
            case "csv":
                return csv_texts(scores, self.tastes)
            case "cards":
                return (f"{line}\n" for line in cards(scores))
        return (f"{line}\n" for line in table(scores, name_width(paths), self.tastes))


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower().removeprefix(".")
    if suffix == "txt":
        return "table"
    if not suffix:
        return "parts"
    if suffix not in FORMATS:
        raise ConfigurationError(
            f"{printable(path)} tells no format by its suffix: name one such as scores.csv, or add "
            f"--format"
        )
    return suffix


def _print(text: str) -> None:
    """Print; a bar of progress on the same terminal makes room."""
    from tqdm import tqdm

    if sys.stdout.isatty():
        tqdm.write(text, end="")
    else:
        sys.stdout.write(text)
