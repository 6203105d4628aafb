"""What a limit of similarity costs: made people, each drawn six times, and pairs of two people.

    python -m benchmarks.identity [--people 30] [--made DIR] [--keep faces.npz] [--fit]

Every person of the built-in source looks straight ahead, to either side, smiles, shouts, and stands
in dark and coloured light at half the size; folders of `proportrait generate` are further sets. For
each set, embedding, and number of references prints the recall at the limit of `proportrait rank`
and the share of others that pass, with sure photos as further references and without, then the
recall at the limit from which on one in 200 others passes; then both by the traits of the drawn
people. --fit compares the constants of the embedding instead: chosen on the other sets, their
figures on each. No real photo is among them: real light, age, and glasses change more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from proportrait.arrays import Double, Float, Image, Mask, Text
from proportrait.edit.synthesis.directions import directions, presentable
from proportrait.edit.synthesis.expressions import change
from proportrait.edit.synthesis.network import FaceSynthesizer, shared_synthesizer
from proportrait.edit.synthesis.traits import COMPLEXIONS, People
from proportrait.faces import shared_analyzer
from proportrait.imaging import read
from proportrait.rank.embedding import COMMON, KINDS, completed, networks
from proportrait.rank.index import Faces
from proportrait.rank.match import SIMILARITY, SURE, face_similarities

RATE = 0.005  # of others that may pass
VARIANTS = 6
_SEED = 40_000  # of the first person: none of them taught the editor
_YAW = 1.2  # standard deviations of the source
_SIDE = 512  # px of a picture
_DRAWN = "drawn"  # name of the set
_RATIOS, _COMMONS, _NEARESTS = (0.5, 0.75, 1.0, 1.5), (0.0, 0.5, 0.65, 0.8, 1.0), (10, 20, 40)
_AGES, _SEXES = (("above 50", 2.0), ("to 50", -np.inf)), (("men", 0.5), ("women", -np.inf))


class Set(NamedTuple):
    """Faces (F, ...): embeddings of the networks, and whose they are; traits (F,) may lack."""

    dlib: Float
    sface: Float
    people: Text
    complexion: Double
    age: Double
    men: Double

    def embeddings(self, kind: str) -> Float:
        """(F, D + 1), as `proportrait.rank.embedding` makes them."""
        return completed(self._asdict(), KINDS[kind], COMMON[kind])


def main(argv: Sequence[str] | None = None) -> int:
    """Draw, measure, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.identity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=30, metavar="N", help="default 30")
    folder = "a folder of proportrait generate; all of them are one set"
    parser.add_argument(
        "--made", type=Path, action="append", default=[], metavar="DIR", help=folder
    )
    keeps = "keep the embeddings there (.npz), or take them from there"
    parser.add_argument("--keep", type=Path, metavar="FILE", help=keeps)
    parser.add_argument("--fit", action="store_true", help="compare constants instead")
    options = parser.parse_args(argv)
    if options.keep and options.keep.is_file():
        sets = load(options.keep)
    else:
        sets = {"made": made(options.made)} if options.made else {}
        sets[_DRAWN] = draw(options.people)
        if options.keep:
            save(options.keep, sets)
    for name, some in sets.items():
        print(f"{name}: {len(some.people)} faces of {len(np.unique(some.people))} people")
    if options.fit:
        report_fit(sets)
    else:
        report(sets)
        report_groups(sets[_DRAWN])
    return 0


def report(sets: dict[str, Set]) -> None:
    """Print what the limit costs."""
    print(f"{'set':7s}{'embedding':>10s}{'references':>11s}{'further':>8s}{'recall':>8s}"
          f"{'others':>8s}{'limit':>7s}{'recall there':>13s}")  # fmt: skip
    for (name, some), kind, count in itertools.product(sets.items(), KINDS, (1, 2, 3)):
        for sure in (None, SURE):
            own, others = trials(some.embeddings(kind), some.people, count, sure)
            limit = limit_at(others, RATE)
            print(
                f"{name:7s}{kind:>10s}{count:11d}{'no' if sure is None else 'yes':>8s}"
                f"{np.mean(own >= SIMILARITY):8.3f}{np.mean(others >= SIMILARITY):8.4f}"
                f"{limit:7.3f}{np.mean(own >= limit):13.3f}",
                flush=True,
            )


def report_groups(some: Set) -> None:
    """Print recall and others that pass at the limit, by traits of the reference.

    Others are people of the same group.
    """
    print(f"\n{'group':26s}{'people':>7s}" + "".join(f"{kind:>9s}{'others':>8s}" for kind in KINDS))
    for values, bands in (
        (some.complexion, COMPLEXIONS), (some.age, _AGES), (some.men, _SEXES)
    ):  # fmt: skip
        places = (values[:, None] >= [least for _, least in bands]).argmax(1)
        for place, (band, _) in enumerate(bands):
            group = places == place
            people = np.unique(some.people[group])
            line = f"{band:26s}{len(people):7d}"
            for kind in KINDS if len(people) > 1 else ():
                own, others = trials(some.embeddings(kind)[group], some.people[group], 1, SURE)
                line += f"{np.mean(own >= SIMILARITY):9.3f}{np.mean(others >= SIMILARITY):8.4f}"
            print(line, flush=True)


def report_fit(sets: dict[str, Set]) -> None:
    """Print for each set the constants that are best on the others, and their figures on it."""
    choices = list(itertools.product(_RATIOS, _COMMONS, _NEARESTS))
    table = {name: [_at_rate(some, *choice) for choice in choices] for name, some in sets.items()}
    print("ratio of sface, common, nearest; recall where 0.5 % of others pass, and that limit")
    for name in sets:
        rest = [table[other] for other in sets if other != name] or [table[name]]
        best = int(np.argmax(np.mean([[recall for recall, _ in rows] for rows in rest], 0)))
        print(f"{name}, chosen on the others: {choices[best]}: {table[name][best]}")
    for choice, *figures in zip(choices, *table.values(), strict=True):
        row = "  ".join(f"{recall:.3f} at {limit:.3f}" for recall, limit in figures)
        print(f"{choice}  {row}  mean {np.mean([recall for recall, _ in figures]):.4f}")
    for sure in (None, *np.arange(0.5, 0.63, 0.02)):
        rows = [trials(some.embeddings("both"), some.people, 1, sure) for some in sets.values()]
        text = "  ".join(f"{np.mean(own >= (limit := limit_at(others, RATE))):.3f} at {limit:.3f}"
                         f" ({np.mean(own >= SIMILARITY):.3f}, {np.mean(others >= SIMILARITY):.4f})"
                         for own, others in rows)  # fmt: skip
        print(f"sure {sure}: {text}")


def _at_rate(some: Set, ratio: float, common: float, nearest: int) -> tuple[float, float]:
    weights = {"dlib": KINDS["both"]["dlib"], "sface": ratio * KINDS["both"]["dlib"]}
    embeddings = completed(some._asdict(), weights, common, nearest)
    own, others = trials(embeddings, some.people, 1, None)
    limit = limit_at(others, RATE)
    return round(float(np.mean(own >= limit)), 4), round(limit, 3)


def draw(count: int) -> Set:
    """Faces of made people, with their traits."""
    synthesizer = shared_synthesizer(16)
    chosen = list(itertools.islice(seeds(synthesizer), count))
    styles = [synthesizer.style(seed) for seed in chosen]
    traits = People(synthesizer).traits(np.stack(styles))
    rows = []
    for number, (seed, style) in enumerate(zip(chosen, styles, strict=True)):
        own = [traits[name][number] for name in ("complexion", "age", "men")]
        for image in variants(synthesizer, style):
            rows += [(*parts, str(seed), *own) for parts in _largest(image)]
    return _set(rows)


def made(folders: Sequence[Path]) -> Set:
    """The largest face of each picture of `proportrait generate`, by its source."""
    rows = []
    for folder in folders:
        for path in sorted((folder / "images").glob("*.jpg")):
            record = json.loads((folder / "metadata" / f"{path.stem}.json").read_text())
            source = str(record["source_id"])
            rows += [(*parts, source, np.nan, np.nan, np.nan) for parts in _largest(read(path))]
    return _set(rows)


def _largest(image: Image) -> Iterator[tuple[Float, Float]]:
    """Yield the embeddings of both networks of the largest face, if there is one."""
    analyzer = shared_analyzer()
    for face in analyzer.detect(image)[:1]:
        parts = networks(image, face, analyzer, KINDS["both"])
        yield parts["dlib"], parts["sface"]


def _set(rows: Sequence[tuple[object, ...]]) -> Set:
    return Set(*map(np.array, zip(*rows, strict=True)))


def save(path: Path, sets: dict[str, Set]) -> None:
    """Write the sets as .npz."""
    with path.open("wb") as file:
        np.savez(file, **{f"{name}/{field}": value for name, some in sets.items()
                          for field, value in some._asdict().items()})  # fmt: skip


def load(path: Path) -> dict[str, Set]:
    """What `save` wrote."""
    with np.load(path) as arrays:
        names = dict.fromkeys(name.partition("/")[0] for name in arrays)
        return {name: Set(*(arrays[f"{name}/{field}"] for field in Set._fields)) for name in names}


def variants(synthesizer: FaceSynthesizer, style: Float) -> Iterator[Image]:
    """Yield `VARIANTS` pictures (H, W, 3) of one person."""
    yaw = float(directions().tell(style[None], ("yaw",))["yaw"][0])
    steps = [
        np.zeros_like(style),
        directions().change(style, {"yaw": yaw - _YAW}),
        directions().change(style, {"yaw": yaw + _YAW}),
        change(style, "polite_smile", 1.0),
        change(style, "shout", 1.0),
        directions().change(style, {"yaw": yaw + _YAW / 2}),
    ]
    for number, step in enumerate(steps):
        image = cv2.resize(
            synthesizer.portrait(style + step), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA
        )
        if number == VARIANTS - 1:  # dark and warm, and small
            light = np.array([0.45, 0.38, 0.28], np.float32)
            half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            image = (half * light).astype(np.uint8)
        yield np.asarray(image, np.uint8)


def trials(
    embeddings: Float, people: Text, references: int, sure: float | None = None
) -> tuple[Double, Double]:
    """Similarities of faces with their own person, and with others.

    Args:
        embeddings: (F, D + 1).
        people: (F,), the person of each.
        references: of each person so many stand for it, every choice of them in turn.
        sure: as of `face_similarities`.
    """
    numbers = np.arange(len(people))
    faces = Faces(embeddings, numbers, numbers, np.full(len(people), np.inf))
    own, others = [], []
    for person in np.unique(people):
        mine = np.flatnonzero(people == person)
        for choice in itertools.combinations(mine, references):
            values, _ = face_similarities(
                faces, range(len(people)), embeddings[list(choice)], 0, sure
            )
            rest: Mask = np.isin(numbers, choice, invert=True)
            own.append(values[rest & (people == person)])
            others.append(values[people != person])
    return np.concatenate(own).astype(np.float64), np.concatenate(others).astype(np.float64)


def limit_at(others: Double, rate: float) -> float:
    """The limit from which on at most that share of the others passes."""
    return float(np.quantile(others, 1 - rate))


def seeds(synthesizer: FaceSynthesizer) -> Iterator[int]:
    """Yield seeds of adults in even light who look ahead."""
    return (seed for seed in itertools.count(_SEED) if presentable(synthesizer.styles([seed]))[0])


if __name__ == "__main__":
    sys.exit(main())
