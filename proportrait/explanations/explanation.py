"""What in a picture spoke against each attribute that failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from proportrait import imaging
from proportrait.arrays import Float, Image
from proportrait.commandline import printable
from proportrait.errors import ImageError
from proportrait.explanations.evidence import Evidence
from proportrait.explanations.heat import Heat
from proportrait.explanations.network import log_odds
from proportrait.explanations.picture import draw
from proportrait.labels import KEYS
from proportrait.looks.look import Look, look
from proportrait.looks.mirror import oriented
from proportrait.looks.rules import rules
from proportrait.measures import Subject
from proportrait.model.cells import Cells, has_cells
from proportrait.model.saved import Headshot
from proportrait.score import Score, Scorer

SIDE = 192  # px of the longer side of a map
_SMOOTH = 0.012  # of the longer side: sigma of the blur after which maps are compared and drawn


@dataclass(frozen=True, eq=False)
class Explanation:
    """A picture, its score, and where in the picture the score comes from.

    Attributes:
        picture: RGB uint8 (H, W, 3), as the file shows it.
        score: of the picture.
        heat: by the key of each attribute that failed and of which a place can be told.
        find_log_odds: gives `log_odds`, which take a run of the networks.
    """

    picture: Image
    score: Score
    heat: Mapping[str, Heat]
    find_log_odds: Callable[[], Float | None]

    @cached_property
    def log_odds(self) -> Float | None:
        """What each place adds to the logit of each attribute by the features, (6, h, w) float32.

        In the order of `KEYS`, negative where it speaks against it; None where the backbone is no
        EfficientNet-lite.
        """
        return self.find_log_odds()

    def draw(self) -> PIL.Image.Image:
        """The explanation as one picture for people."""
        return draw(self.picture, self.score, self.heat)


def explain(
    picture: Image | PIL.Image.Image | str | Path | bytes, scorer: Scorer | None = None
) -> Explanation:
    """Judge a picture, and find what in it spoke against each attribute that failed.

    >>> from proportrait import explain
    >>> explanation = explain("tests/data/face.jpg")
    >>> [(key, heat.source, heat.map.shape) for key, heat in explanation.heat.items()]
    [('attire', 'network', (192, 192)), ('framing', 'measure', (192, 192))]
    >>> explanation.draw().save("why.png")  # doctest: +SKIP

    Args:
        picture: a file, its bytes, a Pillow image, or an RGB array (H, W, 3) uint8.
        scorer: judges it; default: with the packaged model.

    Raises:
        ImageError: the file cannot be read.
        ValueError: a picture in memory that is none, or too small.
    """
    scorer = scorer or Scorer()
    file = Path(picture) if isinstance(picture, str | os.PathLike) else None
    taken = look(
        file or (picture if isinstance(picture, bytes) else imaging.as_image(picture)),
        scorer.model.wants,
    )
    if taken.error:
        raise ImageError(f"{printable(file)}: {taken.error}" if file else taken.error)
    return explain_look(taken, scorer.verdicts(taken, file), scorer.model)


def explain_look(taken: Look, score: Score, model: Headshot) -> Explanation:
    """The explanation of a score by the look that it comes from: nothing is looked at again.

    Args:
        taken: with its picture and subject.
        score: of it, by the model.
    """
    picture, subject = taken.picture, taken.subject
    if picture is None or subject is None:
        raise ValueError("a look without its picture explains nothing: it comes from the cache")
    shares = cache(partial(_log_odds, taken, subject, model))
    is_mirrored = oriented(picture)[1]

    def upright(maps: Float) -> Float:
        """Maps (..., h, w) in the orientation of the file."""
        turned = np.rot90(maps, -subject.turns, (-2, -1))
        return np.ascontiguousarray(turned[..., ::-1] if is_mirrored else turned)

    def upright_shares() -> Float | None:
        maps = shares()
        return None if maps is None else upright(maps)

    heat = _heats(taken, subject, score, shares)
    return Explanation(
        picture,
        score,
        {key: replace(entry, map=upright(entry.map)) for key, entry in heat.items()},
        upright_shares,
    )


def _heats(
    taken: Look, subject: Subject, score: Score, find_shares: Callable[[], Float | None]
) -> dict[str, Heat]:
    """What spoke against each attribute that failed, of the picture that the measures saw."""
    ruled = rules(taken).bad
    evidence = Evidence(subject, _size(subject.image)) if subject.faces else None
    result: dict[str, Heat] = {}
    for reason in score.failures:
        key = reason.attribute
        if evidence and (reason.measure or key in ruled):
            measured = _relative(evidence.of(reason))
            if measured is not None:
                result[key] = Heat(measured, "measure")
                continue
        shares = find_shares()  # only now: they take a run of the networks
        if shares is not None:
            against = _relative(np.maximum(-shares[KEYS.index(key)], 0))
            if against is not None:
                result[key] = Heat(against, "network")
    return result


def _relative(values: Float) -> Float | None:
    """A map, smooth, with 1 for its greatest value; None where it is empty."""
    values = cv2.GaussianBlur(values, (0, 0), _SMOOTH * max(values.shape))
    greatest = float(values.max())
    return np.asarray(values / greatest, np.float32) if greatest > 0 else None


def _log_odds(taken: Look, subject: Subject, model: Headshot) -> Float | None:
    """See `Explanation.log_odds`; of the picture that the measures saw."""
    if taken.views is None or not has_cells(model):
        return None
    picture, faces = subject.image, subject.faces
    height, width = picture.shape[:2]
    box = np.array(faces[0].box(width, height), np.float32) if faces else None
    windows = [
        part / np.tile(source.shape[1::-1], 2)
        for _, source, part in model.preprocessing.windows(picture, box)
    ]
    return log_odds(_cells(model), taken.views, windows, _size(picture))


@lru_cache(maxsize=1)
def _cells(model: Headshot) -> Cells:
    return Cells(model)


def _size(picture: Image) -> tuple[int, int]:
    """Height and width of the maps of a picture (H, W, 3)."""
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    return max(1, round(scale * height)), max(1, round(scale * width))
