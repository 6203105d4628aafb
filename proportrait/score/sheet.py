"""Pictures with their verdicts, as a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.score.scorer import Score
from proportrait.sheets import BAD, GOOD, TEXT, Bar, Tile, save, thumbnail, verdict

_NOTE = "What the model says of each attribute, and how sure it is: at 50 % it cannot tell."


def draw(scores: Sequence[Score], path: Path) -> list[Path]:
    """Write the pages of a contact sheet, PNG; returns them.

    Raises:
        ConfigurationError: `path` is one of the pictures.
        StoreError: a page cannot be written.
    """
    if path.resolve() in {Path(score.path).resolve() for score in scores}:
        raise ConfigurationError(f"{path} is one of the pictures: name another file to draw into")
    judged = sum(score.error is None and score.faces > 0 for score in scores)
    title = f"Headshots judged: {judged} of {len(scores)}"
    return save(path, title, scores, _tile, _NOTE)


def _tile(score: Score) -> Tile:
    picture, name = thumbnail(score.path), Path(score.path).name
    if score.error is not None:
        reason = score.error.removeprefix(score.path).lstrip(": ")
        line = "no verdict" if isinstance(picture, str) else f"no verdict: {reason}"
        return Tile(picture, lines=[(line, BAD)], name=name)
    if not score.faces:
        return Tile(picture, lines=[(f"no verdict: {score.remark}", BAD)], name=name)
    remark = [(score.remark, TEXT)] if score.remark else []
    return Tile(picture, bars=[_bar(score, key) for key in KEYS], lines=remark, name=name)


def _bar(score: Score, key: str) -> Bar:
    good = bool(score.verdicts[key])
    text, sure = verdict(good, score.probabilities[key])
    return Bar(key, sure, text, GOOD if good else BAD)
