"""Which label vector a source portrait gets."""

from __future__ import annotations

import itertools

from proportrait.labels import KEYS, LabelVector, stream

PERFECT = LabelVector.ones()
NEAR_PERFECT: tuple[LabelVector, ...] = tuple(PERFECT.replace(**{key: 0}) for key in KEYS)
MIXED: tuple[LabelVector, ...] = tuple(
    LabelVector(bits)
    for bits in itertools.product((0, 1), repeat=len(KEYS))
    if sum(bits) <= len(KEYS) - 2
)


def sample_labels(
    seed: int,
    source_id: str,
    *,
    perfect_prob: float = 0.15,
    near_perfect_prob: float = 0.15,
) -> LabelVector:
    """Draw the label vector of one source, as a pure function of the run's seed and the source.

    Three disjoint buckets hold all 64 vectors: perfect (111111), near-perfect (exactly one 0, each
    attribute alike), and mixed (six fair coins on condition that two or more show 0: the 57
    remaining vectors, each alike). At the default probabilities an attribute is 1 with
    .15 + .15 * 5/6 + .70 * 26/57 = .594, the same for all six.

    Args:
        seed: of the run.
        source_id: of the portrait.
        perfect_prob: probability of the first bucket, 0 to 1.
        near_perfect_prob: probability of the second bucket, 0 to 1; the rest is mixed.

    Raises:
        ValueError: a probability is out of 0..1, or the two are more than 1 together.
    """
    check_probabilities(perfect_prob, near_perfect_prob)
    rng = stream(seed, source_id, "labels")
    draw = rng.random()
    if draw < perfect_prob:
        return PERFECT
    bucket = NEAR_PERFECT if draw < perfect_prob + near_perfect_prob else MIXED
    return bucket[int(rng.integers(len(bucket)))]


def check_probabilities(perfect_prob: float, near_perfect_prob: float) -> None:
    """Raise ValueError unless both lie in 0..1 and leave at least 0 for the mixed bucket."""
    for name, value in (("perfect_prob", perfect_prob), ("near_perfect_prob", near_perfect_prob)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} is a probability from 0 to 1, not {value}")
    # The tolerance lets .7 and .3, or other decimals that sum to 1, through binary rounding.
    if perfect_prob + near_perfect_prob > 1.0 + 1e-9:
        raise ValueError(
            f"perfect_prob and near_perfect_prob are at most 1 together, "
            f"not {perfect_prob} + {near_perfect_prob}"
        )
