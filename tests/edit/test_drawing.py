"""Which donor's clothes a head gets."""

from __future__ import annotations

from collections import Counter

import numpy as np

from proportrait.edit.drawing import _FIT, _fitting_donor
from proportrait.edit.synthesis import donors
from proportrait.edit.synthesis.anatomy import SIZE, Anatomy
from proportrait.edit.synthesis.assembly import misfit


def _head(chin: float) -> Anatomy:
    empty = np.zeros((SIZE, SIZE), np.float32)
    return Anatomy(empty, empty, empty, empty, empty, 0.5, chin)


def test_no_kind_of_clothes_comes_more_often_than_another() -> None:
    head, rng = _head(0.91), np.random.default_rng(0)
    chosen = [_fitting_donor(donors.FORMAL, head, rng) for _ in range(3000)]
    assert max(misfit(head, donors.anatomy_of(donor.seed)) for donor in chosen) <= _FIT
    counts = Counter(donor.kind for donor in chosen)
    assert len(counts) >= 10
    assert max(counts.values()) < 1.4 * min(counts.values())


def test_a_neck_that_few_fit_gets_the_nearest_third() -> None:
    head, rng = _head(0.7), np.random.default_rng(0)
    misfits = sorted(misfit(head, donors.anatomy_of(donor.seed)) for donor in donors.FORMAL)
    third = misfits[len(misfits) // 3]
    assert misfits[0] > _FIT
    for _ in range(100):
        donor = _fitting_donor(donors.FORMAL, head, rng)
        assert misfit(head, donors.anatomy_of(donor.seed)) <= third
