"""The order of scores."""

from __future__ import annotations

import pytest

from proportrait.score import Score
from proportrait.score.order import ordered
from tests.score.samples import scored

SCORES = [
    scored("b.jpg", (10, 90, 90, 90, 90, 90)),
    Score("gone.jpg", {}, {}, error="it is gone"),
    scored("a.jpg", (90, 90, 90, 90, 90, 90)),
    scored("d.jpg", (50, None, 90, 90, 90, 90)),
    scored("c.jpg", (90, 90, 90, 90, 90, 90)),
]


@pytest.mark.parametrize(
    ("by", "reverse", "names"),
    [
        ("overall", False, "a c b gone d"),
        ("overall", True, "b a c gone d"),
        ("lighting", False, "a c d b gone"),
        ("background", True, "b a c gone d"),
        ("path", False, "a b c d gone"),
        ("path", True, "gone d c b a"),
    ],
)
def test_the_best_come_first_and_the_unknown_last(by: str, reverse: bool, names: str) -> None:
    paths = [score.path.removesuffix(".jpg") for score in ordered(SCORES, by, reverse)]
    assert " ".join(paths) == names
