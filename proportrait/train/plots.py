"""Pictures of a training and of its figures: charts by matplotlib, and sheets of photographs.

The title of a chart of results is what it shows, computed from the figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import PIL.Image
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator, PercentFormatter
from scipy.stats import binomtest

from proportrait.arrays import Mask
from proportrait.labels import KEYS
from proportrait.sheets import BAD, GOOD, UNKNOWN, Tile, draw, thumbnail
from proportrait.train.data import Pictures
from proportrait.train.evaluate import Predictions
from proportrait.train.metrics import AttributeFigures, Report
from proportrait.train.metrics import Figure as Value

ACCENT = "#2b5d8c"
_SETS = (ACCENT, "#d9822b", GOOD, "#7d5ba6")
_STEPS = ("#b9c4cf", "#7fa3c4", ACCENT)  # of the journey
_TEXT, _SMALL = 12, 11  # points: readable on a phone, where 8 inches are its width
_BINS, _FEWEST = 10, 15  # of a reliability diagram, and pictures of a bin
_KINDS = ("good", "bad")
_JOURNEY = {"framing": "framing", "overall": "all bits", "exact_match": "all six right"}


def training_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Loss and accuracy by epoch."""
    figure = _figure(10, 3.6)
    epochs = [row["epoch"] for row in history]
    left, right = figure.subplots(1, 2)
    for part, colour in (("train", UNKNOWN), ("validation", ACCENT)):
        losses = [row[f"{part}_loss"] for row in history]
        left.plot(epochs, losses, marker="o", color=colour, label=part)
    left.set(xlabel="epoch", ylabel="binary cross-entropy", title="Loss")
    left.legend(frameon=False)
    right.plot(epochs, [row["validation_accuracy"] for row in history], marker="o", color=ACCENT)
    right.set(xlabel="epoch", ylabel="share of bits", title="Right on validation")
    for axes in (left, right):
        axes.set_xticks(epochs)
    return figure


def attribute_accuracy(reports: Mapping[str, Report]) -> Figure:
    """Recall of good and of bad bits of every attribute, with 95 % intervals and counts.

    The title names the lowest of the last set.
    """
    figure = _figure(8, 2 + 0.4 * len(KEYS) * len(reports))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, kind in zip(panels, _KINDS, strict=True):
        for number, report in enumerate(reports.values()):
            _recalls(axes, report, kind, number, len(reports))
        axes.axvline(0.5, color=UNKNOWN, linewidth=1, linestyle=":")
        axes.set_title(f"{kind} ones called {kind}", fontsize=_TEXT)
        axes.set_xlabel("recall", fontsize=_TEXT)
        _percent(axes.xaxis)
    panels[0].set_xlim(right=1.03)
    panels[0].set_ylim(len(KEYS) - 0.5, -0.5)
    panels[0].set_yticks(range(len(KEYS)), KEYS, fontsize=_TEXT)
    name, report = list(reports.items())[-1]
    recalls = {
        (key, kind): _recall(row, kind).value
        for key, row in report.attributes.items() for kind in _KINDS
        if not np.isnan(_recall(row, kind).value)
    }  # fmt: skip
    if recalls:
        key, kind = min(recalls, key=lambda place: recalls[place])
        share = f"{100 * recalls[key, kind]:.0f} %"
        _title(figure, f"Weakest on {name}: of {kind} {key} it recognises {share}")
    handles = [Patch(color=_colour(number), label=name) for number, name in enumerate(reports)]
    _legend(panels[0], handles, 1)
    return figure


def _recall(row: AttributeFigures, kind: str) -> Value:
    return row.recall_good if kind == "good" else row.recall_bad


def _recalls(axes: Axes, report: Report, kind: str, number: int, sets: int) -> None:
    """The recalls of set `number`, with value and count of labels at the right."""
    for line, row in enumerate(report.attributes.values()):
        value, count = _recall(row, kind), row.good if kind == "good" else row.bad
        y = line + (number - (sets - 1) / 2) * 0.8 / sets
        text = "no label"
        if count:
            text = f"{100 * value.value:.0f} % of {count}"
            bounds = [[value.value - value.low], [value.high - value.value]]
            axes.errorbar(value.value, y, xerr=np.clip(bounds, 0, None), fmt="o", markersize=7,
                          linewidth=2, color=_colour(number))  # fmt: skip
        axes.text(1.06, y, text, color=_colour(number), va="center", fontsize=_SMALL)


def confusion(reports: Mapping[str, Report]) -> Figure:
    """The confusion matrix of every attribute, a row of them for each set.

    The title says how many of the last set's mistakes are too strict.
    """
    figure = _figure(8, 1 + 2.1 * len(reports))
    parts = figure.subfigures(len(reports), 1, squeeze=False)[:, 0]
    for number, (part, (name, report)) in enumerate(zip(parts, reports.items(), strict=True)):
        part.suptitle(name, fontsize=_TEXT, color=_colour(number), x=0.01, ha="left")
        line = part.subplots(1, len(KEYS), sharey=True)
        for axes, key in zip(line, KEYS, strict=True):
            _matrix(axes, np.array(report.attributes[key].confusion))
            axes.set_title(key, fontsize=_SMALL)
            axes.set_xlabel("verdict", fontsize=_SMALL)
        line[0].set_ylabel("label", fontsize=_SMALL)
    name, report = list(reports.items())[-1]
    tables = np.sum([row.confusion for row in report.attributes.values()], 0)
    strict, wrong = tables[1, 0], tables[1, 0] + tables[0, 1]
    _title(figure, f"{name.capitalize()}: {strict} of {wrong} mistakes call a good one bad")
    return figure


def _matrix(axes: Axes, table: npt.NDArray[np.intp]) -> None:
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks((0, 1), ("bad", "good"), fontsize=_SMALL)
    axes.set_yticks((0, 1), ("bad", "good"), fontsize=_SMALL)


def reliability(sets: Mapping[str, Predictions]) -> Figure:
    """Reliability diagrams over the bits of all attributes: a panel for each set.

    The title is the calibration error of the last set: the mean distance of its bins from the
    diagonal, weighted by their bits.
    """
    figure = _figure(8, 5.3)
    panels = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    for number, (axes, (name, predictions)) in enumerate(zip(panels, sets.items(), strict=True)):
        bins = _bins(predictions)
        bits = sum(part.bits for part in bins)
        axes.plot((0, 1), (0, 1), color="black", linewidth=0.8, linestyle=":")
        for part in bins:
            bounds = [[part.good - part.low], [part.high - part.good]]
            axes.errorbar(part.probability, part.good, yerr=np.clip(bounds, 0, None), fmt="o",
                          markersize=7, linewidth=2, color=_colour(number))  # fmt: skip
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        axes.set_title(f"{name}, {bits:,} bits", fontsize=_TEXT, color=_colour(number))
        axes.set_xlabel("probability of good", fontsize=_TEXT)
        _percent(axes.xaxis)
        _percent(axes.yaxis)
    panels[0].set_ylabel("labelled good", fontsize=_TEXT)
    if bits:
        error = sum(part.bits * abs(part.good - part.probability) for part in bins) / bits
        text = f"probabilities are {100 * error:.1f} points off over all bits"
        _title(figure, f"{name.capitalize()}: {text}")
    return figure


class _Bin(NamedTuple):
    """Number of bits, mean probability of good, share of good, and its 95 % interval."""

    bits: int
    probability: float
    good: float
    low: float
    high: float


def _bins(predictions: Predictions) -> list[_Bin]:
    """Tenths of the probability, joined until each holds bits of `_FEWEST` pictures.

    Intervals are Wilson's ("Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 1927).
    """
    known = predictions.pictures.known
    pictures, p = known.nonzero()[0], predictions.probabilities[known]
    labels = predictions.pictures.labels[known] > 0.5
    tenths = np.minimum((p * _BINS).astype(int), _BINS - 1)
    parts, part = [], np.zeros(len(p), bool)
    for tenth in range(_BINS):
        part = part | (tenths == tenth)
        if len(np.unique(pictures[part])) >= _FEWEST:
            parts.append(part)
            part = np.zeros(len(p), bool)
    if parts:
        parts[-1] |= part  # too few for a point of their own
    bins = []
    for part in parts:
        good, bits = int(labels[part].sum()), int(part.sum())
        interval = binomtest(good, bits).proportion_ci(method="wilson")
        bins.append(_Bin(bits, float(p[part].mean()), good / bits, interval.low, interval.high))
    return bins


def examples(predictions: Predictions, right: bool, count: int = 6) -> PIL.Image.Image:
    """Pictures whose known bits are all right, or the surest mistakes; wrong bits are red."""
    known, true = predictions.pictures.known, predictions.pictures.labels > 0.5
    wrong = known & (predictions.verdicts != true)
    sure = np.abs(predictions.probabilities - 0.5)
    if right:
        chosen = np.flatnonzero(~wrong.any(1))
        chosen = chosen[:: max(1, len(chosen) // count)]
    else:
        chosen = np.argsort(-(sure * wrong).max(1))
        chosen = chosen[wrong[chosen].any(1)]
    title = "Every known label is right" if right else "The surest mistakes"
    note = "What the model says. green: as labelled   red: not as labelled   grey: not labelled"
    tiles = [_example(predictions, number, wrong[number]) for number in chosen[:count]]
    return draw(title, {"": tiles}, note)


def _example(predictions: Predictions, number: int, wrong: Mask) -> Tile:
    known, lines = predictions.pictures.known[number], []
    for column, key in enumerate(KEYS):
        good = bool(predictions.verdicts[number, column])
        text = f"{'good' if good else 'bad'}, p = {predictions.probabilities[number, column]:.2f}"
        truth = f" (is {'bad' if good else 'good'})" if wrong[column] else ""
        colour = BAD if wrong[column] else GOOD if known[column] else UNKNOWN
        lines.append((f"{key}: {text}{truth}", colour))
    path = Path(predictions.pictures.paths[number])
    return Tile(thumbnail(path), lines=lines, name=path.name)


def label_distribution(pictures: Pictures) -> Figure:
    """Good, bad, and unknown bits of each attribute."""
    figure = _figure(8, 4)
    axes = figure.subplots()
    bits = {
        "good": (pictures.known & (pictures.labels > 0.5), GOOD),
        "bad": (pictures.known & (pictures.labels < 0.5), BAD),
        "unknown": (~pictures.known, UNKNOWN),
    }
    left = np.zeros(len(KEYS))
    for name, (mask, colour) in bits.items():
        counts = mask.sum(0)
        bars = axes.barh(KEYS, counts, left=left, color=colour, label=name)
        texts = [str(count) if count > 0.04 * len(pictures) else "" for count in counts]
        axes.bar_label(bars, texts, label_type="center", color="white", fontsize=_SMALL)
        left = left + counts
    axes.invert_yaxis()
    axes.tick_params("y", labelsize=_TEXT)
    axes.set_xlabel("pictures", fontsize=_TEXT)
    _legend(axes, axes.containers, len(bits))
    _title(figure, f"Labels of {len(pictures):,} pictures")
    return figure


def journey(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Framing, all bits, and exact match of the trainings of the journey; the title: from, to."""
    figure = _figure(8, 5)
    axes = figure.subplots()
    for number, row in enumerate(rows):
        values = [float(row[name]) for name in _JOURNEY]
        places = np.arange(len(values)) + (number - (len(rows) - 1) / 2) * 0.28
        bars = axes.bar(places, values, 0.26, color=_STEPS[number], label=str(row["step"]))
        axes.bar_label(bars, [f"{100 * value:.0f}" for value in values], fontsize=_TEXT)
    axes.set_xticks(range(len(_JOURNEY)), list(_JOURNEY.values()), fontsize=_TEXT)
    axes.tick_params("x", length=0)
    axes.set_ylim(0, 1.08)
    axes.set_ylabel("right, on other people", fontsize=_TEXT)
    _percent(axes.yaxis)
    _legend(axes, axes.containers, len(rows))
    first, last = (f"{100 * float(row['exact_match']):.0f} %" for row in (rows[0], rows[-1]))
    _title(figure, f"Verified, balanced labels: all six right in {last}, not {first}")
    return figure


def caption(figure: Figure, text: str) -> Figure:
    """Write a sentence beneath a figure."""
    lines = textwrap.fill(text, int(11.5 * figure.get_figwidth()))
    figure.supxlabel(lines, fontsize=_SMALL, color="#666666", x=0.01, ha="left")
    return figure


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, fontsize=15, fontweight="bold", x=0.01, ha="left")


def _legend(axes: Axes, handles: Sequence[Any], columns: int) -> None:
    """Above the title of the axes, from their left."""
    axes.legend(handles=handles, frameon=False, ncols=columns, loc="lower left", borderpad=0,
                bbox_to_anchor=(0, 1.06), fontsize=_TEXT)  # fmt: skip


def _percent(axis: Axis) -> None:
    axis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axis.set_major_locator(MultipleLocator(0.25))


def _colour(number: int) -> str:
    return _SETS[number % len(_SETS)]


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
