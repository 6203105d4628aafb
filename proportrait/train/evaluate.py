"""A model against labels: figures, calibration errors, and figures by group of people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask
from proportrait.labels import KEYS
from proportrait.model.calibration import Calibration, expected_calibration_error
from proportrait.model.saved import Headshot
from proportrait.train.batches import readable
from proportrait.train.data import Pictures
from proportrait.train.groups import groups
from proportrait.train.metrics import Report, report

MIN_PICTURES = 10  # of a group with figures of its own


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's logits, probabilities, and verdicts of N pictures, each (N, 6)."""

    pictures: Pictures
    logits: Float
    probabilities: Float
    verdicts: Mask

    @classmethod
    def from_logits(
        cls, pictures: Pictures, logits: Float, calibration: Calibration
    ) -> Predictions:
        """Calibrate logits (N, 6) of N pictures."""
        probabilities = calibration.probabilities(logits)
        return cls(pictures, logits, probabilities, calibration.verdicts(probabilities))

    def __getitem__(self, index: npt.NDArray[np.intp]) -> Predictions:
        """The predictions of an array of indices."""
        return Predictions(
            self.pictures[index],
            self.logits[index],
            self.probabilities[index],
            self.verdicts[index],
        )

    def report(self, seed: int = 0) -> Report:
        """Figures with intervals of a bootstrap by source."""
        return report(
            self.pictures.labels,
            self.pictures.known,
            self.probabilities,
            self.verdicts,
            self.pictures.sources,
            seed,
        )

    def sure_shares(self, calibration: Calibration) -> dict[str, dict[str, float]]:
        """Of each attribute: the share of verdicts that are sure, and of these what is right."""
        known = self.pictures.known
        sure = calibration.sure(self.probabilities) & known
        right = sure & (self.verdicts == (self.pictures.labels > 0.5))
        shares = sure.sum(0) / np.maximum(known.sum(0), 1)
        correct = right.sum(0) / np.maximum(sure.sum(0), 1)
        return {
            key: {"share": round(float(shares[i]), 4), "right": round(float(correct[i]), 4)}
            for i, key in enumerate(KEYS)
        }

    def calibration_errors(self) -> dict[str, float | None]:
        """Expected calibration error by attribute; None without a known bit."""
        errors: dict[str, float | None] = {}
        for column, key in enumerate(KEYS):
            mask = self.pictures.known[:, column]
            p, y = self.probabilities[mask, column], self.pictures.labels[mask, column]
            errors[key] = round(expected_calibration_error(p, y), 4) if mask.any() else None
        return errors


def judge(model: Headshot, pictures: Pictures, workers: int | None = None) -> Predictions:
    """Look at all pictures and predict their bits."""
    files = [Path(str(path)) for path in np.unique(pictures.paths)]
    logits = {
        str(file): model.logits([look])[0] for file, look in readable(files, model.wants, workers)
    }
    rows = np.stack([logits[str(path)] for path in pictures.paths])
    return Predictions.from_logits(pictures, rows, model.calibration)


def breakdown(predictions: Predictions, seed: int = 0) -> dict[str, Report]:
    """The figures of each group of people with at least `MIN_PICTURES` pictures."""
    parts = groups(predictions.pictures.paths, predictions.pictures.sources)
    return {
        name: predictions[np.array(numbers)].report(seed)
        for name, numbers in parts.items()
        if len(numbers) >= MIN_PICTURES
    }
