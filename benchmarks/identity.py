"""What a limit of similarity costs: made people, each drawn six times, and pairs of two people.

    python -m benchmarks.identity [--people 30]

Every person of the built-in source looks straight ahead, to either side, smiles, shouts, and stands
in dark and coloured light at half the size. Prints, for one, two, and three references, the recall
at the limit of `proportrait rank` and the share of others that pass, then the limit at which one in
200 others passes. No real photo is among them: real light, age, and glasses change more.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from proportrait.arrays import Double, Float, Image, Mask
from proportrait.edit.synthesis.directions import directions, presentable
from proportrait.edit.synthesis.expressions import change
from proportrait.edit.synthesis.network import FaceSynthesizer, shared_synthesizer
from proportrait.faces import shared_analyzer
from proportrait.rank.describe import embedding
from proportrait.rank.match import SIMILARITY, similarities

RATE = 0.005  # of others that may pass
VARIANTS = 6
_SEED = 40_000  # of the first person: none of them taught the editor
_YAW = 1.2  # standard deviations of the source
_SIDE = 512  # px of a picture


def main(argv: Sequence[str] | None = None) -> int:
    """Draw, measure, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.identity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=30, metavar="N", help="default 30")
    options = parser.parse_args(argv)
    embeddings, people = draw(options.people)
    print(f"{len(embeddings)} faces of {options.people} people")
    print(f"{'references':>10s}{'recall':>9s}{'others':>9s}{'limit':>8s}{'recall there':>14s}")
    for references in (1, 2, 3):
        own, others = trials(embeddings, people, references)
        limit = limit_at(others, RATE)
        print(
            f"{references:10d}{np.mean(own >= SIMILARITY):9.3f}{np.mean(others >= SIMILARITY):9.4f}"
            f"{limit:8.3f}{np.mean(own >= limit):14.3f}",
            flush=True,
        )
    return 0


def draw(count: int) -> tuple[Float, Float]:
    """Embeddings (F, 128) of made people, and the number (F,) of the person of each."""
    synthesizer, analyzer = shared_synthesizer(16), shared_analyzer()
    embeddings, people = [], []
    for number, seed in enumerate(itertools.islice(seeds(synthesizer), count)):
        for image in variants(synthesizer, synthesizer.style(seed)):
            faces = analyzer.detect(image)
            if faces:
                embeddings.append(embedding(image, faces[0], analyzer))
                people.append(number)
    return np.stack(embeddings), np.array(people, np.float32)


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


def trials(embeddings: Float, people: Float, references: int) -> tuple[Double, Double]:
    """Similarities of faces with their own person, and with others.

    Args:
        embeddings: (F, 128).
        people: (F,), the person of each.
        references: of each person so many stand for it, every choice of them in turn.
    """
    own, others = [], []
    for person in np.unique(people):
        mine = np.flatnonzero(people == person)
        for choice in itertools.combinations(mine, references):
            values = similarities(embeddings, embeddings[list(choice)])
            rest: Mask = np.isin(np.arange(len(people)), choice, invert=True)
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
