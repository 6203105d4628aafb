"""The sheets of photographs among the pictures of a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

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
    line = (f"{KEYS[column]}: {said} 80 % (is {truth})", BAD)
    assert sections[""][0].lines[column] == line
    assert [colour for _, colour in sections[""][0].lines].count(BAD) == 1


def test_good_stands_above_bad_and_a_damaged_picture_is_told(
    judged: Predictions, sections: dict[str, list[Tile]]
) -> None:
    for path in judged.pictures.paths:
        Path(path).write_bytes(b"damaged")
    plots.good_and_bad(judged.pictures, "framing", count=2)
    (good, above), (bad, below) = sections.items()
    assert good.startswith("good: head and shoulders")
    assert bad.startswith("bad: off-centre")
    assert {tile.border for tile in above} <= {GOOD}
    assert {tile.border for tile in below} <= {BAD}
    assert len(above) + len(below) > 0
    assert all("no picture of a known format" in str(tile.picture) for tile in [*above, *below])


def test_every_attribute_has_three_bars_a_set(judged: Predictions) -> None:
    judged.verdicts[:, 0] = True  # of lighting all good ones are kept, and no bad one is found
    reports = {"a": judged.report(), "b": judged[np.arange(4)].report()}
    figure = plots.attribute_accuracy(reports)
    balanced, kept, found = (
        [bar.get_height() for bar in axes.patches[:2]] for axes in figure.axes
    )  # of the set a: lighting and background
    assert [*balanced, *kept, *found] == [0.5, 1, 1, 1, 0, 1]
    assert all(len(axes.patches) == 2 * len(KEYS) for axes in figure.axes)
    light = reports["a"].attributes["lighting"]
    assert [axes.texts[0].get_text() for axes in figure.axes] == [
        "0.50", f"1.00\n{light.good}", f"0.00\n{light.bad}"
    ]  # fmt: skip


def test_every_set_has_a_row_of_confusion_matrices(judged: Predictions) -> None:
    report = judged.report()
    figure = plots.confusion({"a": report, "b": report})
    assert len(figure.axes) == 2 * len(KEYS)
    assert [axes.get_ylabel() for axes in figure.axes[:: len(KEYS)]] == ["a\ntrue", "b\ntrue"]
    numbers = [int(text.get_text()) for text in figure.axes[len(KEYS)].texts]
    assert numbers == list(np.ravel(report.attributes["lighting"].confusion))


def test_reliability_has_a_point_where_there_are_five_labels() -> None:
    count = 12
    pictures = Pictures(
        np.array([str(number) for number in range(count)]),
        np.repeat(np.float32([[1], [0]]), [7, 5], 0).repeat(6, 1), np.ones((count, 6), bool),
        np.array([str(number) for number in range(count)]), np.array([""] * count),
    )  # fmt: skip
    likely = np.float32([0.95] * 6 + [0.25] * 6)[:, None].repeat(6, 1)
    likely[:3, 1], likely[:3, 1] = 0.65, 0.65  # three of the six: too few for a point
    figure = plots.reliability({"a": Predictions(pictures, likely, likely, likely > 0.5)})
    light, background = figure.axes[:2]
    assert light.lines[0].get_xydata() == pytest.approx(np.array([[0.25, 1 / 6], [0.95, 1]]))
    assert background.lines[0].get_xydata() == pytest.approx(np.array([[0.25, 1 / 6]]))


def test_the_table_of_parameters_says_when_no_epoch_was_trained() -> None:
    titles = [plots.parameters({"epochs": n}).axes[0].get_title() for n in (3, 0)]
    assert titles == ["Training parameters", "Parameters of the last step alone"]
