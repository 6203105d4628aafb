"""A trained model held against labels: figures, what it confuses, and for whom it is worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask
from proportrait.labels import KEYS
from proportrait.model.calibration import Calibration, expected_calibration_error
from proportrait.model.saved import Headshot
from proportrait.train.batches import Batches, look_at
from proportrait.train.data import Pictures
from proportrait.train.groups import groups
from proportrait.train.loop import predict
from proportrait.train.metrics import Report, report

FEWEST = 10  # pictures of a group that is told of


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model says of N pictures: logits, probabilities, verdicts, each (N, 6)."""

    pictures: Pictures
    logits: Float
    probabilities: Float
    verdicts: Mask

    def __getitem__(self, index: npt.NDArray[np.intp]) -> Judged:
        """Those that an array of indices chooses."""
        return Judged(
            self.pictures[index],
            self.logits[index],
            self.probabilities[index],
            self.verdicts[index],
        )

    def report(self, seed: int = 0) -> Report:
        """Figures with intervals."""
        return report(
            self.pictures.labels,
            self.pictures.known,
            self.probabilities,
            self.verdicts,
            self.pictures.sources,
            seed,
        )

    def calibration_errors(self) -> dict[str, float | None]:
        """Expected calibration error by attribute; None without a known bit."""
        found: dict[str, float | None] = {}
        for column, key in enumerate(KEYS):
            there = self.pictures.known[:, column]
            said, true = self.probabilities[there, column], self.pictures.labels[there, column]
            error = round(expected_calibration_error(said, true), 4) if there.any() else None
            found[key] = error
        return found


def judge(model: Headshot, pictures: Pictures, workers: int | None = None) -> Judged:
    """Look at every picture, then judge it."""
    batches = Batches(pictures, look_at(pictures, workers), model.preprocessing)
    return judged(pictures, predict(model.network, batches, progress=True), model.calibration)


def judged(pictures: Pictures, logits: Float, calibration: Calibration) -> Judged:
    """What logits say after calibration."""
    probabilities = calibration.probabilities(logits)
    return Judged(pictures, logits, probabilities, calibration.verdicts(probabilities))


def breakdown(found: Judged, seed: int = 0) -> dict[str, Report]:
    """The figures of each group of people that can be told, of at least `FEWEST` pictures."""
    parts = groups(found.pictures.paths, found.pictures.sources)
    return {
        name: found[np.array(numbers)].report(seed)
        for name, numbers in parts.items()
        if len(numbers) >= FEWEST
    }
