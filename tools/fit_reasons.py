"""Fit what each measure says by itself of an attribute, for the reasons of a verdict.

    python -m tools.fit_reasons --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator wrote. Printed is, of pictures whose group was left out, the share of the bad ones of
which at least one measure is named, and of the good ones; written is
`proportrait/advice/data/evidence.json`: of each measure, what its values cost and where eight of
ten good pictures lie.

Of every bound of `proportrait/advice/bounds.py` it is printed how many of the pictures beyond it
are bad, and the loosest bound beyond which at least nine of ten photographs and nine of ten made
pictures are, good and bad ones weighing alike: by all groups, and its range as groups are left out.
A person decides, for a picture that is bad may be so for another reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from proportrait.advice.bounds import FITTED, Bound
from proportrait.advice.evidence import FILE, Evidence
from proportrait.advice.faults import FAULTS
from proportrait.advice.reason import NOTABLE
from proportrait.arrays import Double, Mask
from proportrait.disk import replace_file
from proportrait.labels import KEYS
from proportrait.measures import NAMES
from tools.labelled import Looks, Table, folds_of, run

KNOTS = 17  # of a curve
USUAL = (0.1, 0.9)  # quantiles of the good pictures
STEPS, RATE = 60, 0.1  # boosting steps of a curve, and their learning rate
FEWEST = 10  # pictures with a value, of either class; and beyond a bound
RIGHT = 0.9  # weighted share of the pictures beyond a bound that are bad


def fit(key: str, measure: str, rows: Table) -> Evidence | None:
    """The evidence of one measure; None where too few pictures have it.

    Args:
        key: of the attribute.
        measure: "attribute.Name".
        rows: its values (N, 1) and the bits.
    """
    sides = {fault.side for fault in FAULTS if fault.measure == measure}
    known = ~np.isnan(rows.values[:, 0])
    values, good, weights = rows.values[known, 0], rows.good[known], rows.weights()[known]
    if min(good.sum(), (~good).sum()) < FEWEST:
        return None
    order = np.argsort(values[good])
    places = np.cumsum(weights[good][order]) / weights[good].sum()
    low, high = np.interp(USUAL, places, values[good][order])
    knots = np.unique(np.quantile(values, np.linspace(0, 1, KNOTS)))
    rising = 0 if len(sides) == 2 else -next(iter(sides))
    model = HistGradientBoostingClassifier(
        max_iter=STEPS, learning_rate=RATE, max_leaf_nodes=2, min_samples_leaf=20,
        monotonic_cst=[rising], random_state=0,
    ).fit(values[:, None], good, sample_weight=weights)  # fmt: skip
    odds = model.decision_function(knots[:, None])
    usual = (knots >= low) & (knots <= high)
    best = odds[usual].max() if usual.any() else odds.max()
    return Evidence(
        tuple(float(f"{value:.4g}") for value in knots),
        tuple(round(max(0.0, float(best - value)), 2) for value in odds),
        float(f"{low:.3g}") if -1 in sides else -np.inf,
        float(f"{high:.3g}") if 1 in sides else np.inf,
    )


def measures_of(key: str) -> list[str]:
    """The measures that a fault of an attribute can be told by."""
    return list(dict.fromkeys(fault.measure for fault in FAULTS if fault.attribute == key))


def report(key: str, table: Table, names: Sequence[str]) -> None:
    """Print how many pictures have a reason, each by fits without its group."""
    named = np.zeros(len(table.good), bool)
    for train, test in folds_of(table.groups):
        for column, name in enumerate(names):
            if evidence := fit(key, name, _column(table, column, train)):
                named[test] |= _named(name, evidence, table.values[test, column])
    for title, rows in table.sets():
        bad, good = (float(named[rows & bits].mean()) for bits in (~table.good, table.good))
        print(f"{key:<12}{title:<16} named of the bad {bad:.3f}, of the good {good:.3f}")


def _named(name: str, evidence: Evidence, values: Double) -> Mask:
    sides = [fault.side for fault in FAULTS if fault.measure == name]
    return np.array(
        [evidence.side(value) in sides and evidence.cost(value) >= NOTABLE for value in values]
    )


def _column(table: Table, column: int, rows: Any) -> Table:
    part = table[rows]
    return Table(part.values[:, [column]], part.good, part.groups, part.photos)


def fit_bound(side: int, rows: Table) -> float:
    """The loosest bound beyond which at least `RIGHT` of the pictures are bad, in either set.

    NaN where none is. A set of which no picture lies beyond it says nothing.

    Args:
        side: -1 where low values (N, 1) of the pictures are bad, else 1.
    """
    known = np.flatnonzero(~np.isnan(rows.values[:, 0]))
    part = rows[known[np.argsort(-side * rows.values[known, 0], kind="stable")]]  # the worst first
    values, weights = part.values[:, 0], part.weights()
    shares = np.ones(len(values))
    for _, rows_of_set in part.sets():
        bad, good = (np.cumsum(weights * rows_of_set * bits) for bits in (~part.good, part.good))
        shares = np.minimum(shares, np.where(bad + good > 0, bad / np.maximum(bad + good, 1e-9), 1))
    ends = np.flatnonzero((shares >= RIGHT) & (np.append(values[1:], np.nan) != values))
    ends = ends[ends + 1 >= FEWEST]
    if not len(ends):
        return float("nan")
    last = int(ends[-1])
    return float(values[last : last + 2].mean())


def report_bound(name: str, bound: Bound, rows: Table) -> None:
    """Print what lies beyond a bound, and where the rule puts it."""
    fits = [fit_bound(bound.side, rows[learn]) for learn, _ in folds_of(rows.groups)]
    print(
        f"{name:<12}{bound.value:<8.4g}by the rule {fit_bound(bound.side, rows):.3g}, "
        f"without groups {min(fits):.3g} to {max(fits):.3g}"
    )
    beyond = np.array([bound.passed(value) for value in rows.values[:, 0]], bool)
    weights = rows.weights()
    for title, part in rows.sets():
        bad, good = ((part & beyond & bits).sum() for bits in (~rows.good, rows.good))
        wrong = weights[part & beyond & rows.good].sum()
        share = 1 - wrong / max(weights[part & beyond].sum(), 1e-9)
        print(f"{'':<12}beyond it {bad} bad and {good} good {title}: weighted share {share:.3f}")


def bound_rows(bound: Bound, table: Table, names: Sequence[str]) -> Table:
    """The measure of a bound in the pictures of which its sentence may be told.

    Args:
        table: values (N, F) of the measures `names`, "attribute.Name".
    """
    fault = next(
        fault for fault in FAULTS if (fault.measure, fault.side) == (bound.measure, bound.side)
    )
    beyond = {bound.measure: bound.value + bound.side}
    told = [
        fault.applies({n: v for n, v in zip(names, row, strict=True) if v == v} | beyond)  # no NaN
        for row in table.values
    ]
    return _column(table, list(names).index(bound.measure), np.flatnonzero(told))


def report_bounds(looks: Looks) -> None:
    """Print the figures of every bound."""
    for name, bound in FITTED.items():
        report_bound(name, bound, bound_rows(bound, looks.table(bound.attribute, NAMES), NAMES))


def fit_and_write(photos: Sequence[Path], made: Sequence[Path]) -> None:
    """Print figures, and write the file."""
    looks = Looks.read(photos, made)
    report_bounds(looks)
    data: dict[str, dict[str, Any]] = {}
    for key in KEYS:
        names = measures_of(key)
        if not names:
            continue
        table = looks.table(key, names)
        report(key, table, names)
        data[key] = {
            name: {
                "low": evidence.low if np.isfinite(evidence.low) else None,
                "high": evidence.high if np.isfinite(evidence.high) else None,
                "values": evidence.values,
                "costs": evidence.costs,
            }
            for column, name in enumerate(names)
            if (evidence := fit(key, name, _column(table, column, np.arange(len(table.good)))))
        }
    import proportrait.advice.data as folder

    replace_file(Path(str(folder.__file__)).with_name(FILE), text_of(data).encode())


def text_of(data: Mapping[str, Mapping[str, Any]]) -> str:
    """The JSON of the file: a line a measure."""
    blocks = (
        f'"{key}": {{\n' + ",\n".join(f'"{name}": {json.dumps(row)}' for name, row in rows.items())
        for key, rows in data.items()
    )
    return "{\n" + "\n},\n".join(blocks) + "\n}\n}\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    return run("python -m tools.fit_reasons", __doc__, argv, fit_and_write)


if __name__ == "__main__":
    sys.exit(main())
