from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import identity, ranking
from tests.rank.samples import axis


def test_a_person_is_found_in_every_five_hundredth_photo_and_the_index_opens_faster(
    tmp_path: Path,
) -> None:
    figures = ranking.measure(tmp_path, 1000)
    # 0 and 500 show person 0 first; of 1000 photos n, 7 n + 1 leaves 0 twice.
    assert figures["photos of the person"] == 4
    assert figures["of all, changed, ms"] < 100
    assert figures["open JSON, ms"] > 5 * figures["open, ms"]


def test_trials_take_every_choice_of_references() -> None:
    embeddings = np.stack([axis(0), axis(0, 0.5), axis(1)])
    people = np.array([0, 0, 1], np.float32)
    own, others = identity.trials(embeddings, people, 1)
    assert own == pytest.approx([0.5, 0.5], abs=1e-3)  # each of the two stands for the other
    assert len(others) == 4
    own, others = identity.trials(embeddings, people, 2)
    assert len(own) == 0
    assert len(others) == 1


def test_the_limit_lets_the_stated_share_pass() -> None:
    others = np.arange(1001) / 1000
    assert identity.limit_at(others, 0.005) == pytest.approx(0.995)
