"""A taste: three models of different families that were taught by the same labels, averaged.

With few labels a warm start counts more than they do: see `warm`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from proportrait.arrays import Float, Mask
from proportrait.disk import replace_file
from proportrait.errors import AssetError, ConfigurationError
from proportrait.taste.folds import copies, folds
from proportrait.taste.members import NAMES, Members, logistic, mixed
from proportrait.taste.space import Space
from proportrait.taste.warm import Warm, verdicts_of

FORMAT = 3
FOLDS = 5
_ENTRY = "proportrait-taste"
_ROWS = 512  # a step of prediction, so few that they stay in the cache of a core
_SUREST = 7.0  # log odds, 99.9 %: no model is surer, and none outvotes the others
_SLACK = 0.02  # share of the labels, and one label: more errors than the fewest say nothing
_SHARES = np.linspace(0, 1, 21)  # of the warm start
_FLATTEST = 0.05  # slope of a calibration: scores never turn round


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A taste that is ready for use; `fit` makes it.

    Attributes:
        space: from features to coordinates.
        models: the three.
        warm: the warm start.
        share: [0, 1], of the warm start in the log odds; learnt, 0 without verdicts.
        calibration: (3, 2), slope and offset from the score of each to log odds.
        labels: (N,) bool, those that it was fitted to.
        validated: (N,) float32, probability of positive of each labelled picture by models that
            have not learnt from it; NaN with fewer than two labels of a class.
        threshold: of the probability: from it on a picture is positive.
        precision, recall: of positive at the threshold, on `validated`; NaN where that is NaN.
        typical: (2, D) float32, means of the columns over negative and positive pictures; NaN where
            none of them has a value.
        names: of the D columns.
        about: JSON-ready: version of the features, date, settings.
    """

    space: Space
    models: Members
    warm: Warm
    share: float
    calibration: Float
    labels: Mask
    validated: Float
    threshold: float
    precision: float
    recall: float
    typical: Float
    names: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        values: Float,
        labels: npt.ArrayLike,
        seed: int = 0,
        groups: npt.ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
        space: Space | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Ensemble:
        """Learn a taste from N labelled pictures, at least one of each class.

        Args:
            values: (N, D) float32 features, NaN where one is missing.
            labels: (N,) bool, whether a picture is positive.
            seed: of the folds of the cross-validation.
            groups: (N,), what belongs together, such as pictures of a person: never on both sides
                of a split.
            names: of the columns, "part:number", see `Features.names`.
            space: of many pictures without labels: it is better than that of a few labelled ones.
            about: JSON-ready, for the file.

        Raises:
            ConfigurationError: a class has no label.
        """
        values, wanted = np.asarray(values, np.float32), np.asarray(labels, bool)
        if wanted.all() or not wanted.any():
            raise ConfigurationError(
                "label at least one picture positive and one negative: there is nothing to learn "
                "from one kind alone"
            )
        together = copies(values) if groups is None else np.asarray(groups)
        verdicts = verdicts_of(values, names or ())
        with _one_thread():
            space = space or Space.fit(values, names)
            points = space(values)
            scores, warm = _validated_scores(points, verdicts, wanted, space.prior, seed, together)
            models = Members.fit(points, wanted, space.prior, seed)
        calibration = np.stack([_platt(column, wanted) for column in scores.T])
        learnt = _calibrated(scores, calibration).mean(1)
        share = _share(warm, learnt, wanted) if verdicts.any() else 0.0
        validated = _sigmoid(share * warm + (1 - share) * learnt)
        threshold, precision, recall = _operating_point(validated, wanted)
        return cls(
            space, models, Warm.fit(verdicts, wanted), share, calibration, wanted, validated,
            threshold, precision, recall, np.stack([_means(values[wanted == kind])
                                                    for kind in (False, True)]),
            tuple(names or ()), dict(about or {}),
        )  # fmt: skip

    def members(self, values: Float) -> Float:
        """Probabilities (N, 3) float32 of positive, one a model, of features (N, D)."""
        return _sigmoid(self._odds(values))

    def probabilities(self, values: Float) -> Float:
        """Probabilities (N,) float32 of positive: the mean of the models, and the warm start."""
        return self.judgements(values)[1]

    def judgements(self, values: Float) -> tuple[Float, Float]:
        """What `members` and `probabilities` give, in one pass."""
        odds = self._odds(values)
        return _sigmoid(odds), _sigmoid(self._together(odds, values))

    def log_odds(self, values: Float) -> Float:
        """Log odds (N,) float32 of positive; their probabilities are those of `probabilities`."""
        return self._together(self._odds(values), values)

    def _together(self, odds: Float, values: Float) -> Float:
        """Log odds (N,) of all, from those of the models (N, 3) and features (N, D)."""
        likely = (1 - self.share) * odds.mean(1)
        if self.share > 0:
            likely += self.share * self.warm.scores(verdicts_of(values, self.names))
        return np.asarray(likely, np.float32)

    def _odds(self, values: Float) -> Float:
        """Log odds (N, 3) of positive, calibrated."""
        odds = np.zeros((len(values), len(NAMES)), np.float32)

        def work(start: int) -> None:
            block = values[start : start + _ROWS]
            points = mixed(self.space(block, self.models.weights), self.models.weights)
            odds[start : start + _ROWS] = _calibrated(self.models.scores(points), self.calibration)

        starts = range(0, len(values), _ROWS)
        with _one_thread():
            if len(starts) == 1:
                work(0)
            else:  # a block a core, and so one thread for each product of matrices
                with ThreadPoolExecutor(os.cpu_count()) as pool:
                    list(pool.map(work, starts))
        return odds

    def save(self, path: str | Path) -> None:
        """Write the taste to one safetensors file, which holds numbers and text alone."""
        from safetensors.numpy import save as to_bytes

        text, arrays = self._contents()
        metadata = {_ENTRY: text, "digest": _digest(text, arrays)}
        replace_file(Path(path), to_bytes(arrays, metadata))

    @property
    def digest(self) -> str:
        """SHA-256 in hex of all that it holds."""
        return _digest(*self._contents())

    def _contents(self) -> tuple[str, dict[str, npt.NDArray[Any]]]:
        """The header and the arrays of its file."""
        state = self.space.to_state() | {
            "calibration": self.calibration, "labels": self.labels, "validated": self.validated,
            "typical": self.typical,
        }  # fmt: skip
        for part in ("models", "warm"):
            fields = vars(getattr(self, part))
            state |= {f"{part}.{name}": np.asarray(value) for name, value in fields.items()}
        header = {
            "format": FORMAT, "share": self.share, "threshold": self.threshold,
            "precision": _finite(self.precision), "recall": _finite(self.recall),
            "names": list(self.names), "about": dict(self.about),
        }  # fmt: skip
        text = json.dumps(header, sort_keys=True, allow_nan=False)
        return text, {name: np.ascontiguousarray(value) for name, value in state.items()}

    @classmethod
    def load(cls, path: str | Path) -> Ensemble:
        """Read a taste that `save` wrote.

        Raises:
            AssetError: the file is missing, damaged, changed since, or no taste of this version.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "np") as file:
                metadata = file.metadata() or {}
                text = metadata[_ENTRY]
                header = json.loads(text)
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if metadata["digest"] != _digest(text, state):
                raise ValueError("its bytes were changed after it was written")
            if header["format"] != FORMAT:
                raise ValueError("another version wrote it: train it again")
            return cls(
                Space.from_state(state),
                Members(**{key: state[f"models.{key}"] for key in Members.__annotations__}),
                Warm(**{key: state[f"warm.{key}"] for key in Warm.__annotations__}),
                header["share"], state["calibration"], state["labels"], state["validated"],
                header["threshold"], _number(header["precision"]), _number(header["recall"]),
                state["typical"], tuple(header["names"]), header["about"],
            )  # fmt: skip
        except FileNotFoundError:
            raise AssetError(
                f"{path} does not exist: name a file that `proportrait taste train` wrote"
            ) from None
        except (OSError, SafetensorError, LookupError, TypeError, ValueError) as error:
            raise AssetError(f"{path} is no model of `proportrait taste train`: {error}") from error


def _means(values: Float) -> Float:
    """The mean (D,) float32 of each column of (N, D) over what is known, NaN without any."""
    known = np.isfinite(values)
    sums, counts = np.where(known, values, 0).sum(0, dtype=np.float64), known.sum(0)
    return np.where(counts, sums / np.maximum(1, counts), np.nan).astype(np.float32)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _digest(text: str, state: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(state):
        value = state[name]
        digest.update(f"{name} {value.dtype} {value.shape}".encode() + value.tobytes())
    return digest.hexdigest()


def _one_thread() -> AbstractContextManager[Any]:
    """Products of matrices on one core: for small ones, threads cost more than they save."""
    limits: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limits


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _validated_scores(
    blocks: list[Float], verdicts: Float, labels: Mask, prior: Float, seed: int,
    groups: npt.NDArray[Any],
) -> tuple[Float, Float]:  # fmt: skip
    """Scores (N, 3) of each picture by models without it, and (N,) by the warm start.

    NaN where there are too few.
    """
    scores = np.full((len(labels), len(NAMES)), np.nan, np.float32)
    warm = np.full(len(labels), np.nan, np.float32)
    for held in folds(labels, groups, FOLDS, seed):
        rest = ~held
        models = Members.fit([block[rest] for block in blocks], labels[rest], prior, seed)
        scores[held] = models.scores(mixed([block[held] for block in blocks], models.weights))
        warm[held] = Warm.fit(verdicts[rest], labels[rest]).scores(verdicts[held])
    return scores, warm


def _share(warm: Float, learnt: Float, labels: Mask) -> float:
    """Share (0, 1) of the warm start: its posterior mean, by the likelihood of held-out labels.

    The prior leans to what was learnt: the more labels, the more that would gain.
    """
    known = np.isfinite(warm) & np.isfinite(learnt)
    shares = _SHARES[:, None]
    odds = shares * warm[known] + (1 - shares) * learnt[known]
    fits = -np.logaddexp(0, np.where(labels[known], -odds, odds)).sum(1)
    weights = (1 - _SHARES) ** 2 * np.exp(fits - fits.max())
    return float(weights @ _SHARES / weights.sum())


def _platt(scores: Float, labels: Mask) -> Float:
    """Slope and offset (2,) from scores to log odds; (1, 0) without scores.

    Platt, "Probabilistic Outputs for Support Vector Machines", 1999; few labels hardly move them.
    """
    known = np.isfinite(scores)
    if not known.any():
        return np.array([1, 0], np.float32)
    line = logistic(scores[known, None], labels[known], np.ones(known.sum()), (2, 1), (1, 0))
    return np.array([max(line[0], _FLATTEST), line[1]], np.float32)


def _calibrated(scores: Float, calibration: Float) -> Float:
    """Log odds (N, 3) float32 of scores (N, 3)."""
    odds = scores * calibration[:, 0] + calibration[:, 1]
    return np.asarray(np.clip(odds, -_SUREST, _SUREST), np.float32)


def _sigmoid(odds: Float) -> Float:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def _operating_point(validated: Float, labels: Mask) -> tuple[float, float, float]:
    """A threshold with few errors, and precision and recall of positive at it.

    Of all with hardly more errors than the fewest it is the nearest to one half: a few labels say
    no more.
    """
    known = np.isfinite(validated)
    if not known.any():
        return 0.5, float("nan"), float("nan")
    likely, labels = validated[known], labels[known]
    values = np.unique(likely)
    cuts = np.append((values[1:] + values[:-1]) / 2, 0.5)
    right = ((likely >= cuts[:, None]) == labels).sum(1)
    best = cuts[right >= right.max() - 1 - _SLACK * len(likely)]
    threshold = float(best[abs(best - 0.5).argmin()])
    chosen = likely >= threshold
    hits = float((chosen & labels).sum())
    return threshold, hits / max(1, chosen.sum()), hits / labels.sum()
