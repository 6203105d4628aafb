"""The fusion that photographs teach: it finds what tells, and is not fooled by who is on them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from proportrait.arrays import Float
from proportrait.labels import KEYS
from proportrait.model.calibration import FEWEST
from proportrait.model.fusion import Fusion, additive
from proportrait.train.batches import Evidence
from proportrait.train.fuse import FOLDS, Space, _folds, _knots, _logistic, _weigh, fuse

NAMES = ("framing.HeadSize", "framing.HeadPoseYaw", "sharpness.Sharpness")
DIRECTIONS = (0, -1, 1)
ATTIRE, FRAMING, SHARPNESS = (KEYS.index(key) for key in ("attire", "framing", "sharpness"))


def evidence(seed: int = 0, groups: int = 40, each: int = 5) -> Evidence:
    """Random labels; nothing but chance tells them."""
    rng = np.random.default_rng(seed)
    count = groups * each
    return Evidence(
        own=rng.normal(0, 1, (count, 6)).astype(np.float32),
        features=rng.normal(0, 1, (count, 30)).astype(np.float32),
        measures=rng.normal(0, 1, (count, len(NAMES))).astype(np.float32),
        labels=(rng.random((count, 6)) < 0.5).astype(np.float32),
        known=np.ones((count, 6), bool),
        groups=np.repeat([f"site {n}" for n in range(groups)], each),
        weights=np.ones(count),
    )


def only(facts: Evidence, *columns: int) -> Evidence:
    """The bits of some attributes alone are known, which makes it quick."""
    return replace(facts, known=facts.known & np.isin(np.arange(6), columns))


def auc(facts: Evidence, logits: Float, column: int) -> float:
    return float(roc_auc_score(facts.labels[:, column], logits[:, column]))


def by_features(facts: Evidence) -> tuple[Fusion, Float]:
    """A fusion without measures."""
    return fuse(replace(facts, measures=facts.measures[:, :0]), (), ())


# --- what is learnt


def test_the_feature_that_tells_an_attribute_is_heard() -> None:
    facts = evidence()
    facts.features[:, :6] += 2 * facts.labels  # feature j tells attribute j
    fusion, logits = by_features(facts)
    fresh = evidence(seed=1)
    fresh.features[:, :6] += 2 * fresh.labels
    later = fusion.logits(fresh.own, fresh.features, fresh.measures[:, :0])
    for column in range(6):
        assert np.abs(fusion.weight[column]).argmax() == column
        assert fusion.mix[column, 1] > 2 * fusion.mix[column, 0] >= 0
        assert fusion.mix[column, 2] == 0  # there are no measures
        assert auc(facts, logits, column) > 0.8
        assert auc(fresh, later, column) > 0.8


def test_the_measure_that_tells_an_attribute_is_heard() -> None:
    facts = only(evidence(), ATTIRE, FRAMING)
    size = facts.measures[:, 0]
    facts.labels[:, ATTIRE] = facts.labels[:, FRAMING] = np.abs(size) < 0.7  # the middle is best
    facts.measures[::9, 0] = np.nan
    fusion, logits = fuse(facts, NAMES, DIRECTIONS)
    assert auc(facts, logits, FRAMING) > 0.9
    costs = fusion.costs(np.float32([[-2, 0, 0], [0, 0, 0], [2, 0, 0], [np.nan] * 3]))
    assert costs[1, FRAMING, 0] > 1
    assert max(costs[0, FRAMING, 0], costs[2, FRAMING, 0]) < -1
    assert (costs[3] == 0).all()
    # Of clothes no measure is heard.
    assert fusion.mix[ATTIRE, 2] == 0
    assert (fusion.curves[ATTIRE] == 0).all()


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_a_measure_without_any_difference_costs_nothing(value: float) -> None:
    facts = only(evidence(), FRAMING)
    facts.measures[:, 0] = value
    facts.measures[5:, 1] = value  # in the training part of one fold it has no value at all
    facts.labels[:, FRAMING] = facts.measures[:, 2] > 0
    fusion, _ = fuse(facts, NAMES, DIRECTIONS)
    assert (fusion.curves[FRAMING, 0] == 0).all()
    assert np.isfinite(fusion.curves).all()


def test_a_curve_never_falls_where_higher_is_better() -> None:
    """A sharper picture is not less sharp, whatever the sample says."""
    facts = only(evidence(), FRAMING, SHARPNESS)
    sharp = facts.measures[:, 2]
    facts.labels[:, SHARPNESS] = (np.abs(sharp) < 0.7) | (sharp > 1.6)  # up, down, up
    fusion, _ = fuse(facts, NAMES, DIRECTIONS)
    free, _ = fuse(facts, NAMES, (0, 0, 0))
    assert (np.diff(fusion.curves[SHARPNESS, 2]) >= -1e-6).all()
    assert np.diff(free.curves[SHARPNESS, 2]).min() < -0.1
    facts.labels[:, FRAMING] = np.abs(facts.measures[:, 1]) < 0.7
    falling, _ = fuse(facts, NAMES, DIRECTIONS)
    assert (np.diff(falling.curves[FRAMING, 1]) <= 1e-6).all()
    assert np.ptp(falling.curves[FRAMING, 1]) > 0.5


def test_pictures_that_count_more_teach_more() -> None:
    facts = only(evidence(), ATTIRE)
    half = np.arange(len(facts.labels)) % 2 == 0
    truth = facts.labels[:, ATTIRE] > 0.5
    facts.features[:, 0] += np.where(half == truth, 2, 0)  # the halves contradict each other
    light = replace(facts, weights=np.where(half, 1.0, 0.01))
    heavy = replace(facts, weights=np.where(half, 0.01, 1.0))
    assert by_features(light)[0].weight[ATTIRE, 0] > 0.1
    assert by_features(heavy)[0].weight[ATTIRE, 0] < -0.1


@pytest.mark.parametrize(
    ("key", "last", "heard"),
    [
        ("expression", "general bust", [True, True, True]),
        ("background", "general bust", [False, True, True]),
        ("attire", "general bust", [False, True, True]),
        ("attire", "close", [False, True, False]),
    ],
)
def test_a_head_hears_the_views_that_show_its_attribute(
    key: str, last: str, heard: list[bool]
) -> None:
    column = KEYS.index(key)
    facts = only(evidence(), column)
    facts.features[:, :3] += 2 * facts.labels[:, [column]]
    views = np.array(["mouth", "bust"] + [last] * 28)
    fusion, _ = fuse(replace(facts, measures=facts.measures[:, :0]), (), (), views=views)
    assert (fusion.weight[column, :3] > 0.1).tolist() == heard
    assert (fusion.weight[column, :3] != 0).tolist() == heard


def test_a_head_hears_less_of_what_harmless_changes_move() -> None:
    facts = only(evidence(), ATTIRE)
    facts.features[:, :2] += 2 * facts.labels[:, [ATTIRE]]  # both tell it equally well
    copies = facts.features.copy()
    copies[:, 0] += np.random.default_rng(2).normal(0, 3, len(copies)).astype(np.float32)
    before, after = (
        by_features(each)[0].weight[ATTIRE] for each in (facts, replace(facts, copies=copies))
    )
    assert after[0] / after[1] < 0.7 * before[0] / before[1]


def test_a_curve_learns_from_copies_too() -> None:
    facts = only(evidence(), FRAMING)
    facts.labels[:, FRAMING] = facts.measures[:, 0] > 0
    copies = facts.measures.copy()
    copies[:, 0] = np.random.default_rng(3).permutation(copies[:, 0])  # the change moves it at will
    alone, both = (
        fuse(each, NAMES, DIRECTIONS)[0].curves[FRAMING, 0]
        for each in (facts, replace(facts, copy_measures=copies))
    )
    assert np.ptp(both) < 0.6 * np.ptp(alone)


# --- who teaches


def test_a_group_is_in_one_fold() -> None:
    groups = evidence().groups
    folds = _folds(groups)
    assert len(folds) == FOLDS
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == list(range(len(groups)))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
    assert len(_folds(groups[:15])) == 3
    assert _folds(groups[:5]) == []  # one group


def test_a_feature_that_tells_the_group_gains_nothing_out_of_fold() -> None:
    """All pictures of a site have one label, and features that name the site: a leak."""
    facts = only(evidence(), ATTIRE)
    site = np.unique(facts.groups, return_inverse=True)[1]
    rng = np.random.default_rng(3)
    facts.labels[:, ATTIRE] = (rng.permutation(40) % 2)[site]
    names = np.zeros((len(site), 40), np.float32)
    names[np.arange(len(site)), site] = 5
    facts = replace(facts, features=names, own=np.zeros_like(facts.own))
    fusion, logits = by_features(facts)
    known = fusion.head_logits(facts.features)  # of the sites that it has learnt from
    assert auc(facts, known, ATTIRE) > 0.99
    assert auc(facts, logits, ATTIRE) < 0.6
    # With a group for each picture the leak would have looked like knowledge.
    alone = replace(facts, groups=np.arange(len(site)).astype(np.str_))
    assert auc(alone, by_features(alone)[1], ATTIRE) > 0.95


@pytest.mark.parametrize(
    ("good", "bad", "sites", "learnt"),
    [
        (FEWEST, 60, 20, True),
        (FEWEST - 1, 60, 20, False),  # too few good ones
        (60, FEWEST - 1, 20, False),
        (60, 60, 1, False),  # nobody else to be judged on
        (60, 60, 2, False),  # each site has pictures of one kind
    ],
)
def test_too_little_leaves_an_attribute_to_the_own_heads(
    good: int, bad: int, sites: int, learnt: bool
) -> None:
    facts = only(evidence(), ATTIRE)
    count = good + bad
    facts.known[count:] = False
    facts.labels[:count, ATTIRE] = np.arange(count) < good
    # Two sites are those of the good and the bad ones; of more each has both.
    site = np.where(np.arange(count) < good, 0, 1) if sites == 2 else np.arange(count) % sites
    facts.groups[:count] = [f"site {n}" for n in site]
    facts.features[:, 0] += 3 * facts.labels[:, ATTIRE]
    fusion, logits = fuse(facts, NAMES, DIRECTIONS)
    neutral = Fusion.neutral(30, 3)
    for column in range(6):
        own = column != ATTIRE or not learnt
        assert np.array_equal(fusion.mix[column], neutral.mix[column]) == own
        assert np.array_equal(logits[:, column], facts.own[:, column]) == own
        assert (fusion.offset[column] == 0) == own


def test_the_same_seed_gives_the_same_bytes() -> None:
    facts = only(evidence(), FRAMING)
    (one, logits), (other, again) = (fuse(facts, NAMES, DIRECTIONS, seed=4) for _ in range(2))
    assert logits.tobytes() == again.tobytes()
    for entry in fields(Fusion):
        assert getattr(one, entry.name).tobytes() == getattr(other, entry.name).tobytes()
    assert not np.array_equal(fuse(facts, NAMES, DIRECTIONS, seed=5)[0].curves, one.curves)


def test_unknown_bits_teach_nothing() -> None:
    facts = only(evidence(), FRAMING)
    facts.known[::3] = False
    changed = replace(facts, labels=np.where(facts.known, facts.labels, 1 - facts.labels))
    one, other = (fuse(each, NAMES, DIRECTIONS)[0] for each in (facts, changed))
    assert all(np.array_equal(getattr(one, e.name), getattr(other, e.name)) for e in fields(Fusion))


# --- parts


def test_an_opinion_that_misleads_is_not_heard() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(400) % 2 == 0
    good, bad = np.where(truth, 2, -2) + rng.normal(0, 2, 400), np.where(truth, -1.0, 1.0)
    weights, _ = _weigh(np.stack([good, bad + rng.normal(0, 2, 400)], 1), truth, np.ones(400))
    assert weights[0] > 0.5
    assert weights[1] == 0
    # Without any that helps the two heads are heard alike.
    wrong = np.stack([-good, -good, -good], 1)
    weights, offset = _weigh(wrong, truth, np.ones(400))
    assert weights.tolist() == [0.5, 0.5, 0]
    assert offset == 0


@pytest.mark.parametrize("calm", [0.0, 1.0])
def test_a_direction_gives_the_same_logits_of_features_and_of_components(calm: float) -> None:
    rng = np.random.default_rng(0)
    features, shifts = (rng.normal(0, 1, (200, 30)).astype(np.float32) for _ in range(2))
    space = Space.fit(features, shifts, calm)
    rows = space.project(features)
    assert rows.shape == (200, 30)
    assert (rows**2).sum(1).mean() == pytest.approx(1, abs=0.01)
    direction, _ = _logistic(rows, features[:, 0] > 0, np.ones(200), 1.0)
    logits = (features - space.centre) @ space.back(direction)
    assert logits == pytest.approx(rows @ direction, abs=1e-4)


def test_what_changes_move_is_shrunk_by_its_share_of_the_movement() -> None:
    """Two independent features, of which changes move the first: 1 / sqrt(1 + calm * 2)."""
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)
    shifts = signs * np.float32([0.1, 0])
    rows = Space.fit(signs, shifts, calm=4.0).project(signs)
    first, second = (np.linalg.norm(rows[0] - rows[other]) for other in (2, 1))
    assert first / second == pytest.approx(1 / 3, rel=1e-3)
    still = Space.fit(signs, 0 * shifts, calm=4.0).project(signs)
    assert still == pytest.approx(Space.fit(signs).project(signs), abs=1e-6)


def test_knots_are_quantiles_of_what_was_measured() -> None:
    measures = np.float32([[n, 7, np.nan] for n in range(33)])
    measures[-1, 0] = np.nan
    knots = _knots(measures)
    assert knots.shape == (3, 17)
    assert knots[0] == pytest.approx(np.linspace(0, 31, 17))
    assert (knots[1] == 7).all()
    assert (knots[2] == 0).all()  # it was never taken
    assert np.isfinite(additive(measures, knots, np.ones((6, 3, 17), np.float32))).all()
    assert _knots(np.zeros((5, 0), np.float32)).shape == (0, 17)
