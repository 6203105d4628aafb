from __future__ import annotations

import re

import numpy as np
import pytest

from proportrait.labels import KEYS
from proportrait.train.batches import Evidence
from proportrait.train.fuse import CALM
from tools.fit_fusion import CALMS, Data, grid

LIGHTING = KEYS.index("lighting")
VIEWS = np.repeat(["whole", "eyes", "mouth"], 4)


def evidence(seed: int, sites: int, shaken: float = 0.0) -> Evidence:
    """The first feature of the whole picture tells every bit; a copy moves it by `shaken`."""
    rng = np.random.default_rng(seed)
    count = sites * 6
    labels = (rng.random((count, 6)) < 0.5).astype(np.float32)
    labels[:] = labels[:, :1]
    features = rng.normal(0, 1, (count, len(VIEWS))).astype(np.float32)
    features[:, 0] += 4 * labels[:, 0]
    copies = features.copy()
    copies[:, 0] += shaken * rng.normal(0, 1, count).astype(np.float32)
    return Evidence(
        np.zeros((count, 6), np.float32), features, np.zeros((count, 1), np.float32), labels,
        np.ones((count, 6), bool), np.repeat([f"{seed} {n}" for n in range(sites)], 6),
        np.ones(count), copies, np.zeros((count, 1), np.float32),
    )  # fmt: skip


def lines_of_light(shaken: float) -> dict[str, tuple[float, float]]:
    """By title, AUC and the share of turned copies of the head of the light."""
    photos = evidence(0, 20, shaken)
    data = Data(
        evidence(1, 8, shaken), photos, np.ones(len(photos.labels), bool), {}, ("x",), (0,), VIEWS
    )
    lines = list(grid(data))
    assert lines[0] == f"lighting, now: whole, eyes; calm {CALM['lighting']:g}"
    ends = [n for n, line in enumerate(lines) if not line.startswith("  ")]
    found = {}
    for line in lines[1 : ends[1]]:
        match = re.fullmatch(r"  (.+?) +AUC ([\d.]+), ([\d.]+)% of the copies turn it", line)
        assert match
        found[match[1]] = float(match[2]), float(match[3]) / 100
    return found


def test_the_grid_says_which_view_tells_and_what_copies_turn() -> None:
    still = lines_of_light(0)
    assert list(still) == [
        *(f"calm {c:g}" for c in CALMS),
        "without whole",
        "without eyes",
        "and mouth",
    ]
    now = still[f"calm {CALM['lighting']:g}"]
    assert now[0] > 0.95
    assert still["without eyes"][0] == pytest.approx(now[0], abs=0.03)
    assert still["without whole"][0] < 0.7
    assert all(turned == 0 for _, turned in still.values())
    shaken = lines_of_light(3)
    assert shaken["calm 0"][1] > 0.1
