"""Pictures of a training and of its figures: charts by matplotlib, and sheets of photographs.

Every chart says under what conditions its numbers were measured.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from proportrait.arrays import Mask
from proportrait.labels import ATTRIBUTES, KEYS
from proportrait.sheets import BAD, GOOD, UNKNOWN, Tile, draw, thumbnail, verdict
from proportrait.train.data import Pictures
from proportrait.train.evaluate import Predictions
from proportrait.train.metrics import Report

ACCENT = "#2b5d8c"
_SETS = (ACCENT, "#c98b2b", GOOD, "#7d5ba6")
_BINS, _FEWEST = 10, 5  # of a reliability diagram, and labels of a bin
# Of an attribute: the name of a figure, its title, and the labels whose number stands with it.
_ACCURACIES = (
    ("balanced_accuracy", "balanced accuracy: the mean of the two below", ""),
    ("recall_good", "share of the good ones that it calls good", "good"),
    ("recall_bad", "share of the bad ones that it calls bad", "bad"),
)


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
    """Balanced accuracy and both recalls of every attribute, with 95 % intervals and counts.

    Every set has a bar of its own.
    """
    figure = _figure(11, 8)
    panels = figure.subplots(3, 1, sharex=True)
    for axes, (name, title, kind) in zip(panels, _ACCURACIES, strict=True):
        for number, report in enumerate(reports.values()):
            _bars(axes, report, name, kind, number, len(reports))
        axes.axhline(0.5, color=UNKNOWN, linewidth=0.8, linestyle=":")
        axes.set(ylim=(0, 1.04))
        axes.set_title(title, loc="left", fontsize=10.5)
    panels[-1].set_xticks(range(len(KEYS)), KEYS)
    panels[-1].tick_params("x", length=0, pad=30)
    figure.suptitle(
        "How often it is right, attribute by attribute (under each value: number of labels)"
    )
    panels[-1].legend(
        [Patch(color=_SETS[number % len(_SETS)]) for number in range(len(reports))],
        list(reports), frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.27),
    )  # fmt: skip
    return figure


def _bars(axes: Axes, report: Report, name: str, kind: str, number: int, sets: int) -> None:
    """The bars of set `number`, with value and count of labels beneath.

    Args:
        name: of an attribute's figure.
        kind: whose labels are counted, "good", "bad", or "" for none.
    """
    width, colour = 0.84 / sets, _SETS[number % len(_SETS)]
    for column, key in enumerate(KEYS):
        row = report.attributes[key]
        value, x = getattr(row, name), column + (number - (sets - 1) / 2) * width
        text = "-" if np.isnan(value.value) else f"{value.value:.2f}"
        if kind:
            text += f"\n{getattr(row, kind)}"
        axes.text(x, -0.04, text, ha="center", va="top", fontsize=7.5)
        bounds = np.array([[value.value - value.low], [value.high - value.value]]).clip(0)
        axes.bar(x, value.value, width * 0.94, yerr=bounds, capsize=2, color=colour)


def confusion(reports: Mapping[str, Report]) -> Figure:
    """The confusion matrix of every attribute, a row for each set."""
    figure = _figure(12, 2.6 * len(reports))
    grid = figure.subplots(len(reports), len(KEYS), squeeze=False)
    for line, (name, report) in zip(grid, reports.items(), strict=True):
        for axes, key in zip(line, KEYS, strict=True):
            _matrix(axes, np.array(report.attributes[key].confusion))
            axes.set_title(key, fontsize=10)
            axes.set_xlabel("predicted")
        line[0].set_ylabel(f"{name}\ntrue")
    return figure


def _matrix(axes: Axes, table: npt.NDArray[np.intp]) -> None:
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks((0, 1), ("bad", "good"))
    axes.set_yticks((0, 1), ("bad", "good"))


def reliability(sets: Mapping[str, Predictions]) -> Figure:
    """Reliability diagrams: share of good bits by probability, a line for each set.

    The area of a point grows with the number of bits; of fewer than `_FEWEST` there is none.
    """
    figure = _figure(12, 3)
    for column, axes in enumerate(figure.subplots(1, len(KEYS))):
        for number, (name, predictions) in enumerate(sets.items()):
            mask = predictions.pictures.known[:, column]
            p, y = (
                predictions.probabilities[mask, column],
                predictions.pictures.labels[mask, column],
            )
            bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
            counts = np.bincount(bins, minlength=_BINS)
            filled = counts >= _FEWEST
            mean = np.bincount(bins, p, _BINS)[filled] / counts[filled]
            share = np.bincount(bins, y, _BINS)[filled] / counts[filled]
            colour = _SETS[number % len(_SETS)]
            axes.plot(mean, share, color=colour, linewidth=1, label=name)
            sizes = 4 + 60 * counts[filled] / max(counts.sum(), 1)
            axes.scatter(mean, share, s=sizes, color=colour)
        axes.plot((0, 1), (0, 1), color="black", linewidth=0.6, linestyle=":")
        axes.set(xlim=(0, 1), ylim=(0, 1), title=KEYS[column], xlabel="probability")
    figure.axes[0].set_ylabel("share that is good")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, ncols=2, loc="outside upper left")
    return figure


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
        text, _ = verdict(good, float(predictions.probabilities[number, column]))
        truth = f" (is {'bad' if good else 'good'})" if wrong[column] else ""
        colour = BAD if wrong[column] else GOOD if known[column] else UNKNOWN
        lines.append((f"{key}: {text}{truth}", colour))
    path = Path(predictions.pictures.paths[number])
    return Tile(thumbnail(path), lines=lines, name=path.name)


def composition(pictures: Pictures) -> Figure:
    """How many pictures have each number of faults, and how many are twins."""
    figure = _figure(10, 3.4)
    left, right = figure.subplots(1, 2)
    whole = pictures.known.all(1)
    faults = (pictures.labels[whole] < 0.5).sum(1)
    left.bar(range(7), np.bincount(faults, minlength=7), color=ACCENT)
    left.set(xlabel="faults of a picture", ylabel="pictures",
             title=f"{whole.sum()} pictures of which all six bits are known")  # fmt: skip
    sizes = np.unique(pictures.sources, return_counts=True)[1]
    right.hist(sizes, bins=np.arange(1, sizes.max() + 2) - 0.5, color=ACCENT)
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set(xlabel="pictures of a source portrait", ylabel="source portraits",
              title=f"{len(pictures)} pictures of {len(sizes)} source portraits")  # fmt: skip
    return figure


def label_distribution(pictures: Pictures) -> Figure:
    """Good, bad, and unknown bits of each attribute."""
    figure = _figure(10, 3.4)
    axes = figure.subplots()
    good = (pictures.known & (pictures.labels > 0.5)).sum(0)
    bad = (pictures.known & (pictures.labels < 0.5)).sum(0)
    unknown = (~pictures.known).sum(0)
    left = np.zeros(len(KEYS))
    for name, counts, colour in (
        ("good", good, GOOD),
        ("bad", bad, BAD),
        ("unknown", unknown, UNKNOWN),
    ):
        axes.barh(range(len(KEYS)), counts, left=left, color=colour, label=name)
        for place, (start, count) in enumerate(zip(left, counts, strict=True)):
            if count > 0.04 * len(pictures):
                axes.text(
                    start + count / 2,
                    place,
                    str(count),
                    ha="center",
                    va="center",
                    color="white",
                    fontsize=9,
                )
        left = left + counts
    axes.set_yticks(range(len(KEYS)), KEYS)
    axes.invert_yaxis()
    axes.set(xlabel="pictures", title="What the labels say")
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    return figure


def good_and_bad(pictures: Pictures, key: str, count: int = 4, seed: int = 0) -> PIL.Image.Image:
    """Pictures in which one attribute is good, above pictures in which it is bad."""
    column = KEYS.index(key)
    attribute = ATTRIBUTES[column]
    rng = np.random.default_rng(seed)
    sections = {}
    for bit, heading, border in (
        (1, f"good: {attribute.good}", GOOD),
        (0, f"bad: {attribute.bad}", BAD),
    ):
        there = np.flatnonzero(pictures.known[:, column] & (pictures.labels[:, column] == bit))
        sections[heading] = [
            Tile(thumbnail(str(pictures.paths[number])), border=border)
            for number in rng.permutation(there)[:count]
        ]
    return draw(attribute.title, sections)


def journey(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Framing, overall accuracy, and exact match of the three trainings of the journey."""
    figure = _figure(9, 4)
    axes = figure.subplots()
    names = ("framing", "overall", "exact_match")
    for number, name in enumerate(names):
        values = [float(row[name]) for row in rows]
        places = np.arange(len(rows)) + (number - 1) * 0.27
        axes.bar(
            places,
            values,
            0.25,
            label=name.replace("_", " "),
            color=_SETS[number],
        )
        for place, value in zip(places, values, strict=True):
            axes.text(place, value + 0.01, f"{value:.1%}", ha="center", fontsize=9)
    axes.set_xticks(range(len(rows)), [str(row["step"]) for row in rows])
    axes.set(ylim=(0, 1.08), title="What verified and balanced labels are worth")
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return figure


def parameters(settings: Mapping[str, Any]) -> Figure:
    """The settings of a training as a table; without an epoch the title says what was taught."""
    title = "Training parameters" if settings["epochs"] else "Parameters of the last step alone"
    return _table(title, [(name, str(value)) for name, value in settings.items()])


def conditions(figure: Figure, text: str) -> Figure:
    """Write beneath a figure under what conditions it was measured."""
    lines = textwrap.fill(text, int(15 * figure.get_figwidth()))
    figure.supxlabel(lines, fontsize=7.5, color="#666666", x=0.01, ha="left")
    return figure


def _table(title: str, rows: Sequence[tuple[str, str]]) -> Figure:
    figure = _figure(7, 0.32 * len(rows) + 0.8)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_title(title)
    table = axes.table(cellText=[list(row) for row in rows], loc="center", cellLoc="left")
    table.auto_set_font_size(False)
    table.set_fontsize(9.5)
    table.scale(1, 1.35)
    return figure


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")
