"""Fit when verification is sure (`proportrait/verification/data/limits.json`).

    python -m tools.fit_limits --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator wrote; its groups are the source portraits. Under `bad_under`, and from `good_from` on, at
least 95 % of the scores are right, of photographs and of made pictures, good and bad ones weighing
alike. `doubt` is fitted to sets of made pictures that are large enough for verification to learn
from: a fifth of the labels of one attribute is flipped, and 2 % of the others may be doubted.
Printed are figures of the limits in the file, of limits fitted without the group of each picture,
and the limits fitted to all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from proportrait.arrays import Double, Mask, Text
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import FEATURES, SCORE, Wants
from proportrait.looks.survey import survey
from proportrait.store import RecordStore
from proportrait.verification.limits import Limits, limits
from proportrait.verification.suspects import Rows, gather, opinions
from tools.labelled import Looks, Table, folds_of, run

RIGHT = 0.95  # share of the scores beyond a limit that are right
MARGIN = 0.01  # more than that share on the pictures that are learnt from
FLIPPED, DRAWS, FALSE_ALARMS = 0.2, 3, 0.02
DOUBTS = (0.05, 0.45)  # the least and the most
_DIGITS = 1  # of a limit of scores


def fit_scores(rows: Table) -> tuple[float, float]:
    """(bad under, good from): the widest limits beyond which `RIGHT` of every set is right.

    Args:
        rows: with scores (N, 1); pictures without a score are left out.
    """
    low, high = 100.0, 0.0
    for _, part in rows.sets():
        scores, good, weights = rows.values[part, 0], rows.good[part], rows.weights()[part]
        low = min(low, _limit(scores, ~good, weights))
        high = max(high, 100 - _limit(100 - scores, good, weights))
    if low > high:  # between the two both would be right
        low = high = min(max(50.0, high), low)
    return round(low, _DIGITS), round(high, _DIGITS)


def _limit(scores: Double, right: Mask, weights: Double) -> float:
    """The highest score under which at least `RIGHT` of the weight is right; 0 where none is."""
    order = np.argsort(scores, kind="stable")
    scores, right, weights = scores[order], right[order], weights[order]
    enough = np.cumsum(weights * right) / np.cumsum(weights) >= RIGHT + MARGIN
    # Under a limit are all that come before it, those of an equal score too.
    last = np.append(scores[1:] > scores[:-1], True)
    ends = np.flatnonzero(enough & last)
    if not len(ends):
        return 0.0
    end = ends[-1]
    return float((scores[end] + scores[min(end + 1, len(scores) - 1)]) / 2)


def report_scores(key: str, rows: Table) -> tuple[float, float]:
    """Print how often the scores of an attribute speak, and are right; the fitted limits."""
    now = limits()[key]
    assert now.bad_under is not None
    assert now.good_from is not None
    present: Double = np.tile((now.bad_under, now.good_from), (len(rows.good), 1))
    held_out = present.copy()
    for learn, judge in folds_of(rows.groups):
        held_out[judge] = fit_scores(rows[learn])
    for name, part in rows.sets():
        for title, limit in (("now", present), ("groups left out", held_out)):
            scores, good = rows.values[part, 0], rows.good[part]
            bad_under, good_from = limit[part].T
            print(f"{key:<12}{name:<16}{title:<18}", end="")
            print(_words(scores < bad_under, ~good), _words(scores >= good_from, good))
    fitted = fit_scores(rows)
    print(f"{'':<12}now {now.bad_under, now.good_from}, fitted {fitted}, without a group", end=" ")
    print(f"{held_out.min(0)} to {held_out.max(0)}")
    return fitted


def _words(read: Mask, right: Mask) -> str:
    """Of the pictures with a bit, the share that is read so; of those read, the share right."""
    if not read.any():
        return f"{0:>9.0%} read, {'-':>4} right"
    hit, miss = float(read[right].mean()), float(read[~right].mean())
    return f"{hit:>9.0%} read, {hit / max(hit + miss, 1e-9):>4.0%} right"


def rows_of(folder: Path) -> Rows:
    """Labels and model inputs of a set that the generator wrote."""
    records = sorted(RecordStore(folder).records(), key=lambda record: record.output_filename)
    files = [folder / "images" / record.output_filename for record in records]
    with LookCache() as cache:
        for _ in survey(files, Wants(features=tuple(FEATURES)), cache):
            pass
        return gather(records, folder / "images", cache)[1]


@dataclass(frozen=True, eq=False)
class Claims:
    """The n known labels of one attribute, some of them flipped.

    Attributes:
        likely: (n,) the model's probability of each label as it stands.
        wrong: (n,) which are flipped.
        groups: (n,) the sources.
    """

    likely: Double
    wrong: Mask
    groups: Text


def flip(rows: Rows, key: str, seed: int) -> Claims | None:
    """Flip some labels and ask the model; None where it has no opinion."""
    column = KEYS.index(key)
    known = np.flatnonzero(rows.known[:, column])
    count = round(FLIPPED * len(known))
    wrong = np.random.default_rng(seed).choice(known, count, replace=False)
    labels = rows.labels.copy()
    labels[wrong, column] ^= 1
    flipped = replace(rows, labels=labels, files=rows.files[:0])
    likely = opinions(flipped, [key])[0][known, column].astype(np.float64)
    if not len(known) or np.isnan(likely).any():
        return None
    likely = np.where(labels[known, column] == 1, likely, 1 - likely)
    return Claims(likely, np.isin(known, wrong), rows.groups[known])


def doubt_of(likely: Double, wrong: Mask) -> float:
    """The probability under which `FALSE_ALARMS` of the claims lie that are right."""
    return float(np.clip(np.quantile(likely[~wrong], FALSE_ALARMS), *DOUBTS))


def report_doubt(key: str, sets: Sequence[Rows]) -> float:
    """Print shares of flips and of true bits that are doubted; the fitted limit.

    Of the largest that every set allows; the one in the code where no set is large enough.
    """
    now, fitted = limits()[key].doubt, []
    for rows in sets:
        draws = [draw for seed in range(DRAWS) if (draw := flip(rows, key, seed))]
        if not draws:
            continue
        likely = np.concatenate([draw.likely for draw in draws])
        wrong = np.concatenate([draw.wrong for draw in draws])
        groups = np.concatenate([draw.groups for draw in draws])
        held_out = np.zeros(len(likely))
        for learn, judge in folds_of(groups):
            held_out[judge] = doubt_of(likely[learn], wrong[learn])
        for title, doubts in (("now", np.full(len(likely), now)), ("groups left out", held_out)):
            doubted = likely < doubts
            print(f"{key:<12}{'doubt':<16}{title:<18}", end="")
            print(f"{doubted[wrong].mean():>9.1%} of flips, {doubted[~wrong].mean():.1%} of others")
        fitted.append(doubt_of(likely, wrong))
    limit = round(min(fitted), 2) if fitted else now
    source = "fitted" if fitted else "too few labels for a model: still"
    print(f"{'':<12}doubt now {now}, {source} {limit}")
    return limit


def fit_and_print(photos: Sequence[Path], made: Sequence[Path]) -> None:
    """Print figures and limits of labelled folders."""
    looks = Looks.read(photos, made)
    sets = [rows_of(folder) for folder in made]
    fitted: dict[str, Limits] = {}
    for key in KEYS:
        limit = limits()[key]
        if limit.bad_under is not None:
            rows = looks.table(key, [SCORE])
            known = np.flatnonzero(~np.isnan(rows.values[:, 0]))
            limit = Limits(*report_scores(key, rows[known]), limit.doubt)
        fitted[key] = replace(limit, doubt=report_doubt(key, sets))
    print(json.dumps({key: asdict(limit) for key, limit in fitted.items()}, indent=2))


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    return run("python -m tools.fit_limits", __doc__, argv, fit_and_print)


if __name__ == "__main__":
    sys.exit(main())
