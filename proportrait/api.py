"""What can be called from Python in one line, without a command."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import PIL.Image

from proportrait.arrays import Image
from proportrait.commandline import printable
from proportrait.errors import ImageError
from proportrait.imaging import as_image
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, Wants, look
from proportrait.verification.findings import Findings
from proportrait.verification.pictures import Pictures
from proportrait.verification.run import Run


def measure(
    picture: Image | PIL.Image.Image | str | Path, attributes: Iterable[str] = KEYS
) -> Look:
    """Measure what a portrait shows; no model is asked.

    >>> from proportrait import measure
    >>> result = measure("tests/data/face.jpg")
    >>> size = result.measures["framing"]["HeadSize"]
    >>> size.value > 0.3, size.unit
    (True, 'picture heights')
    >>> result.scores["framing"] > 50
    True
    >>> result.reasons["attire"]
    'needs the trained model'

    Args:
        picture: a file, a Pillow image, or an RGB array (H, W, 3) uint8.
        attributes: keys of those that are measured.

    Returns:
        a look: `measures` by attribute and name, each with value, unit, and score; `scores` of the
        attributes, [0, 100]; `reasons` where there is no score; faces and their boxes.

    Raises:
        ImageError: the file cannot be read.
        ValueError: it is no picture, or there is no such attribute.
    """
    wants = Wants(attributes=tuple(attributes))
    if not isinstance(picture, str | os.PathLike):
        return look(as_image(picture), wants)
    result = look(picture, wants)
    if result.error:
        raise ImageError(f"{printable(picture)}: {result.error}")
    return result


def verify(
    folder: str | Path,
    attributes: Iterable[str] = KEYS,
    *,
    model: bool = True,
    workers: int | None = 1,
) -> Findings:
    """Hold every label of a folder against its picture; nothing is changed or written there.

    >>> from proportrait import verify
    >>> findings = verify("tests/data", ["framing"])
    >>> findings.pictures, findings.after["framing"]["1"]
    (1, 1)
    >>> findings.problems
    []

    Args:
        folder: a data set of ours, or photos, which make no claim.
        attributes: keys of those that are judged.
        model: whether a model that learns from the other labels gives a second opinion.
        workers: processes that look; None for as many as cores and memory allow.

    Returns:
        the counts: `words` by attribute and verdict (confirmed, contradicted, cannot tell), `after`
        by attribute and what the pictures show ("1", "0", "unknown"), `problems`, `examples` of
        contradictions; `table()` for people, `to_json()` for programs.

    Raises:
        ConfigurationError: the folder is not there, or holds no pictures.
        ValueError: there is no such attribute.
    """
    keys = tuple(attributes)
    if unknown := set(keys) - set(KEYS):
        raise ValueError(f"{sorted(unknown)}: the choices are {', '.join(KEYS)}")
    with LookCache() as cache:
        run = Run(Pictures(Path(folder)), cache, keys, model, workers, quiet=True)
        run.look_at_all()
        opinions, _ = run.second_opinions()
        for _ in run.verdicts(opinions):
            pass
    return run.findings
