"""Scores as text for a terminal."""

from __future__ import annotations

from proportrait.advice import Reason
from proportrait.labels import KEYS
from proportrait.score import Score
from proportrait.score.text import cards, table
from tests.score.samples import scored

FAR = Reason("framing", "the head is small: 9 %", "Crop closer.", "framing.HeadSize", 0.09)
TILTED = Reason("framing", "the picture leans", "Straighten it.", "framing.PictureTilt", 20.0)
CASUAL = Reason("attire", "the clothes look casual to the model", "Wear a jacket.")
DARK = Reason("lighting", "the face is dark", "Use more light.", "lighting.LuminanceMean", 0.2)


def test_a_card_has_marks_verdicts_reasons_and_advice() -> None:
    score = scored(
        "me.jpg", (90, 80, 45, 100, 3, 55), sure="110110",
        reasons=(CASUAL, FAR, TILTED), disagreements=(DARK,), faces=2, remarks=("no end",),
    )  # fmt: skip
    assert list(cards([score])) == [
        "me.jpg   33 of 100",
        "  lighting     90  good          though the face is dark; if you see it too: Use more "
        "light.",
        "  background   80  good",
        "  attire       45  perhaps bad   the clothes look casual to the model",
        "  expression  100  good",
        "  framing       3  bad           the head is small: 9 %; the picture leans",
        "  sharpness    55  perhaps good",
        "  advice:     Crop closer.",
        "              Wear a jacket.",
        "  note: 2 faces: the largest is judged",
        "  note: no end",
    ]


def test_a_card_says_what_is_not_asked_for() -> None:
    score = scored("me.jpg", (90, 80, 55, 90, 90, 55), unasked=("attire",))
    text = list(cards([score]))[3]
    assert text == "  attire        -  not asked     these limits let everything pass"
    _, row = table([score])
    assert "not asked" in row


def test_a_card_says_why_there_is_no_verdict() -> None:
    score = scored(
        "me.jpg",
        (None, 90, 30, 90, 90, 90),
        sure="010111",
        unknown={"lighting": "no face is found"},
    )
    lines = list(cards([score, Score("gone.jpg", {}, {}, error="it is gone")]))
    assert lines[0] == "me.jpg"
    assert lines[1] == "  lighting      -  cannot tell   no face is found"
    assert lines[3] == "  attire       30  likely bad"
    assert lines[-2:] == ["", "gone.jpg: it is gone"]


def test_a_table_has_a_row_for_each_picture() -> None:
    score = scored("folder/" + 50 * "x" + ".jpg", (90, None, 45, 100, 3, 55), sure="100110",
                   unknown={"background": "hidden"}, reasons=(CASUAL, FAR, TILTED))  # fmt: skip
    head, row, broken = table([score, Score("gone.jpg", {}, {}, error="it is gone")])
    assert head.split() == ["picture", "mark", *KEYS]
    cells = [row[head.index(key) :].split("  ")[0] for key in KEYS]
    assert cells == ["good", "-", "perhaps bad", "good", "bad", "perhaps good"]
    assert row.startswith("…")
    assert row.endswith("(framing: the head is small: 9 %; background: hidden)")
    assert broken.endswith("it is gone")


def test_how_sure_a_verdict_is_has_three_words() -> None:
    score = scored("", (70, 30, 59, 41, 60, 40), sure="100000")
    assert [score.words(key) for key in KEYS] == [
        "good", "likely bad", "perhaps good", "perhaps bad", "likely good", "likely bad",
    ]  # fmt: skip
