"""What is taken away from a task: copies of pictures, tables, and the model."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from proportrait.commandline import printable
from proportrait.disk import disk_errors
from proportrait.serve.taste.bodies import MOST
from proportrait.serve.taste.session import Session, Trained
from proportrait.taste import exchange
from proportrait.taste.verdict.library import file_of

COPIES = ("sifted", "folders", "imagefolder")
TABLES = ("sifted", "labels")


def copies(session: Session, what: str, threshold: float, target: Path) -> dict[str, Any]:
    """Copy pictures into a new folder; where it is, how many they are, and what is left out.

    Args:
        session: of the rater.
        what: of `COPIES`: what the model keeps from the threshold on, or the labelled pictures.
        threshold: [0, 1].
        target: the new folder.

    Raises:
        HTTPException: 409, there is no model.
        StoreError: the folder is there already, or cannot be written.
    """
    if what == "sifted":
        chosen = [path for path, _ in _sifted(session, threshold)]
        problems = exchange.copy_pictures(chosen, target)
    else:
        entries = exchange.entries_of(session.labels, session.task, session.rater)
        write = exchange.to_folders if what == "folders" else exchange.to_image_folder
        problems = write(entries, target)
    count = sum(path.is_file() and path.suffix != ".csv" for path in target.rglob("*"))
    return {"folder": printable(target), "copies": count, "problems": problems[:MOST]}


def table(session: Session, what: str, threshold: float) -> str:
    """A CSV of the labels, or of what the model keeps, the likeliest first; errors as of `copies`.

    Args:
        session, threshold: as of `copies`.
        what: of `TABLES`.
    """
    if what == "labels":
        entries = exchange.entries_of(session.labels, session.task, session.rater)
        return exchange.to_csv(entries)
    return exchange.predictions_csv(_sifted(session, threshold))


def save_model(session: Session, name: str, replace: bool) -> dict[str, Any]:
    """Write the model among the tastes; its name, its file, and commands that use it.

    Args:
        session: of the rater.
        name: of the taste.
        replace: whether it takes the place of one of that name.

    Raises:
        ConfigurationError: no taste may have that name.
        HTTPException: 409, there is no model, or another one of that name.
        StoreError: it cannot be written.
    """
    file, taste = file_of(name), _trained(session).taste
    if os.path.lexists(file) and not replace:
        raise HTTPException(409, f"there is a taste {name!r} already, {printable(file)}")
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        taste.save(file)
    folder = os.fspath(session.album.folder)
    commands = (
        ["score", folder, "--taste", name],
        ["rank", "--ref", "FILE", "--photos", folder, "--taste", name],
    )
    return {
        "name": name, "file": printable(file),
        "commands": [printable(f"proportrait {shlex.join(words)}") for words in commands],
    }  # fmt: skip


def _trained(session: Session) -> Trained:
    if session.trained is None:
        raise HTTPException(409, "there is no model yet: label some pictures and train it")
    return session.trained


def _sifted(session: Session, threshold: float) -> list[tuple[Path, float]]:
    _trained(session)
    album = session.album
    chosen = [
        (likely, number)
        for number, likely in list(session.predictions.items())
        if likely >= threshold and album.holds(number)
    ]
    return [(album.paths[number], likely) for likely, number in sorted(chosen, reverse=True)]
