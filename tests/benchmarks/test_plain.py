"""What judging is held against gives the same answers."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.plain import plain_judge, time_networks
from proportrait.looks.look import look
from proportrait.score import Scorer
from tests import FACE


def test_the_plain_loop_judges_as_we_do() -> None:
    model = Scorer.packaged().model
    ours = model.logits([look(FACE, model.wants)])[0]
    assert np.allclose(plain_judge(model)(FACE), ours, atol=0.01)


def test_networks_take_a_part_of_the_time() -> None:
    scorer = Scorer.packaged()
    scorer.image(FACE)
    whole, bare = time_networks(partial(scorer.image, FACE))
    assert 0.05 * whole < bare < whole * 2  # whatever else the machine does meanwhile
    assert time_networks(lambda: None)[1] < 0.01
