"""The summary card of reports that were computed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.card import MADE, PUBLISHED, REAL, summary_card
from proportrait.labels import KEYS
from proportrait.train.metrics import Report, report


def of_mistakes(mistakes: Sequence[int], pictures: int = 10) -> Report:
    """A report with so many wrong verdicts by attribute, the first pictures' each."""
    labels, known = np.ones((pictures, 6), np.float32), np.ones((pictures, 6), bool)
    verdicts = np.arange(pictures)[:, None] >= np.array(mistakes)
    sources = np.array([f"s{number // 2}" for number in range(pictures)])
    return report(labels, known, verdicts.astype(float), verdicts, sources, draws=0)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in (figure, *figure.axes) for text in axes.texts]


def dots(figure: Figure) -> list[tuple[float, float]]:
    """(share, place of the row) of each dot of the chart."""
    return [tuple(part.get_offsets()[0].tolist()) for part in figure.axes[1].collections]


def test_the_heading_is_the_share_of_right_verdicts_on_real_photographs() -> None:
    card = summary_card(of_mistakes([0] * 6), of_mistakes([0, 3, 1, 5, 0, 0]))
    said = texts(card)
    assert said[0] == f"85 of 100 verdicts on {REAL} are right"  # 9 of 60 are wrong
    assert {MADE, REAL, "published system,\non its own portraits", "85", "100", "94"} <= set(said)
    assert "10 photographs of 5 sites, 10 portraits of 5 people" in said[1]


def test_rows_go_from_the_best_to_the_worst_and_all_six_come_last() -> None:
    card = summary_card(of_mistakes([0] * 6), of_mistakes([0, 3, 1, 5, 0, 0]))
    rows = [label.get_text() for label in card.axes[1].get_yticklabels()]
    assert rows == ["lighting", "framing", "sharpness", "attire", "background", "expression",
                    "all six right"]  # fmt: skip
    assert sorted(share for share, place in dots(card) if place == 4) == [0.7, 1.0]
    assert sorted(share for share, place in dots(card) if place == 6.6) == [0.5, 1.0]


def test_ticks_are_the_published_figures() -> None:
    card = summary_card(of_mistakes([0] * 6))
    ticks = sorted(
        float(line.get_xdata()[0]) for line in card.axes[1].lines if line.get_color() == "#333333"
    )
    shares = [row["accuracy"] for row in PUBLISHED["attributes"].values()]
    assert ticks == sorted([*shares, PUBLISHED["exact_match"]])
    assert set(PUBLISHED["attributes"]) == set(KEYS)
    # They are rounded; so is their mean.
    assert np.mean(shares) == pytest.approx(PUBLISHED["overall"], abs=5e-4)


def test_without_photographs_the_heading_speaks_of_generated_portraits() -> None:
    card = summary_card(of_mistakes([6, 0, 0, 0, 0, 0]))
    said = texts(card)
    assert said[0] == f"90 of 100 verdicts on {MADE} are right"
    assert REAL not in said
    assert len(dots(card)) == 7


def test_an_attribute_without_labels_has_no_dot() -> None:
    labels, known = np.ones((4, 6), np.float32), np.ones((4, 6), bool)
    known[:, 2] = False
    real = report(labels, known, labels, labels > 0.5, np.array(list("abcd")), draws=0)
    card = summary_card(of_mistakes([0] * 6), real)
    assert len(dots(card)) == 2 * 7 - 1
    assert "4 photographs, 10 portraits" in texts(card)[1]  # each of a site of its own


@pytest.mark.parametrize("pictures", [40, 57, 100])
@pytest.mark.parametrize("wrong", range(0, 20, 2))
def test_no_tick_crosses_a_number(wrong: int, pictures: int) -> None:
    """Whatever the shares are: the published ones lie from 70 to 99 %."""
    card = summary_card(
        of_mistakes([0] * 6, pictures), of_mistakes([wrong + n for n in range(6)], pictures)
    )
    card.canvas.draw()
    axes = card.axes[1]
    ticks = [line for line in axes.lines if line.get_color() == "#333333"]
    numbers = [text for text in axes.texts if text.get_text().isdigit()]
    assert len(numbers) == 14
    for text in numbers:
        box = text.get_window_extent()
        for tick in ticks:
            place = tick.get_window_extent()
            across = box.x0 <= place.x0 <= box.x1
            assert not (across and place.y0 < box.y1 and box.y0 < place.y1), text.get_text()


def test_few_words_and_all_of_them_inside() -> None:
    card = summary_card(of_mistakes([0] * 6), of_mistakes([9, 3, 1, 5, 0, 10]))
    card.canvas.draw()
    rows = [label.get_text() for label in card.axes[1].get_yticklabels()]
    words = [word for text in [*texts(card), *rows] for word in text.split()]
    assert sum(word.strip(",;%").isalpha() for word in words) <= 40
    for axes in (card, *card.axes):
        for text in axes.texts:
            box = text.get_window_extent()
            assert box.x0 >= 0, text.get_text()
            assert box.x1 <= card.bbox.width, text.get_text()
