"""What the last step of a model learns from which pictures: trainings side by side.

    python -m tools.fit_fusion --made DIR [DIR ...] --photos DIR [DIR ...] [--judged DIR ...]
    python -m tools.fit_fusion --made DIR [DIR ...] --photos DIR [DIR ...] --grid

Made pictures are of folders that the generator wrote, and that the backbone has not learnt from.
Photographs have a labels.csv with the columns file, labels, site, and perhaps licence. Every figure
of a photograph is by a fit that saw no photograph of its site; the thresholds are chosen on other
sites too. `--judged` names further labelled folders, which teach nothing. `proportrait train
--learn_from` fits the fusion that is used; here it is only compared. `--grid` tries other views and
other values of calm for every head instead (`VIEWS` and `CALM` of `proportrait/train/fuse.py`).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from proportrait.arrays import Float, Mask, Text
from proportrait.commandline import exit_code, seed
from proportrait.labels import KEYS
from proportrait.model.calibration import BALANCE, Calibration
from proportrait.model.fusion import Fusion
from proportrait.model.saved import Headshot, load, packaged
from proportrait.train.batches import Evidence, collect
from proportrait.train.data import TABLE, Pictures
from proportrait.train.fuse import CALM, VIEWS, fuse, head_out_of_fold
from proportrait.train.metrics import report
from proportrait.train.run import MADE

COUNTS = (100, 300)  # photographs: what so many are worth
BALANCES = (0, 0.15, 0.3, 0.5, 0.75, 1)  # what other weights than `calibration.BALANCE` give
CALMS = (0, 0.03, 0.1, 0.3, 1)  # what other values than those of `fuse.CALM` give
FOLDS = 10  # of sites, for the thresholds
_NO_LICENCE = ("", "none stated")


@dataclass(frozen=True, eq=False)
class Data:
    """The evidence that trainings are compared on.

    Attributes:
        made, photos: of the pictures that teach.
        licensed: (P,), whether each photograph has a stated licence.
        judged: by name, of pictures that teach nothing.
        names, directions: of the measures.
        views: the view that each feature describes.
    """

    made: Evidence
    photos: Evidence
    licensed: Mask
    judged: dict[str, Evidence]
    names: Sequence[str]
    directions: Sequence[int]
    views: Text


def gather(
    model: Headshot, made: Sequence[Path], photos: Sequence[Path], judged: Sequence[Path]
) -> Data:
    """Look at all pictures."""
    taught = [_evidence(model, Pictures.from_folders(folders)) for folders in (made, photos)]
    others = {folder.name: _evidence(model, Pictures.from_folder(folder))[0] for folder in judged}
    licences = [licence for folder in photos for licence in _licences(folder)]
    return Data(
        taught[0][0], taught[1][0], np.array([name not in _NO_LICENCE for name in licences]),
        others, model.architecture.measures, taught[1][1], model.feature_views,
    )  # fmt: skip


def _evidence(model: Headshot, pictures: Pictures) -> tuple[Evidence, list[int]]:
    return collect(model, pictures, np.ones(len(pictures)))


def _licences(folder: Path) -> Iterator[str]:
    with (folder / TABLE).open(encoding="utf-8-sig", newline="") as file:
        yield from (row.get("licence") or "" for row in csv.DictReader(file))


def trainings(data: Data, seed: int = 0) -> Iterator[tuple[str, list[str]]]:
    """Name and lines of each training."""
    every = np.arange(len(data.photos.labels))
    none = every[:0]
    yield "made alone", _report(data, none, with_made=True)
    yield "photographs alone", _report(data, every, with_made=False)
    for count in COUNTS:
        if count < len(every):
            yield f"both, {count} photographs", _report(data, _some(data, count, seed))
    if 0 < data.licensed.sum() < len(every):
        chosen = np.flatnonzero(data.licensed)
        yield f"both, {len(chosen)} photographs with a licence", _report(data, chosen)
    yield f"both, all {len(every)} photographs", _report(data, every)


def grid(data: Data) -> Iterator[str]:
    """For each head of an attribute: what other values of calm, and other views, are worth.

    AUC on photographs of sites that a head was not taught by, and the share of them whose copy is
    on the other side of the limit; it calls as many good as raters do.
    """
    count = len(data.photos.labels)
    evidence = _together(data, np.arange(count))
    every = tuple(dict.fromkeys(data.views))
    for key in KEYS:
        for names in VIEWS.get(key, (every,)):
            views = tuple(view for view in every if view in names)
            if not views:
                continue
            yield f"{key}, now: {', '.join(views)}; calm {CALM[key]:g}"
            for calm in CALMS:
                yield f"  {f'calm {calm:g}':24s}{_head(data, evidence, key, views, calm)}"
            for view in every:
                others = tuple(v for v in every if (v in views) != (v == view))
                title = f"{'without' if view in views else 'and'} {view}"
                if others:
                    yield f"  {title:24s}{_head(data, evidence, key, others, CALM[key])}"


def _head(data: Data, evidence: Evidence, key: str, views: Sequence[str], calm: float) -> str:
    known, logits, copies = head_out_of_fold(evidence, key, np.isin(data.views, views), calm)
    photos = known < len(data.photos.labels)
    good, logits = evidence.labels[known[photos], KEYS.index(key)] > 0.5, logits[photos]
    limit = np.quantile(logits, 1 - good.mean())
    turned = np.mean((logits >= limit) != (copies[photos] >= limit))
    return f"AUC {roc_auc_score(good, logits):.3f}, {turned:.1%} of the copies turn it"


def _some(data: Data, count: int, seed: int) -> np.ndarray:
    """About so many photographs, of whole sites that are drawn one after the other."""
    sites = np.random.default_rng(seed).permutation(np.unique(data.photos.groups))
    chosen = np.zeros(len(data.photos.labels), bool)
    for site in sites:
        if chosen.sum() >= count:
            break
        chosen |= data.photos.groups == site
    return np.flatnonzero(chosen)


def _report(data: Data, taught: np.ndarray, with_made: bool = True) -> list[str]:
    """Fit the fusion to made pictures and the photographs `taught`, and judge all."""
    photos, made = data.photos, data.made
    evidence = _together(data, taught, with_made)
    fusion, held_out = fuse(evidence, data.names, data.directions, views=data.views)
    logits = _logits(fusion, photos)
    logits[taught] = held_out[: len(taught)]
    lines = []
    if len(taught):
        lines += _lines("photographs", photos, logits, *_by_other_sites(photos, logits))
        if len(taught) == len(logits):
            lines += _balances(photos, logits)
        calibration = Calibration.fit(logits[taught], photos.labels[taught], photos.known[taught])
    else:
        calibration = Calibration.fit(held_out, made.labels, made.known)
        lines += _judge("photographs", photos, logits, calibration)
    for name, other in data.judged.items():
        lines += _judge(name, other, _logits(fusion, other), calibration)
    return lines


def _together(data: Data, taught: np.ndarray, with_made: bool = True) -> Evidence:
    """The photographs `taught`, then the made pictures, which weigh `MADE` of them."""
    count = len(data.made.labels)
    weight = MADE * len(taught) / max(1, count) if len(taught) else 1.0
    parts = [_part(data.photos, taught, 1.0)]
    parts += [_part(data.made, np.arange(count), weight)] if with_made else []
    return Evidence(
        *(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Evidence))
    )


def _part(evidence: Evidence, rows: np.ndarray, weight: float) -> Evidence:
    values = {field.name: getattr(evidence, field.name)[rows] for field in fields(Evidence)}
    return Evidence(**values | {"weights": np.full(len(rows), weight)})


def _logits(fusion: Fusion, evidence: Evidence) -> Float:
    return fusion.logits(evidence.own, evidence.features, evidence.measures)


def _by_other_sites(photos: Evidence, logits: Float, balance: float = BALANCE) -> tuple[Mask, Mask]:
    """Verdicts (N, 6), and whether each is sure, by the calibration of other sites."""
    verdicts, sure = np.zeros(logits.shape, bool), np.zeros(logits.shape, bool)
    for train, test in GroupKFold(FOLDS).split(logits, groups=photos.groups):
        calibration = Calibration.fit(
            logits[train], photos.labels[train], photos.known[train], balance
        )
        probabilities = calibration.probabilities(logits[test])
        verdicts[test] = calibration.verdicts(probabilities)
        sure[test] = calibration.sure(probabilities)
    return verdicts, sure


def _balances(photos: Evidence, logits: Float) -> Iterator[str]:
    """What the weight of balance in the thresholds decides on photographs of other sites."""
    for balance in BALANCES:
        verdicts, _ = _by_other_sites(photos, logits, balance)
        figures = report(photos.labels, photos.known, logits, verdicts, photos.groups, draws=0)
        mean = np.mean([row.balanced_accuracy.value for row in figures.attributes.values()])
        exact = figures.exact_match.value
        yield f"    balance {balance:4.2f}: {mean:.3f} balanced, {exact:.3f} exact"


def _judge(name: str, evidence: Evidence, logits: Float, calibration: Calibration) -> list[str]:
    probabilities = calibration.probabilities(logits)
    return _lines(
        name, evidence, logits, calibration.verdicts(probabilities),
        calibration.sure(probabilities),
    )  # fmt: skip


def _lines(name: str, evidence: Evidence, logits: Float, verdicts: Mask, sure: Mask) -> list[str]:
    known, sure = evidence.known, sure & evidence.known
    right = sure & (verdicts == (evidence.labels > 0.5))
    figures = report(evidence.labels, known, logits, verdicts, evidence.groups, draws=0)
    counts = zip(right.sum(0), sure.sum(0), strict=True)
    rows = {
        "AUC": [row.auc.value for row in figures.attributes.values()],
        "balanced": [row.balanced_accuracy.value for row in figures.attributes.values()],
        "sure": list(sure.sum(0) / np.maximum(known.sum(0), 1)),
        "right if sure": [r / n if n else np.nan for r, n in counts],
    }
    exact, bits = figures.exact_match.value, figures.overall.value
    head = f"  {name}: exact {exact:.3f}, bits {bits:.3f}"
    return [head, *(f"    {label:14s}{_cells(values)}" for label, values in rows.items())]


def _cells(values: Sequence[float]) -> str:
    cells = "".join(f"{value:8.3f}" if not np.isnan(value) else f"{'-':>8s}" for value in values)
    return f"{cells}   mean {np.nanmean(values):.3f}" if not np.isnan(values).all() else cells


def main(argv: list[str] | None = None) -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fit_fusion", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("--model", type=Path, default=packaged(), metavar="FILE",
        help="whose backbone is used (default: the packaged one)")  # fmt: skip
    add("--made", type=Path, nargs="+", required=True, metavar="DIR")
    add("--photos", type=Path, nargs="+", required=True, metavar="DIR")
    add("--judged", type=Path, nargs="*", default=[], metavar="DIR")
    add("--seed", type=seed, default=0, help="draws the sites of fewer photographs (default 0)")
    add("--grid", action="store_true", help="other views and values of calm for every head")
    options = parser.parse_args(argv)

    def work() -> int:
        data = gather(load(options.model), options.made, options.photos, options.judged)
        if options.grid:
            for line in grid(data):
                print(line, flush=True)
            return 0
        print(f"{'':18s}" + "".join(f"{key[:7]:>8s}" for key in KEYS))
        for name, lines in trainings(data, options.seed):
            print(f"\n{name}")
            print("\n".join(lines), flush=True)
        return 0

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
