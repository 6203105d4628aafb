"""Whether the best picture of a person comes first, and whose pictures are found.

    python -m benchmarks.best DIR

DIR is a data set of `proportrait generate`: people with several pictures, of which labels say how
good each is. The reference of a person is the picture with the fewest good labels that shows a
face; a picture with the most of them is the best. Prints for how many people one of the best comes
first and among the first three, and the shares of own and of others' pictures that match. People
with one picture, or whose pictures are all as good, are among the others alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proportrait.arrays import Float, Text
from proportrait.errors import AssessmentError
from proportrait.rank.describe import SMALLEST, version
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents
from proportrait.rank.match import SIMILARITY, references
from proportrait.rank.ranking import indexed, query
from proportrait.rank.weights import read_weights
from proportrait.train.data import Pictures


@dataclass
class Tally:
    """Of all people: who has a best picture at the front; own pictures and those of others.

    `own` and `others` hold how many match, and how many there are; references are left out.
    """

    people: int = 0
    first: int = 0
    first_three: int = 0
    own: tuple[int, int] = (0, 0)
    others: tuple[int, int] = (0, 0)


def measure(folder: Path) -> Tally:
    """Rank the pictures of each person of a data set by a reference that is the worst of them."""

    def reference(path: str) -> Float | None:
        try:
            return references([Path(path)], largest=True)
        except AssessmentError:  # it shows no face
            return None

    with tempfile.TemporaryDirectory() as work, Index(Path(work) / "i", version(), print) as index:
        contents = indexed(index, folder, SMALLEST)
        return rank_all(Pictures.from_folder(folder), index, contents, reference)


def rank_all(
    pictures: Pictures, index: Index, contents: Contents, reference: Callable[[str], Float | None]
) -> Tally:
    """The same with a finished index, and what gives the embedding of a file, if it has a face."""
    names = np.array([Path(path).name for path in pictures.paths])
    good, tally, weights = pictures.labels.sum(1), Tally(), read_weights("headshot")
    faces = index.faces(contents.photos)
    for person in np.unique(pictures.sources):
        own = np.flatnonzero(pictures.sources == person)
        if len(np.unique(good[own])) == 1:
            continue
        for worst in own[good[own].argsort(kind="stable")]:
            if (people := reference(pictures.paths[worst])) is not None:
                break
        else:
            continue
        result = query(index, contents, people, weights, SIMILARITY, SMALLEST, faces=faces)
        ranked = [photo.path.name for photo in result.photos]
        matches = {*ranked, *(path.name for photo in result.photos for path in photo.similar)}
        best = set(names[own[good[own] == good[own].max()]])
        tally.people += 1
        tally.first += bool(best & set(ranked[:1]))
        tally.first_three += bool(best & set(ranked[:3]))
        tally.own = _sum(tally.own, names[np.setdiff1d(own, worst)], matches)
        tally.others = _sum(tally.others, names[pictures.sources != person], matches)
    return tally


def _sum(before: tuple[int, int], names: Text, matches: set[str]) -> tuple[int, int]:
    return before[0] + sum(name in matches for name in names), before[1] + len(names)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.best",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    tally = measure(parser.parse_args(argv).folder)
    print(f"a best picture first         {tally.first} of {tally.people} people")
    print(f"among the first three        {tally.first_three} of {tally.people} people")
    for name, (found, total) in (("own", tally.own), ("others'", tally.others)):
        print(f"{name + ' pictures that match':<29}{found} of {total} ({found / total:.2%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
