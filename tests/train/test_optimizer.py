"""What is trained, and how fast."""

from __future__ import annotations

import pytest

from proportrait.train.optimizer import make_optimizer, make_schedule
from proportrait.train.settings import Settings
from tests.tiny_training import network

SETTINGS = Settings(pretrained=False, lr=1e-4, max_lr=1e-3, epochs=2)


def test_heads_learn_ten_times_as_fast_and_only_weights_decay() -> None:
    model = network()
    for parameter in model.backbone.parameters():
        parameter.requires_grad = parameter.ndim > 1  # biases of the backbone stay as they are
    groups = make_optimizer(model, SETTINGS).param_groups
    rates = [(group["lr"], group["weight_decay"]) for group in groups]
    assert rates == [(1e-3, 0.05), (1e-2, 0.05), (1e-2, 0.0)]
    assert groups[1]["params"][0] is model.heads.weight
    assert groups[2]["params"][0] is model.heads.bias
    count = sum(p.requires_grad for p in model.parameters())
    assert sum(len(group["params"]) for group in groups) == count


def test_the_rate_starts_low_rises_and_ends_near_zero() -> None:
    optimizer = make_optimizer(network(), SETTINGS)
    schedule = make_schedule(optimizer, SETTINGS, steps=10)
    rates = []
    for _ in range(20):
        rates.append(schedule.get_last_lr())
        optimizer.step()
        if len(rates) < 20:
            schedule.step()
    first = [rate[0] for rate in rates]
    assert first[0] == pytest.approx(1e-4)
    assert max(first) == first[1] == pytest.approx(1e-3)  # a tenth of the 20 steps: it ends at 1
    assert first[1:] == sorted(first[1:], reverse=True)
    assert first[-1] < 1e-6
