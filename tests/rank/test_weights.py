from __future__ import annotations

from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError
from proportrait.rank.parts import parts_of
from proportrait.rank.weights import PARTS, PURPOSES, read_stars, read_weights
from tests.rank.samples import face, photo


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_packaged_purposes_weigh_parts_that_exist(purpose: str) -> None:
    for weights in read_weights(purpose).values():
        assert set(weights.parts) <= set(PARTS)
        assert 0 < weights.factor <= 1


def test_every_part_can_be_told_of_a_face() -> None:
    entry = photo("a", face())
    assert set(parts_of(entry, entry.faces[0])) == set(PARTS)


def test_a_file_replaces_a_purpose_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[mine.single]\neyes = 2\ngaze = 0\n[mine.group]\nfactor = 0.25\nsmile = 1\n")
    mine = read_weights("mine", path)
    assert mine["single"].parts == {"eyes": 2.0}
    assert mine["group"].factor == 0.25
    assert read_weights("social", path) == read_weights("social")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a.single]\neyes = 1", r"\[a\] needs the tables single and group"),
        ("[a.single]\neyse = 1\n[a.group]\neyes = 1", "did you mean eyes"),
        ("[a.single]\neyes = -1\n[a.group]\neyes = 1", "of at least 0, not -1"),
        ("[a.single]\neyes = true\n[a.group]\neyes = 1", "of at least 0, not True"),
        ("[a.single]\neyes = nan\n[a.group]\neyes = 1", "of at least 0, not nan"),
        ("[a.single]\neyes = inf\n[a.group]\neyes = 1", "finite weight"),
        ("[a.single]\nfactor = 2\neyes = 1\n[a.group]\neyes = 1", "from 0 to 1, not 2"),
        ("[a.single]\neyes = 0\n[a.group]\neyes = 1", "finite weight above 0"),
        ("a = 3", "needs the tables"),
        ("a = ", "no TOML"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_weights("a", path)


def test_an_unknown_purpose_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the purposes are headshot, social, group"):
        read_weights("passport")
    with pytest.raises(ConfigurationError, match=r"none\.toml cannot be read"):
        read_weights("social", tmp_path / "none.toml")


def test_stars_are_packaged_and_can_be_set(tmp_path: Path) -> None:
    assert read_stars() == (45.0, 65.0, 80.0, 90.0)
    path = tmp_path / "mine.toml"
    path.write_text("[stars]\nfive = 80.5\nfour = 60\nthree = 40\ntwo = 20\n")
    assert read_stars(path) == (20.0, 40.0, 60.0, 80.5)
    assert set(read_weights("social", path)) == {"single", "group"}
    path.write_text("")
    assert read_stars(path) == read_stars()


@pytest.mark.parametrize(
    "text",
    [
        "stars = 3",
        "[stars]\ntwo = 20\nthree = 40\nfour = 60",
        "[stars]\ntwo = 20\nthree = 40\nfour = 60\nfive = 80\nsix = 90",
        "[stars]\ntwo = 20\nthree = 20\nfour = 60\nfive = 80",
        "[stars]\ntwo = 20\nthree = 40\nfour = 60\nfive = 101",
        "[stars]\ntwo = true\nthree = 40\nfour = 60\nfive = 80",
        "[stars]\ntwo = 'a'\nthree = 40\nfour = 60\nfive = 80",
        "[stars]\ntwo = nan\nthree = 40\nfour = 60\nfive = 80",
    ],
)
def test_stars_are_four_rising_scores(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="two, three, four, five: scores up to 100"):
        read_stars(path)
