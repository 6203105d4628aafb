"""The summary card: made portraits, real photographs, and the published system in one picture.

Compared is the share of verdicts that are right, the figure that was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from proportrait.labels import KEYS
from proportrait.train.metrics import Report

MADE, REAL = "generated portraits", "real photographs"
# README of the published ProPortrait-Gen: Swin-Tiny, judged on the fifth of its 9,761 generated
# portraits that was held out by source.
PUBLISHED: Mapping[str, Any] = {
    "overall": 0.9389,
    "exact_match": 0.6986,
    "macro_f1": 0.95,
    "attributes": {
        "lighting": {"accuracy": 0.903, "f1": 0.92},
        "background": {"accuracy": 0.938, "f1": 0.95},
        "attire": {"accuracy": 0.951, "f1": 0.95},
        "expression": {"accuracy": 0.879, "f1": 0.90},
        "framing": {"accuracy": 0.967, "f1": 0.97},
        "sharpness": {"accuracy": 0.995, "f1": 1.00},
    },
}
_TICK, _QUIET = "#333333", "#777777"
_ALL = "all six right"
_GAP, _NUMBER = 11.0, 32.0  # points, from a dot to its number, and that a number is wide
_MARGIN = 0.09  # of the chart's width: a dot and its number beyond 100 %


@dataclass(frozen=True)
class _Series:
    """Shares of right verdicts of one set: over all, and by row of the card."""

    name: str
    colour: str
    marker: str
    overall: float
    rows: Mapping[str, float]


def summary_card(made: Report, real: Report | None = None) -> Figure:
    """A row for each attribute and one for all six: a dot for each set, a tick for the published.

    Rows are ordered by the figures of the real photographs, or of the made portraits without them.
    """
    reports = {MADE: made} | ({REAL: real} if real else {})
    sets = [_series(MADE, "#2b5d8c", made)]
    if real:
        sets.insert(0, _series(REAL, "#d9822b", real))
    figure = Figure(figsize=(8, 5.6), dpi=150, facecolor="white")
    heading = f"{100 * sets[0].overall:.0f} of 100 verdicts on {sets[0].name} are right"
    figure.text(0.03, 0.905, heading, fontsize=19, fontweight="bold")
    _legend(figure, [*sets, _published()])
    _draw(figure.add_axes((0.2, 0.14, 0.78, 0.6)), sets, _published())
    figure.text(0.03, 0.025, f"{counts(reports)}, all new to the model", fontsize=10, color=_QUIET)
    return figure


def counts(reports: Mapping[str, Report]) -> str:
    """How many pictures the reports of `MADE` and, if it is there, of `REAL` are of."""
    made, real = reports[MADE], reports.get(REAL)
    words = f"{made.pictures} portraits of {made.sources} people"
    if real:
        sites = f" of {real.sources} sites" if real.sources < real.pictures else ""
        words = f"{real.pictures} photographs{sites}, {words}"
    return words


def _series(name: str, colour: str, report: Report) -> _Series:
    rows = {key: row.accuracy.value for key, row in report.attributes.items()}
    rows[_ALL] = report.exact_match.value
    return _Series(name, colour, "o", report.overall.value, rows)


def _published() -> _Series:
    rows = {key: row["accuracy"] for key, row in PUBLISHED["attributes"].items()}
    rows[_ALL] = PUBLISHED["exact_match"]
    return _Series(
        "published system,\non its own portraits", _TICK, "|", PUBLISHED["overall"], rows
    )


def _legend(figure: Figure, series: list[_Series]) -> None:
    axes = figure.add_axes((0.03, 0.78, 0.95, 0.08), xlim=(0, 100), ylim=(-1, 1))
    axes.set_axis_off()
    x = 0.0
    for part in series:
        size, width = (110, 0) if part.marker == "o" else (220, 2.5)
        axes.scatter(x + 1.5, 0, s=size, color=part.colour, marker=part.marker, linewidths=width)
        axes.text(x + 4, 0, f"{100 * part.overall:.0f}", color=part.colour, fontsize=17,
                  fontweight="bold", va="center")  # fmt: skip
        axes.text(
            x + 9, 0, part.name, color=part.colour, fontsize=12, va="center", linespacing=1.05
        )
        x += 33


def _draw(axes: Axes, sets: list[_Series], published: _Series) -> None:
    order = sorted(KEYS, key=lambda key: -np.nan_to_num(sets[0].rows[key]))
    places = dict(zip([*order, _ALL], (0, 1, 2, 3, 4, 5, 6.6), strict=True))
    least = np.nanmin([part.rows[name] for part in (*sets, published) for name in places])
    left = min(0.4, least - 0.1)
    right = (1 - _MARGIN * left) / (1 - _MARGIN)
    axes.set(xlim=(left, right), ylim=(7.2, -0.6))
    for name, y in places.items():
        dots = sorted((part.rows[name], part.colour) for part in sets)
        _row(axes, y, [dot for dot in dots if not np.isnan(dot[0])], published.rows[name])
    axes.set_yticks(list(places.values()), list(places), fontsize=14)
    axes.set_xticks((0.5, 1), ("50 %", "100 %"), fontsize=11, color=_QUIET)
    axes.set_xlabel("verdicts that are right", fontsize=11, color=_QUIET, labelpad=-12)
    axes.plot((0.5, 0.5), (-0.5, 5.5), color=_QUIET, linewidth=1.2, linestyle=":", zorder=0)
    axes.text(0.507, 5.35, "a coin's guess", color=_QUIET, fontsize=11)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _row(axes: Axes, y: float, dots: list[tuple[float, str]], tick: float) -> None:
    """Dots, the lowest first, on a line; its share stands left of the lowest of two."""
    axes.plot((tick, tick), (y - 0.36, y + 0.36), color=_TICK, linewidth=2.5, zorder=2)
    axes.plot([share for share, _ in dots], [y] * len(dots), color="#d0d0d0", linewidth=5, zorder=1)
    for number, (share, colour) in enumerate(dots):
        side = 1 if number == len(dots) - 1 else -1
        axes.scatter(share, y, s=140, color=colour, zorder=3)
        gap = _gap(side * (tick - share) * _points(axes))
        axes.annotate(
            f"{100 * share:.0f}", (share, y), (gap * side, 0), textcoords="offset points",
            color=colour, fontsize=14, fontweight="bold", va="center",
            ha="left" if side == 1 else "right",
        )  # fmt: skip


def _gap(tick: float) -> float:
    """Points from a dot to its number, which stands beyond a tick that would cross it."""
    return tick + 0.5 * _GAP if 0.5 * _GAP < tick < _GAP + _NUMBER else _GAP


def _points(axes: Axes) -> float:
    """Points that the whole of one share, [0, 1], takes."""
    left, right = axes.get_xlim()
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    return float(axes.get_position().width * figure.get_figwidth() * 72 / (right - left))
