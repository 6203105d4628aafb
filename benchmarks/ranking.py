"""How fast a finished index answers, beside a JSON file of the same content.

    python -m benchmarks.ranking [--photos 10000]

Made embeddings: two faces a photo, of one person in 500 each. Prints milliseconds of CPU: from the
faces in memory to the ranking, the same with a taste that was asked about every photo before, from
the file to the ranking, to rank anew by other weights as the page of `proportrait serve` does, also
where every photo shows the person, and to open either kind of file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.labels import KEYS
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents
from proportrait.rank.match import SIMILARITY
from proportrait.rank.ranking import query
from proportrait.rank.tastes import TastePart
from proportrait.rank.weights import read_weights
from proportrait.serve.rank.person import Person
from proportrait.serve.rank.view import View
from proportrait.taste import Ensemble
from proportrait.taste.extract import version
from proportrait.taste.features import DEFAULT, column_names, set_names

PEOPLE = 500
_REPEATS = 5  # of which the fastest counts: other programs disturb the rest
_VERSION = "benchmark"
_WIDTH = 257  # numbers of an embedding


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ranking",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=int, default=10_000, metavar="N", help="default 10000")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        for name, value in measure(Path(folder), options.photos).items():
            print(f"{name:<22}{value:10.1f}")
    return 0


def measure(folder: Path, photos: int) -> dict[str, float]:
    """Milliseconds by name, and how many photos matched."""
    people = np.random.default_rng(0).normal(0, 0.08, (PEOPLE, _WIDTH)).astype(np.float32)
    people[:, -1] = 0  # nothing lessens their distances
    entries = [_photo(number, people) for number in range(photos)]
    path, plain = folder / "index.sqlite", folder / "index.json"
    with Index(path, _VERSION, print) as index:
        numbers = [index.put(entry, 40.0) for entry in entries]
    bodies = [
        [face.to_json() | {"e": face.embedding.tolist()} for face in e.faces] for e in entries
    ]
    plain.write_text(json.dumps(bodies), encoding="utf-8")
    contents = Contents({number: [Path(str(number))] for number in numbers})
    weights, both = read_weights("social"), read_weights("social", with_taste=True)
    taste = _taste(folder / "taste.safetensors")

    def opened() -> None:
        with Index(path, _VERSION, print) as index:
            index.faces()

    with Index(path, _VERSION, print) as index:
        faces = index.faces()
        index.put_tastes(taste.digest, dict.fromkeys(numbers, 0.7))
        view = View(index, Path(), contents, 40.0)

        def person(embedding: Float) -> Person:
            return Person(
                view, embedding, lambda view, row: index.photo_of(int(view.faces.ids[row])), {}, 40
            )

        own, everybody = person(people[:1]), person(people[:1])
        own.rank(weights, SIMILARITY)
        start = time.process_time()
        everybody.rank(weights, 0.0)
        first = 1000 * (time.process_time() - start)
        result = query(index, contents, people[:1], weights, faces=faces)
        return {
            "query, ms": fastest(lambda: query(index, contents, people[:1], weights, faces=faces)),
            "with a taste, ms": fastest(
                lambda: query(index, contents, people[:1], both, faces=faces, taste=taste)
            ),
            "load and query, ms": fastest(lambda: query(index, contents, people[:1], weights)),
            "weights changed, ms": fastest(lambda: own.rank(weights, SIMILARITY)),
            "of all, at first, ms": first,
            "of all, changed, ms": fastest(lambda: everybody.rank(weights, 0.0)),
            "open, ms": fastest(opened),
            "open JSON, ms": fastest(lambda: json.loads(plain.read_text(encoding="utf-8"))),
            "photos of the person": float(sum(1 + len(p.similar) for p in result.photos)),
        }


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds of CPU of the fastest of several runs; the clock would count other programs."""
    times = []
    for _ in range(_REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def _taste(path: Path) -> TastePart:
    """A taste of the default sets, taught by 200 made rows."""
    names = column_names(DEFAULT)
    rows = np.random.default_rng(0).normal(0, 1, (200, len(names))).astype(np.float32)
    about = {"sets": list(set_names(DEFAULT)), "features": version()}
    Ensemble.fit(rows, rows[:, 0] > 0, names=names, about=about).save(path)
    return TastePart(path)


def _noise(rng: np.random.Generator) -> Float:
    return rng.normal(0, 0.007, _WIDTH - 1).astype(np.float32)


def _photo(number: int, people: Float) -> PhotoEntry:
    rng = np.random.default_rng(number)
    faces = tuple(
        FaceEntry(
            people[person] + np.append(_noise(rng), np.float32(0)), 200.0,
            (0.2, 0.2, 0.5, 0.6), ((0.3, 0.3),) * 5, (1.0, 2.0, 3.0), 0.5, 90.0, 90.0,
            {"happy": 0.5, "neutral": 0.4, "agitated": 0.1},
        )
        for person in (number % PEOPLE, (number * 7 + 1) % PEOPLE)
    )  # fmt: skip
    phash = int(np.random.default_rng(number // 2).integers(0, 1 << 63))  # two are alike
    return PhotoEntry(str(number), faces, dict.fromkeys(KEYS, 60), phash, float(number))


if __name__ == "__main__":
    sys.exit(main())
