"""A second opinion of every label, from all the others of the same set: confident learning.

A model learns an attribute from four fifths of the people and judges the last one, so that no
picture is judged by a model that was told its label (out-of-fold). Labels that the model finds
unlikely, given how often each kind is mistaken for the other (Northcutt, Jiang, Chuang, "Confident
learning: estimating uncertainty in dataset labels", JAIR 2021, by cleanlab), are left out, and it
learns again. It sees what an ImageNet network sees of the picture and of the clothes, and every
measured component: what one measure means is learnt from the set itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from proportrait.arrays import Float, Mask, Text
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import FEATURES
from proportrait.measures import MODULES
from proportrait.store.records import Record

Bits = npt.NDArray[np.int8]

FEWEST = 200  # labels of an attribute, and
FEWEST_OF_A_KIND = 30  # of either bit, from which a model can be learnt
MOST = 20_000  # pictures that it learns from
_SAMPLE, _BATCH = 2000, 512  # pictures that the components are learnt from; that are held at once
_COMPONENTS = 128  # of the features
_FOLDS, _ROUNDS = 5, 4
_PENALTY, _MEASURED_WEIGHT = 0.002, 12.0
# Where the measure contradicts more of a kind of label, such labels teach nothing.
_AGREED = 0.5
_SEEN = 0.7  # balanced accuracy against the labels, where nothing is measured


@dataclass(frozen=True, eq=False)
class Rows:
    """What is known of N pictures.

    Attributes:
        groups: (N,) the source of each: its pictures are never on both sides of a split.
        labels: (N, 6) bits as they are said.
        known: (N, 6) which of them are claims.
        components: (N, 6) float32, [0, 100]; NaN where a measure could not be taken.
        features: (N, k) float32.
    """

    groups: Text
    labels: Bits
    known: Mask
    components: Float
    features: Float


def opinions(rows: Rows, keys: Sequence[str], seed: int = 0) -> tuple[Float, Mapping[str, str]]:
    """How likely each bit is 1, out of fold.

    Returns:
        (N, 6) float32, NaN where there is no opinion, and by attribute why there is none.
    """
    found = np.full(rows.labels.shape, np.nan, np.float32)
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
        if reason := _contradicted(key, bits, rows.components[claims, column]):
            reasons[key] = reason
            continue
        others = np.flatnonzero(~rows.known[:, column])
        own, rest = _cross_fit(inputs, bits, claims, others, rows.groups, seed)
        seen = np.mean([((own >= 0.5) == bits)[bits == bit].mean() for bit in (0, 1)])
        if np.isnan(rows.components[:, column]).all() and seen < _SEEN:
            reasons[key] = f"the labels follow nothing that is seen (balanced accuracy {seen:.2f})"
            continue
        found[claims, column], found[others, column] = own, rest
    return found, reasons


def _inputs(rows: Rows) -> Float:
    """(N, k) float32: features, then the log odds of the components, then which are missing."""
    shares = np.clip(rows.components / 100, 0.001, 0.999)
    odds = np.log(shares / (1 - shares))
    missing = np.isnan(odds)
    taken = ~missing.all(0)
    odds, missing = odds[:, taken], missing[:, taken]
    scaled = (odds - np.nanmean(odds, 0)) / (np.nanstd(odds, 0) + 1e-6)
    scaled[missing] = 0
    return np.hstack([rows.features, _MEASURED_WEIGHT * scaled, missing]).astype(np.float32)


def _contradicted(key: str, bits: npt.NDArray[np.int64], components: Float) -> str:
    """Why labels are too wrong to learn from, or ""."""
    there = ~np.isnan(components)
    shown = components >= MODULES[key].LIMIT
    for bit, word in ((1, "good"), (0, "bad")):
        claimed = there & (bits == bit)
        agreed = float((shown[claimed] == bit).mean()) if claimed.any() else 1.0
        if claimed.sum() >= FEWEST_OF_A_KIND and agreed < _AGREED:
            return f"the measure agrees with {agreed:.0%} of the {word} labels only"
    return ""


def _cross_fit(
    inputs: Float,
    bits: npt.NDArray[np.int64],
    claims: npt.NDArray[np.intp],
    others: npt.NDArray[np.intp],
    groups: Text,
    seed: int,
) -> tuple[Float, Float]:
    """Probabilities of a 1 for the claims, out of fold, and for other rows: the mean of the folds.

    Twins of a claim share its fold; what the models say of others of that person is not asked.
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
            model = LogisticRegression(C=_PENALTY, max_iter=300)
            if len(set(bits[learn])) < 2:
                continue
            models.append(model.fit(x[learn], bits[learn]))
            own[held] = models[-1].predict_proba(x[held])[:, 1]
        kept = ~find_label_issues(bits, np.column_stack([1 - own, own]))
    rest = np.zeros(len(others))
    if len(others) and models:
        rest = np.mean([model.predict_proba(inputs[others])[:, 1] for model in models], 0)
    return own.astype(np.float32), rest.astype(np.float32)


def gather(
    records: Iterable[Record], images: Path, cache: LookCache, seed: int = 0
) -> tuple[list[str], Rows]:
    """Names and rows of all pictures that could be looked at, from looks with features."""
    names: list[str] = []
    groups, labels, known, components = [], [], [], []
    for record in records:
        look = cache.get(images / record.output_filename)
        if look is None or not set(FEATURES) <= set(look.features):
            continue
        names.append(record.output_filename)
        groups.append(record.source_id)
        labels.append(record.labels.values)
        known.append(record.known.values)
        components.append(look.score_array())
    return names, Rows(
        np.array(groups, np.str_),
        np.array(labels, np.int8).reshape(-1, len(KEYS)),
        np.array(known, bool).reshape(-1, len(KEYS)),
        np.array(components, np.float32).reshape(-1, len(KEYS)),
        _reduced([images / name for name in names], cache, seed),
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
