"""Whether labels come as they are sampled, and have nothing to do with who is shown.

    python -m benchmarks.labels.distribution                    what is asked for, nothing is drawn
    python -m benchmarks.labels.distribution --images DIR       what was finished in a folder, too

Sex, age, glasses, skin tone, and complexion are told from the latent seed alone
(`edit.synthesis.traits`), so that 20,000 requests take a minute. A bit and a trait correlate
(point-biserial: Pearson's r with a bit) by less than 0.08 in 2,000 records or more; in fewer the
figure is stated, since among 30 of them chance alone gives one that much now and then. What is told
of a person holds much, not all, of the truth (r of .6 for glasses and skin tone to .9 for the
complexion), and correlates that much less with a bit than the truth would. Ends with 1 if a bar is
missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats
from tqdm import tqdm

from benchmarks.labels.folder import describe, finished
from benchmarks.speed.ratio import Ratio
from proportrait.arrays import Double, Mask
from proportrait.commandline import seed
from proportrait.edit.synthesis.directions import presentable
from proportrait.edit.synthesis.network import FaceSynthesizer
from proportrait.edit.synthesis.traits import TRAITS, People
from proportrait.errors import StoreError
from proportrait.generate.sample import MIXED, NEAR_PERFECT, PERFECT, sample_labels
from proportrait.generate.sources.built_in import SEEDS_PER_RUN, StyleganItem
from proportrait.labels import KEYS, LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record

Traits = Mapping[str, Double]  # (n,) each

BAR = 0.08  # of a correlation
ENOUGH = 2000  # records for the bar to count: it is then 3.6 standard errors away
RARE = 0.001  # a chi-square that chance exceeds less often than this fails
CORRELATED = ("men", "age", "glasses", "skin tone", "complexion")
_AT_ONCE = 1024  # seeds


def chances(perfect: float = 0.15, near_perfect: float = 0.15) -> dict[str, float]:
    """The probability of each of the 64 label codes, as `sample_labels` draws them."""
    mixed = (1 - perfect - near_perfect) / len(MIXED)
    return {
        PERFECT.code: perfect,
        **{labels.code: near_perfect / len(NEAR_PERFECT) for labels in NEAR_PERFECT},
        **{labels.code: mixed for labels in MIXED},
    }


def spread(name: str, labels: Sequence[LabelVector], chance: Mapping[str, float]) -> list[Ratio]:
    """Whether all label vectors occur, and a chi-square test of how often each of them does."""
    counts = Counter(vector.code for vector in labels)
    codes = [code for code in sorted(chance) if chance[code] > 0]
    expected = np.array([chance[code] for code in codes]) * len(labels)
    test = stats.chisquare(
        [counts[code] for code in codes], expected * len(labels) / expected.sum()
    )
    figures = {
        "label_vectors": len(labels),
        "chi_square": float(test.statistic),
        "fewest_expected": float(expected.min()),
    }
    rarest = expected.min()
    every = "of the 64 label vectors occur"
    seen = sum(counts[code] > 0 for code in codes) / len(codes)
    uneven = "how often chance alone is as uneven over the 64 label vectors"
    return [
        Ratio(f"{name}: vectors", every, seen, 1 if rarest >= 10 else None),
        Ratio(
            f"{name}: evenness", uneven, float(test.pvalue), RARE if rarest >= 5 else None,
            figures=figures,
        ),
    ]  # fmt: skip


def correlations(labels: Sequence[LabelVector], traits: Traits) -> dict[tuple[str, str], float]:
    """The point-biserial correlation of every bit with every trait; 0 where a bit never changes."""
    bits = np.array([vector.values for vector in labels], np.float64)
    found = {}
    for (column, key), trait in itertools.product(enumerate(KEYS), CORRELATED):
        varied = bits[:, column].std() > 0
        r = np.corrcoef(bits[:, column], traits[trait])[0, 1] if varied else 0.0
        found[key, trait] = float(r)
    return found


def independence(name: str, labels: Sequence[LabelVector], traits: Traits) -> Ratio:
    """The largest correlation of a bit with a trait, and all of them as figures."""
    found = correlations(labels, traits)
    figures: dict[str, object] = {
        "records": len(labels),
        "standard_error": round(1 / np.sqrt(max(len(labels) - 1, 1)), 3),
    }
    for trait in CORRELATED:
        line = ", ".join(f"{key} {found[key, trait]:+.3f}" for key in KEYS)
        figures[trait.replace(" ", "_")] = line
    (key, trait), r = max(found.items(), key=lambda item: abs(item[1]))
    bar = BAR if len(labels) >= ENOUGH else None
    over = f"largest correlation of a label with a person: {key} with {trait}"
    return Ratio(f"{name}: independence", over, abs(r), bar, "under", figures)


def failures(done: Sequence[LabelVector], failed: Sequence[LabelVector]) -> list[str]:
    """Lines on how often portraits fail by bit, and how often chance differs as much (Fisher)."""
    lines = []
    for key in KEYS:
        table = [[sum(v[key] == bit for v in part) for part in (failed, done)] for bit in (0, 1)]
        rates = [row[0] / max(sum(row), 1) for row in table]
        p = float(stats.fisher_exact(table).pvalue)
        lines.append(
            f"    {key:<12}bad {rates[0]:.3f} of {sum(table[0])} fail, "
            f"good {rates[1]:.3f} of {sum(table[1])}; p = {p:.3f}"
        )
    return lines


def shifts(everybody: Traits, chosen: Traits) -> list[str]:
    """Lines on how the people that the source offers differ from all of the network's."""
    lines = []
    for name, unit in TRAITS.items():
        before, after = everybody[name], chosen[name]
        moved = (after.mean() - before.mean()) / before.std()
        lines.append(
            f"    {name:<12}{before.mean():8.3f} -> {after.mean():8.3f}  "
            f"({moved:+.2f} standard deviations of what the model tells; {unit})"
        )
    return lines


# Traits of all people that were looked at, and traits and seeds of those that are offered.
Survey = tuple[Traits, Traits, npt.NDArray[np.intp]]


def survey(people: People, synthesizer: FaceSynthesizer, count: int, seed: int) -> Survey:
    """Tell the traits of the network's people in order until `count` of them are offered."""
    parts: list[Traits] = []
    kept: list[Mask] = []
    bar, offered_so_far = tqdm(total=count, unit="person", disable=None), 0
    while offered_so_far < count:
        start = seed * SEEDS_PER_RUN + _AT_ONCE * len(kept)
        styles = synthesizer.styles(range(start, start + _AT_ONCE))
        parts.append(people.traits(styles))
        kept.append(presentable(styles))
        offered_so_far += int(kept[-1].sum())
        bar.update(int(kept[-1].sum()))
    bar.close()
    everybody = {name: np.concatenate([part[name] for part in parts]) for name in TRAITS}
    offered = np.flatnonzero(np.concatenate(kept))[:count]
    seeds = offered + seed * SEEDS_PER_RUN
    return everybody, {name: values[offered] for name, values in everybody.items()}, seeds


Tried = tuple[dict[str, LabelVector], dict[str, LabelVector]]


def tried(folder: Path, records: Sequence[Record], seed: int, shares: tuple[float, float]) -> Tried:
    """Requests of a folder: (source_id, labels) of those that were finished, and of failures.

    A failure keeps no labels, but they are a pure function of the run's seed and the source.

    Raises:
        StoreError: the folder was made with another seed or other probabilities.
    """
    done = {record.source_id: record.requested for record in records if record.parent is None}
    for source_id, labels in done.items():
        if labels != _sampled(seed, source_id, shares):
            raise StoreError(
                f"{folder}: {source_id} was asked for as {labels.code}, which --seed {seed} and "
                f"these probabilities do not give; name those of its run"
            )
    failed = {
        e.source_id: _sampled(seed, e.source_id, shares) for e in RecordStore(folder).failures()
    }
    return done, failed


def _sampled(seed: int, source_id: str, shares: tuple[float, float]) -> LabelVector:
    return sample_labels(seed, source_id, perfect_prob=shares[0], near_perfect_prob=shares[1])


def of_requests(
    people: People, synthesizer: FaceSynthesizer, count: int, seed: int, shares: tuple[float, float]
) -> list[Ratio]:
    """What a run asks for, before anything is drawn."""
    everybody, offered, seeds = survey(people, synthesizer, count, seed)
    labels = [_sampled(seed, StyleganItem(int(latent)).source_id, shares) for latent in seeds]
    print(f"asked for: {count} people, offered out of {len(everybody['age'])} of the network")
    print("\n".join(shifts(everybody, offered)))
    ratios = spread("asked for", labels, chances(*shares))
    ratios.append(independence("asked for", labels, offered))
    print("\n".join(map(str, ratios)), flush=True)
    return ratios


def of_folder(
    people: People,
    synthesizer: FaceSynthesizer,
    folder: Path,
    seed: int,
    shares: tuple[float, float],
) -> list[Ratio]:
    """What a run finished, and whom and what it could not."""
    records = finished(folder)
    done, failed = tried(folder, records, seed, shares)
    print(f"\n{describe(folder, records)}")
    made = {(record.source_id, record.labels.code) for record in records}
    exact = np.mean([(source, labels.code) in made for source, labels in done.items()])
    print(f"{exact:.3f} of the people have a picture with exactly the labels asked for")
    print("\n".join(failures(list(done.values()), list(failed.values()))))
    ratios = spread("finished", list(done.values()), chances(*shares))

    items = {source: StyleganItem.from_source_id(source) for source in (*done, *failed)}
    drawn = {source: item.latent_seed for source, item in items.items() if item is not None}
    if drawn:
        told = people.traits(synthesizer.styles(list(drawn.values())))
        lost = np.array([source in failed for source in drawn])
        if lost.any() and not lost.all():
            found = ", ".join(f"{t} {np.corrcoef(lost, told[t])[0, 1]:+.3f}" for t in CORRELATED)
            print(f"    failing correlates with {found}")
        kept = [done[source] for source in drawn if source in done]
        traits = {name: values[~lost] for name, values in told.items()}
        ratios.append(independence("finished", kept, traits))
    print("\n".join(map(str, ratios)))
    return ratios


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a bar is missed, or 2 if the folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.distribution",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="output folder")
    parser.add_argument("--seed", type=seed, default=0, help="of the run (default 0)")
    parser.add_argument("--perfect_prob", type=float, default=0.15, metavar="P", help="of the run")
    parser.add_argument(
        "--near_perfect_prob", type=float, default=0.15, metavar="P", help="of the run"
    )
    parser.add_argument(
        "--requests", type=int, default=20_000, metavar="N", help="to sample (default 20000)"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there too")
    options = parser.parse_args(argv)
    shares = options.perfect_prob, options.near_perfect_prob
    synthesizer = FaceSynthesizer()
    people = People(synthesizer)
    ratios = of_requests(people, synthesizer, options.requests, options.seed, shares)
    if options.images:
        try:
            ratios += of_folder(people, synthesizer, options.images, options.seed, shares)
        except StoreError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    if options.json:
        options.json.write_text(json.dumps([r.to_json() for r in ratios], indent=1) + "\n")
    missed = [ratio.name for ratio in ratios if ratio.passed is False]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery bar is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
