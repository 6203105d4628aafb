"""What the run's seed gives a source portrait, and whether a folder was begun with that seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import PurePath

from proportrait.errors import ConfigurationError
from proportrait.generate.prompt import build_prompt
from proportrait.imaging import ENCODERS
from proportrait.labels import KEYS, LabelVector, stream
from proportrait.store.records import Record

_CHECKED = 20  # portraits of a folder: other shares of good ones differ in some of them

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


def generation_seed(seed: int, source_id: str) -> int:
    """The seed of one source's pictures, [0, 2**31), as a pure function of the run's seed."""
    return int(stream(seed, source_id, "generation").integers(2**31))


def check_continues(
    records: Iterable[Record],
    seed: int,
    *,
    perfect_prob: float,
    near_perfect_prob: float,
    encoder: str,
    variation: bool,
) -> None:
    """Make sure that a run adds to a set what the set's first run would have added.

    Args:
        records: of the folder; the first ones that know their seed are looked at.
        seed, perfect_prob, near_perfect_prob: of the run that begins.
        encoder: of its pictures, a key of `ENCODERS`.
        variation: of its prompts, as of `build_prompt`; only prompts that a generator was sent
            tell theirs.

    Raises:
        ConfigurationError: the folder was begun with other ones; the message says which.
    """
    known = (r for r in records if r.parent is None and r.generation_seed is not None)
    for record in itertools.islice(known, _CHECKED):
        source_id = record.source_id
        labels = sample_labels(
            seed, source_id, perfect_prob=perfect_prob, near_perfect_prob=near_perfect_prob
        )
        own, other = (
            build_prompt(seed, source_id, labels, variation=is_varied).text
            for is_varied in (variation, not variation)
        )
        if record.generation_seed != generation_seed(seed, source_id):
            raise begun_otherwise(f"with another --seed than {seed}")
        if record.requested != labels:
            raise begun_otherwise(
                f"with another --perfect_prob or --near_perfect_prob than {perfect_prob} and "
                f"{near_perfect_prob}"
            )
        if PurePath(record.output_filename).suffix != ENCODERS[encoder][0]:
            raise begun_otherwise(f"in another --format than {encoder}")
        if record.prompt_text == other != own:
            raise begun_otherwise(f"{'with' if variation else 'without'} --no_variation")


def begun_otherwise(how: str) -> ConfigurationError:
    """The error of a run whose folder was begun with another option: `how` it was made."""
    return ConfigurationError(
        f"the pictures in this folder were made {how}, and more of them would be no part of that "
        f"set: give the options of the first run, or another folder with -o"
    )


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
