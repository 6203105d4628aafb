"""The charts and the sheets of photographs of a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from matplotlib.axes import Axes

from proportrait.labels import KEYS
from proportrait.sheets import BAD, GOOD, UNKNOWN, Tile
from proportrait.train import plots
from proportrait.train.data import Pictures
from proportrait.train.evaluate import Predictions
from tests.tiny_training import write_folder


@pytest.fixture
def judged(tmp_path: Path) -> Predictions:
    """Eight pictures, judged as they are labelled, 90 % sure each time."""
    pictures = Pictures.from_folder(write_folder(tmp_path / "data", 8))
    likely = np.where(pictures.labels > 0.5, 0.9, 0.1).astype(np.float32)
    return Predictions(pictures, likely, likely, likely > 0.5)


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Tile]]:
    """The headings and tiles of what is drawn."""
    found: dict[str, list[Tile]] = {}
    draw = plots.draw

    def watch(title: str, parts: dict[str, list[Tile]], note: str = "") -> PIL.Image.Image:
        found.update(parts)
        return draw(title, parts, note)

    monkeypatch.setattr(plots, "draw", watch)
    return found


def test_pictures_that_are_right_have_no_red_word(
    judged: Predictions, sections: dict[str, list[Tile]]
) -> None:
    page = plots.examples(judged, right=True, count=3)
    assert page.width == 3 * 316 - 16 + 40
    for tile in sections[""]:
        number = list(judged.pictures.paths).index(
            next(path for path in judged.pictures.paths if path.endswith(tile.name))
        )
        known = judged.pictures.known[number]
        assert [colour for _, colour in tile.lines] == [GOOD if bit else UNKNOWN for bit in known]
    plots.examples(judged, right=False)
    assert sections[""] == []


def test_the_surest_mistake_comes_first_in_red(
    judged: Predictions, sections: dict[str, list[Tile]]
) -> None:
    column = int(np.argmax(judged.pictures.known.all(0)))
    for number, sure in ((2, 0.7), (5, 0.8)):
        good = judged.pictures.labels[number, column] < 0.5  # the opposite of the label
        judged.probabilities[number, column] = sure if good else 1 - sure
        judged.verdicts[number, column] = good
    plots.examples(judged, right=False)
    names = [Path(judged.pictures.paths[number]).name for number in (5, 2)]
    assert [tile.name for tile in sections[""]] == names
    said, truth = ("bad", "good") if judged.pictures.labels[5, column] else ("good", "bad")
    likely = 0.8 if said == "good" else 0.2
    line = (f"{KEYS[column]}: {said}, p = {likely:.2f} (is {truth})", BAD)
    assert sections[""][0].lines[column] == line
    assert [colour for _, colour in sections[""][0].lines].count(BAD) == 1


def test_recalls_stand_beside_their_dots_and_the_title_names_the_lowest(
    judged: Predictions,
) -> None:
    judged.verdicts[:, 0] = True  # of lighting all good ones are kept, and no bad one is found
    report = judged.report()
    light, sets = report.attributes["lighting"], {"a": judged[np.arange(4)].report(), "b": report}
    figure = plots.attribute_accuracy(sets)
    kept, found = figure.axes
    assert figure.get_suptitle() == "Weakest on b: of bad lighting it recognises 0 %"
    for axes, text in ((kept, f"100 % of {light.good}"), (found, f"0 % of {light.bad}")):
        assert len(axes.texts) == 2 * len(KEYS)
        assert axes.texts[len(KEYS)].get_text() == text  # the first one of the set b
    assert [label.get_text() for label in kept.get_yticklabels()] == list(KEYS)


def test_an_attribute_without_labels_has_no_dot(judged: Predictions) -> None:
    judged.pictures.known[:, 2] = False
    figure = plots.attribute_accuracy({"a": judged.report()})
    for axes in figure.axes:
        assert axes.texts[2].get_text() == "no label"
        assert len(axes.containers) == len(KEYS) - 1


def test_every_set_has_a_row_of_confusion_matrices(judged: Predictions) -> None:
    judged.pictures.known[:] = True
    judged.verdicts[:] = judged.pictures.labels > 0.5
    right = judged.report()
    judged.verdicts[:, 0], judged.verdicts[:, 1] = False, True
    wrong = judged.report()
    figure = plots.confusion({"a": right, "b": wrong})
    assert len(figure.axes) == 2 * len(KEYS)
    assert [part.get_suptitle() for part in figure.subfigs] == ["a", "b"]
    numbers = [int(text.get_text()) for text in figure.axes[len(KEYS)].texts]
    assert numbers == [wrong.attributes["lighting"].bad, 0, wrong.attributes["lighting"].good, 0]
    strict, lenient = wrong.attributes["lighting"].good, wrong.attributes["background"].bad
    assert figure.get_suptitle() == (
        f"B: {strict} of {strict + lenient} mistakes call a good one bad"
    )


def of_probabilities(rows: Sequence[tuple[int, float, int]]) -> Predictions:
    """Predictions of one attribute: rows of (pictures, probability, how many are good)."""
    count = sum(pictures for pictures, _, _ in rows)
    labels, likely = np.zeros((count, 6), np.float32), np.zeros((count, 6), np.float32)
    known, start = np.zeros((count, 6), bool), 0
    known[:, 0] = True
    for pictures, probability, good in rows:
        labels[start : start + good, 0] = 1
        likely[start : start + pictures, 0] = probability
        start += pictures
    names = np.array([str(number) for number in range(count)])
    pictures = Pictures(names, labels, known, names, np.array([""] * count))
    return Predictions(pictures, likely, likely, likely > 0.5)


def points(axes: Axes) -> list[tuple[float, float]]:
    return [tuple(bar.lines[0].get_xydata()[0].tolist()) for bar in axes.containers]


def test_tenths_are_joined_until_a_point_has_fifteen_pictures() -> None:
    # 15 of 0.15; 5 of 0.45 and 10 of 0.75 make a point; 14 of 0.95 join it for want of a fifteenth.
    part = of_probabilities([(15, 0.15, 3), (5, 0.45, 2), (10, 0.75, 7), (14, 0.95, 14)])
    figure = plots.reliability({"before": part, "after": part})
    mean = (5 * 0.45 + 10 * 0.75 + 14 * 0.95) / 29
    for axes in figure.axes:
        assert points(axes) == [pytest.approx((0.15, 0.2)), pytest.approx((mean, 23 / 29))]
    error = (15 * (0.2 - 0.15) + 29 * (mean - 23 / 29)) / 44
    assert error == pytest.approx(0.8 / 44)
    assert figure.get_suptitle() == "After: probabilities are 1.8 points off over all bits"


def test_the_bar_of_a_point_is_the_interval_of_wilson() -> None:
    (axes,) = plots.reliability({"a": of_probabilities([(15, 0.5, 15)])}).axes
    (bar,) = axes.containers[0].lines[2]
    low, high = bar.get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((15 / (15 + 1.959964**2), 1))  # n / (n + z^2)


def test_bits_of_too_few_pictures_make_no_point(judged: Predictions) -> None:
    figure = plots.reliability({"a": judged})  # 8 pictures, however many bits they have
    assert points(figure.axes[0]) == []
    assert figure.get_suptitle() == ""


def test_the_journey_says_what_better_labels_bring() -> None:
    rows = [
        {"step": step, "framing": 0.5, "overall": 0.6, "exact_match": exact}
        for step, exact in (("as requested", 0.37), ("+ verified", 0.42), ("+ balanced", 0.6))
    ]
    figure = plots.journey(rows)
    assert figure.get_suptitle() == "Verified, balanced labels: all six right in 60 %, not 37 %"
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == [
        "50", "60", "37", "50", "60", "42", "50", "60", "60"
    ]  # fmt: skip
    assert len(axes.patches) == 9
