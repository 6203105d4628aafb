"""The distribution benchmark: uneven labels and labels that go with people are found."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.labels import distribution
from benchmarks.labels.distribution import (
    BAR,
    CORRELATED,
    chances,
    correlations,
    failures,
    independence,
    shifts,
    spread,
    tried,
)
from proportrait.edit.synthesis.network import shared_synthesizer
from proportrait.edit.synthesis.traits import AGES, TRAITS, People, ratings
from proportrait.errors import StoreError
from proportrait.generate.sample import sample_labels
from proportrait.generate.sources.built_in import StyleganItem
from proportrait.imaging import encode_jpeg
from proportrait.labels import KEYS, LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record


def labels_of(count: int) -> list[LabelVector]:
    return [sample_labels(0, str(number)) for number in range(count)]


def random_traits(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(count) for name in TRAITS}


def test_the_chances_are_those_of_the_sampling():
    chance = chances()
    assert len(chance) == 64
    assert sum(chance.values()) == pytest.approx(1)
    assert chance["111111"] == 0.15
    assert chance["111110"] == pytest.approx(0.15 / 6)
    assert chance["000000"] == pytest.approx(0.70 / 57)
    drawn = labels_of(3000)
    for code in ("111111", "101111", "000000"):
        share = np.mean([labels.code == code for labels in drawn])
        assert share == pytest.approx(chance[code], abs=4 * np.sqrt(chance[code] / 3000))


def test_sampled_labels_are_even_and_a_missing_one_is_noticed():
    drawn = labels_of(3000)
    every, even = spread("all", drawn, chances())
    assert (every.value, every.passed, even.passed) == (1.0, True, True)
    every, even = spread("lost", [v for v in drawn if v.code != "000000"], chances())
    assert (every.value, every.passed) == (63 / 64, False)
    _, even = spread("thin", [v for v in drawn if v["attire"] or v["framing"]], chances())
    assert even.passed is False
    assert [ratio.passed for ratio in spread("few", drawn[:100], chances())] == [None, None]


def test_correlations_by_hand():
    labels = [LabelVector.from_code(code) for code in ("100000", "100000", "000000", "000000")]
    traits = {name: np.array([1.0, 0.0, 0.0, 0.0]) for name in TRAITS}
    found = correlations(labels, traits)
    # r = (mean of the ones - mean of the zeros) / deviation * sqrt(p q)
    assert found["lighting", "men"] == pytest.approx((0.5 - 0) / np.sqrt(3 / 16) * 0.5)
    assert found["attire", "men"] == 0


def test_labels_that_go_with_people_miss_the_bar():
    labels, traits = labels_of(2000), random_traits(2000)
    apart = independence("apart", labels, traits)
    assert apart.passed is True
    assert apart.value < BAR
    traits["glasses"] = traits["glasses"] + 0.3 * np.array([v["attire"] for v in labels])
    together = independence("together", labels, traits)
    assert together.passed is False
    assert "attire with glasses" in together.over
    few = independence("few", labels[:500], {k: v[:500] for k, v in traits.items()})
    assert few.passed is None


def test_failures_are_counted_by_bit():
    good, bad = LabelVector.ones(), LabelVector.ones().replace(attire=0)
    lines = failures([good] * 60 + [bad] * 40, [bad] * 20)
    assert [line.split()[0] for line in lines] == list(KEYS)
    attire = lines[KEYS.index("attire")]
    assert "bad 0.333 of 60 fail, good 0.000 of 60" in attire
    assert attire.endswith("p = 0.000")
    assert "good 0.167 of 120" in lines[0]


def test_a_shift_is_in_standard_deviations():
    before = {name: np.array([0.0, 2.0]) for name in TRAITS}
    after = {name: np.array([2.0]) for name in TRAITS}
    assert all("1.000 ->    2.000  (+1.00" in line for line in shifts(before, after))


@pytest.fixture(scope="module")
def people() -> People:
    return People(shared_synthesizer())


def test_ratings_are_complete():
    rated = ratings()
    assert set(rated) == set(TRAITS) >= set(CORRELATED)
    for seeds, values in rated.values():
        assert len(seeds) == len(set(seeds.tolist())) == len(values) >= 0.85 * 248
        assert not np.isnan(values).any()
    assert set(np.unique(rated["age"][1])) == set(range(len(AGES)))
    assert np.abs(rated["skin tone"][1]).max() < 120  # over 90: light that is bluer than the skin
    assert set(np.unique(rated["complexion"][1])) == {0, 0.5, 1, 1.5, 2}


@pytest.mark.parametrize(
    ("trait", "least"),
    [("men", 0.72), ("age", 0.68), ("glasses", 0.52), ("skin tone", 0.55), ("complexion", 0.85)],
)
def test_traits_are_told_of_held_out_faces(people, trait, least):
    rated, said = people.held_out(trait)
    assert np.corrcoef(rated, said)[0, 1] > least


@pytest.fixture
def folder(tmp_path):
    """Thirty faces of the built-in source, of which every tenth failed."""
    with RecordStore(tmp_path / "out") as store:
        for latent in range(30):
            item = StyleganItem(latent)
            labels = sample_labels(0, item.source_id)
            if latent % 10 == 9:
                store.fail(item.source_id, item.stem, item.filename, ValueError("no light fits"))
                continue
            name = f"{item.stem}_{labels.code}.jpg"
            record = Record(name, item.filename, item.source_id, labels, labels, LabelVector.ones())
            picture = encode_jpeg(np.zeros((128, 128, 3), np.uint8))
            store.commit(item.source_id, item.stem, [(record, picture)])
    return tmp_path / "out"


def test_failed_requests_are_known_from_the_seed(folder):
    records = list(RecordStore(folder).records())
    done, failed = tried(folder, records, 0, (0.15, 0.15))
    assert (len(done), len(failed)) == (27, 3)
    source = StyleganItem(9).source_id
    assert failed[source] == sample_labels(0, source)
    with pytest.raises(StoreError, match="--seed 1"):
        tried(folder, records, 1, (0.15, 0.15))


def test_the_command_runs(folder, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    argv = ["--images", str(folder), "--requests", "3000", "--json", str(figures)]
    assert distribution.main(argv) == 0
    out = capsys.readouterr().out
    assert "asked for: 3000 people" in out
    assert "1.000 of the people have a picture with exactly the labels asked for" in out
    assert "failing correlates with" in out
    assert "every bar is met" in out
    names = [ratio["name"] for ratio in json.loads(figures.read_text())]
    assert names == [
        "asked for: vectors", "asked for: evenness", "asked for: independence",
        "finished: vectors", "finished: evenness", "finished: independence",
    ]  # fmt: skip


def test_an_empty_folder_is_a_clear_error(tmp_path, capsys):
    assert distribution.main(["--images", str(tmp_path), "--requests", "100"]) == 2
    assert "holds no pictures" in capsys.readouterr().err
