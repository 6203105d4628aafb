"""A second opinion of every label, from all the others of the same set: confident learning.

A model learns an attribute from the pictures of four fifths of the people and judges those of the
last fifth, so that no picture is judged by a model that learnt from its label (out-of-fold). Labels
that the model finds unlikely, given how often each bit is mistaken for the other (Northcutt, Jiang,
Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 2021, by cleanlab), are
left out, and it learns again. Its inputs are the features of an ImageNet network of the picture and
of the clothes, and every measured score: what a measure means is learnt from the set itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from proportrait.arrays import Float, Mask, Text
from proportrait.errors import AssetError
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import FEATURES
from proportrait.measures import MODULES
from proportrait.score import Scorer
from proportrait.store.records import Record
from proportrait.verification.limits import limits

Bits = npt.NDArray[np.int8]

FEWEST, FEWEST_OF_A_KIND = 200, 30  # labels of an attribute, and of either bit, to learn from
MOST = 20_000  # pictures that a model learns from
_SAMPLE, _BATCH = 2000, 512  # pictures that the PCA of the features is fitted to; held at once
_COMPONENTS = 128  # principal components of the features that are kept
_FOLDS, _ROUNDS = 5, 4  # of cross-validation; of leaving out labels and learning again
_C, _MEASURED_WEIGHT = 0.002, 12.0  # of the logistic regression; of scores against features
# Share of the labels of a bit that the measure confirms: with less, none of the attribute is used.
_LEAST_AGREEMENT = 0.5
# Balanced accuracy against the labels, where nothing measures the attribute: with less, the labels
# follow nothing that the pictures show.
_LEAST_ACCURACY = 0.7


@dataclass(frozen=True, eq=False)
class Rows:
    """Labels and model inputs of N pictures.

    Attributes:
        groups: (N,) the source of each: its pictures are never on both sides of a split.
        labels: (N, 6) bits of the records.
        known: (N, 6) which of them the records claim.
        scores: (N, 6) float32, [0, 100]; NaN where a measure could not be taken.
        features: (N, k) float32.
        files: (N,) the pictures, for the packaged model; (0,) where it shall give no opinion.
    """

    groups: Text
    labels: Bits
    known: Mask
    scores: Float
    features: Float
    files: Text = field(default_factory=lambda: np.array([], np.str_))


def opinions(
    rows: Rows,
    keys: Sequence[str],
    seed: int = 0,
    workers: int | None = None,
    quiet: bool = False,
) -> tuple[Float, Mapping[str, str]]:
    """How likely each bit is 1, out of fold or by the packaged model.

    Args:
        workers: processes in which the packaged model's pictures are looked at; None for as many
            as cores and memory allow.
        quiet: whether no progress is shown.

    Returns:
        (N, 6) float32, NaN where there is no opinion, and by attribute why there is none.
    """
    likely, reasons = _learnt(rows, keys, seed)
    unmeasured = [key for key in reasons if limits()[key].bad_under is None]
    if unmeasured and len(rows.files):
        try:
            packaged = _packaged(rows.files.tolist(), unmeasured, workers, quiet)
        except AssetError as error:
            return likely, reasons | dict.fromkeys(unmeasured, str(error))
        for key, column in packaged.items():
            likely[:, KEYS.index(key)] = column
            del reasons[key]
    return likely, reasons


def _packaged(
    pictures: Sequence[str], keys: Sequence[str], workers: int | None, quiet: bool
) -> dict[str, Float]:
    """By attribute the packaged model's probabilities (N,) of a 1; NaN where it is not sure.

    Raises:
        AssetError: the model is missing or damaged.
    """
    likely = {key: np.full(len(pictures), np.nan, np.float32) for key in keys}
    scores = Scorer.packaged().files(pictures, workers)
    progress = tqdm(
        scores, total=len(pictures), unit="picture", desc="packaged model", disable=quiet
    )
    for row, score in enumerate(progress):
        for key in keys:
            if score.sure.get(key):
                likely[key][row] = score.probabilities[key]
    return likely


def _learnt(rows: Rows, keys: Sequence[str], seed: int) -> tuple[Float, dict[str, str]]:
    """The opinions of a model that learns from the set, as `opinions` returns them."""
    likely = np.full(rows.labels.shape, np.nan, np.float32)
    reasons: dict[str, str] = {}
    inputs = _inputs(rows)
    for key in keys:
        column = KEYS.index(key)
        claims = np.flatnonzero(rows.known[:, column])
        bits = rows.labels[claims, column].astype(np.int64)
        kinds = np.bincount(bits, minlength=2)
        if len(claims) < FEWEST or kinds.min() < FEWEST_OF_A_KIND:
            reasons[key] = (
                f"under {FEWEST} labels, or {FEWEST_OF_A_KIND} of a kind: too few to learn from"
            )
            continue
        if min(len(set(rows.groups[claims[bits == bit]])) for bit in (0, 1)) < _FOLDS:
            # Some fold would have nobody of that kind to learn from.
            reasons[key] = (
                f"the good or the bad ones are of under {_FOLDS} people: too few to learn from"
            )
            continue
        if reason := _contradicted(key, bits, rows.scores[claims, column]):
            reasons[key] = reason
            continue
        others = np.flatnonzero(~rows.known[:, column])
        own, rest = _cross_fit(inputs, bits, claims, others, rows.groups, seed)
        accuracy = np.mean([((own >= 0.5) == bits)[bits == bit].mean() for bit in (0, 1)])
        if np.isnan(rows.scores[:, column]).all() and accuracy < _LEAST_ACCURACY:
            reasons[key] = (
                f"the labels follow nothing that is seen (balanced accuracy {accuracy:.2f})"
            )
            continue
        likely[claims, column], likely[others, column] = own, rest
    return likely, reasons


def by_picture(names: Sequence[str], likely: Float) -> dict[str, dict[str, float]]:
    """The probabilities (N, 6) of `opinions` by name and attribute, without those that are NaN."""
    return {
        name: {
            key: float(probability)
            for key, probability in zip(KEYS, row, strict=True)
            if not np.isnan(probability)
        }
        for name, row in zip(names, likely, strict=True)
    }


def _inputs(rows: Rows) -> Float:
    """(N, k) float32: features, then the log odds of the scores, then which are missing."""
    shares = np.clip(rows.scores / 100, 0.001, 0.999)
    odds = np.log(shares / (1 - shares))
    missing = np.isnan(odds)
    measured = ~missing.all(0)
    odds, missing = odds[:, measured], missing[:, measured]
    scaled = (odds - np.nanmean(odds, 0)) / (np.nanstd(odds, 0) + 1e-6)
    scaled[missing] = 0
    return np.hstack([rows.features, _MEASURED_WEIGHT * scaled, missing]).astype(np.float32)


def _contradicted(key: str, bits: npt.NDArray[np.int64], scores: Float) -> str:
    """Why labels are too wrong to learn from, or ""."""
    readings = scores >= MODULES[key].LIMIT
    for bit, word in ((1, "good"), (0, "bad")):
        rows = ~np.isnan(scores) & (bits == bit)
        agreement = float((readings[rows] == bit).mean()) if rows.any() else 1.0
        if rows.sum() >= FEWEST_OF_A_KIND and agreement < _LEAST_AGREEMENT:
            return f"the measure agrees with {agreement:.0%} of the {word} labels only"
    return ""


def _cross_fit(
    inputs: Float,
    bits: npt.NDArray[np.int64],
    claims: npt.NDArray[np.intp],
    others: npt.NDArray[np.intp],
    groups: Text,
    seed: int,
) -> tuple[Float, Float]:
    """Probabilities of a 1 for rows with a claim, out of fold, and for others.

    Args:
        inputs: (N, k).
        bits: (n,) of the rows with a claim.
        claims, others: numbers of the rows with a claim, (n,), and without, (m,).
        groups: (N,) sources; all pictures of one are in the same fold.
        seed: of the split.

    Returns:
        (n,) and (m,) float32; the second is the mean of the models of all folds.
    """
    x, group = inputs[claims], groups[claims]
    splits = list(
        StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed).split(x, bits, group)
    )
    rng = np.random.default_rng(seed)
    kept = np.ones(len(bits), bool)
    own = np.full(len(bits), 0.5)
    for _ in range(_ROUNDS):
        models = []
        for learn, held in splits:
            learn = learn[kept[learn]]
            if len(learn) > MOST:
                learn = rng.choice(learn, MOST, replace=False)
            model = LogisticRegression(C=_C, max_iter=300)
            if len(set(bits[learn])) < 2:
                continue
            models.append(model.fit(x[learn], bits[learn]))
            own[held] = models[-1].predict_proba(x[held])[:, 1]
        # One job: more would fork a process that has threads.
        kept = ~find_label_issues(bits, np.column_stack([1 - own, own]), n_jobs=1)
    rest = np.full(len(others), np.nan)
    if len(others) and models:
        rest = np.mean([model.predict_proba(inputs[others])[:, 1] for model in models], 0)
    return own.astype(np.float32), rest.astype(np.float32)


def gather(
    records: Iterable[Record], images: Path, cache: LookCache, seed: int = 0
) -> tuple[list[str], Rows]:
    """Names and rows of all pictures that could be looked at, from looks with features."""
    names: list[str] = []
    groups, labels, known, scores = [], [], [], []
    for record in records:
        look = cache.get(images / record.output_filename)
        if look is None or not set(FEATURES) <= set(look.features):
            continue
        names.append(record.output_filename)
        groups.append(record.source_id)
        labels.append(record.labels.values)
        known.append(record.known.values)
        scores.append(look.score_array())
    files = [images / name for name in names]
    return names, Rows(
        np.array(groups, np.str_),
        np.array(labels, np.int8).reshape(-1, len(KEYS)),
        np.array(known, bool).reshape(-1, len(KEYS)),
        np.array(scores, np.float32).reshape(-1, len(KEYS)),
        _reduced(files, cache, seed),
        np.array([str(file) for file in files], np.str_),
    )


def _reduced(pictures: Sequence[Path], cache: LookCache, seed: int) -> Float:
    """Principal components (N, k) of the features, which are never held all at once."""
    if len(pictures) < FEWEST:
        return np.zeros((len(pictures), 0), np.float32)
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(len(pictures))[:_SAMPLE])
    pca = make_pipeline(
        StandardScaler(),
        PCA(min(_COMPONENTS, len(sample)), svd_solver="randomized", random_state=seed),
    ).fit(_features([pictures[i] for i in sample], cache))
    parts = [
        pca.transform(_features(pictures[i : i + _BATCH], cache))
        for i in range(0, len(pictures), _BATCH)
    ]
    return np.concatenate(parts).astype(np.float32)


def _features(pictures: Sequence[Path], cache: LookCache) -> Float:
    rows = []
    for picture in pictures:
        look = cache.get(picture)
        if look is not None and look.features:  # `gather` chose those that have
            rows.append(np.concatenate([look.features[name] for name in FEATURES]))
    return np.asarray(rows, np.float32)
