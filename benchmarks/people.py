"""How well people are told apart without a reference, and the limit that does it best.

    python -m benchmarks.people --made output --made other [--people 40] [--keep faces.npz]
    python -m benchmarks.people --size 100000 --keep faces.npz

Sets of made people: folders of `proportrait generate` (spoilt pictures among them), the hard
pictures of `benchmarks.identity`, and crowds of these, twelve a picture, 84 px a face. For each
method and set the limit is fitted on the other sets, taken as one album. Prints the precision and
recall of pairs, the B-cubed F (Amigó et al., 2009), and which share of the people with three faces
or fewer came out exactly; then the same for the rules and the limit of `proportrait people`, and
its limit fitted again. --size times that many embeddings, drawn around the spread of these. No
real photo is among them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy import sparse
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering

from benchmarks.identity import seeds, variants
from proportrait.arrays import Float, Image, Mask, Text
from proportrait.edit.synthesis.network import shared_synthesizer
from proportrait.faces import Face, shared_analyzer
from proportrait.imaging import read
from proportrait.people.cluster import Integers, average_linkage
from proportrait.people.faces import CLEAR
from proportrait.people.finding import SIMILARITY, side_by_side
from proportrait.rank.describe import SMALLEST, sharpness
from proportrait.rank.embedding import embedding

_CELL, _COLUMNS, _ROWS = 128, 4, 3  # px and pictures of a crowd
_SMALL = 3  # faces of a person that has few
_LIMITS = np.arange(0.3, 0.61, 0.01)
Method = Callable[[Float, float], Integers]


class Set(NamedTuple):
    """Faces (F, ...): embeddings, whose they are, whether they are clear, and their photos."""

    embeddings: Float
    people: Text
    clear: Mask
    photos: Integers


class Figures(NamedTuple):
    """Shares: of pairs, B-cubed, and of people with few faces that are exact."""

    precision: float
    recall: float
    f: float
    exact: float


def main(argv: Sequence[str] | None = None) -> int:
    """Draw, measure, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.people",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--made", type=Path, action="append", default=[], metavar="DIR",
                        help="a folder of proportrait generate; may be repeated")  # fmt: skip
    parser.add_argument("--people", type=int, default=40, metavar="N", help="drawn (default 40)")
    keeps = "keep the embeddings there (.npz), or take them from there"
    parser.add_argument("--keep", type=Path, metavar="FILE", help=keeps)
    parser.add_argument("--size", type=int, metavar="N", help="time so many embeddings instead")
    options = parser.parse_args(argv)
    if options.keep and options.keep.is_file():
        sets = load(options.keep)
    elif not options.made:
        parser.error("--made is missing: name a folder of `proportrait generate`")
    else:
        images = [list(pictures) for pictures in drawn(options.people)]
        sets = {folder.name: made(folder) for folder in options.made}
        sets |= {"hard": hard(images), "crowds": crowds(images)}
        if options.keep:
            save(options.keep, sets)
    if options.size:
        report_size(sets, options.size)
    else:
        report(sets)
    return 0


def report(sets: dict[str, Set]) -> None:
    """Print every method on every set, then the rules of `proportrait people`."""
    for name, some in sets.items():
        print(f"{name:8s}{len(some.people):5d} faces of {len(np.unique(some.people))} people")
    print(f"\n{'method':23s}{'set':8s}{'limit':>6s}{'precision':>11s}{'recall':>8s}{'F':>7s}"
          f"{'exact':>7s}")  # fmt: skip
    whole = album(sets)
    for method, run in METHODS.items():
        judge = partial(_plain, run)
        for name, some in sets.items():
            limit, _ = fitted(album(sets, without=some), judge)
            _print(method, name, limit, judge(some, limit))
        limit, _ = fitted(whole, judge)
        _print(method, "all", limit, judge(whole, limit))
        print(f"{'  in another order':23s}{'all':8s}{limit:6.2f}{steady(run, whole, limit):26.3f}")
    for name, some in sets.items():
        _print("proportrait people", name, 1 - SIMILARITY, ruled(some, 1 - SIMILARITY))
    _print("proportrait people", "all", 1 - SIMILARITY, ruled(whole, 1 - SIMILARITY))
    limit, best = fitted(whole, ruled)
    print(f"\nbest limit on all: {limit:.2f}, F {best:.3f}; --similarity is 1 less the limit")
    for name, some in sets.items():
        limit, _ = fitted(album(sets, without=some), ruled)
        print(f"without {name}: {limit:.2f}, F of {name} there {ruled(some, limit).f:.3f}")


def album(sets: dict[str, Set], without: Set | None = None) -> Set:
    """The sets as one, but those with people of another one."""
    parts: list[Set] = []
    for number, some in enumerate(sets.values()):
        if without is None or not np.isin(some.people, without.people).any():
            parts.append(some._replace(photos=some.photos + 100_000 * number))
    return Set(*map(np.concatenate, zip(*parts, strict=True)))


def fitted(some: Set, judge: Callable[[Set, float], Figures]) -> tuple[float, float]:
    """The limit with the best B-cubed F, and that."""
    values = [judge(some, float(limit)).f for limit in _LIMITS]
    best = int(np.argmax(values))
    return float(_LIMITS[best]), values[best]


def steady(run: Method, some: Set, limit: float) -> float:
    """B-cubed F of the result against that of the same faces in another order."""
    order = np.random.default_rng(0).permutation(len(some.people))
    again = run(some.embeddings[order], limit)[order.argsort()]
    return figures(again, run(some.embeddings, limit).astype(str)).f


def _plain(run: Method, some: Set, limit: float) -> Figures:
    return figures(run(some.embeddings, limit), some.people)


def _print(method: str, name: str, limit: float, entry: Figures) -> None:
    print(f"{method:23s}{name:8s}{limit:6.2f}{entry.precision:11.3f}{entry.recall:8.3f}"
          f"{entry.f:7.3f}{entry.exact:7.3f}", flush=True)  # fmt: skip


def ruled(some: Set, limit: float) -> Figures:
    """As `proportrait people`: two faces of a photo are two people, unclear ones alone nobody."""
    pairs = side_by_side(some.embeddings, some.photos)
    labels = average_linkage(some.embeddings, limit, apart=pairs)
    kept = np.isin(labels, labels[some.clear])
    return figures(labels[kept], some.people[kept])


def figures(labels: Integers, people: Text) -> Figures:
    """Of clusters (F,) against people (F,)."""
    _, labels = np.unique(labels, return_inverse=True)
    _, persons = np.unique(people, return_inverse=True)
    cells = sparse.coo_matrix((np.ones(len(labels)), (labels, persons))).tocsr()
    both = np.asarray(cells[labels, persons]).ravel()
    sizes, totals = np.bincount(labels), np.bincount(persons)
    pairs = float((cells.data * (cells.data - 1)).sum())
    precision, recall = (both / sizes[labels]).mean(), (both / totals[persons]).mean()
    few = totals[persons] <= _SMALL
    exact = (both == sizes[labels]) & (both == totals[persons])
    weight = 1 / totals[persons[few]]  # each person counts once
    return Figures(
        pairs / max(1.0, float((sizes * (sizes - 1)).sum())),
        pairs / max(1.0, float((totals * (totals - 1)).sum())),
        float(2 * precision * recall / (precision + recall)),
        float((exact[few] * weight).sum() / weight.sum()) if few.any() else float("nan"),
    )


def _agglomerative(linkage: str) -> Method:
    def run(embeddings: Float, limit: float) -> Integers:
        model = AgglomerativeClustering(None, linkage=linkage, distance_threshold=limit)
        return np.asarray(model.fit_predict(embeddings), np.int64)

    return run


def _whispers(embeddings: Float, limit: float) -> Integers:
    import dlib

    vectors = [dlib.vector(entry.astype(float)) for entry in embeddings]
    return np.array(dlib.chinese_whispers_clustering(vectors, limit), np.int64)


def _density(embeddings: Float, limit: float) -> Integers:
    """HDBSCAN has no limit; faces that it leaves alone are people of one face."""
    labels = HDBSCAN(min_cluster_size=2, copy=True).fit_predict(embeddings)
    alone = labels < 0
    labels[alone] = labels.max() + 1 + np.arange(alone.sum())
    return np.asarray(labels, np.int64)


METHODS: dict[str, Method] = {
    "average, root mean sq.": average_linkage,
    "average": _agglomerative("average"),
    "complete": _agglomerative("complete"),
    "single (DBSCAN)": lambda faces, limit: DBSCAN(eps=limit, min_samples=1).fit_predict(faces),
    "Chinese whispers": _whispers,
    "HDBSCAN": _density,
}


def drawn(count: int) -> Iterator[Iterator[Image]]:
    """Yield the hard pictures of made people, one after the other."""
    synthesizer = shared_synthesizer(16)
    for seed in itertools.islice(seeds(synthesizer), count):
        yield variants(synthesizer, synthesizer.style(seed))


def made(folder: Path) -> Set:
    """The largest face of each picture of `proportrait generate`, by its source."""
    rows, people = [], []
    for path in sorted((folder / "images").glob("*.jpg")):
        record = json.loads((folder / "metadata" / f"{path.stem}.json").read_text())
        if faces := list(_faces(read(path)))[:1]:
            rows.append(faces[0])
            people.append(record["source_id"])
    return _set([row[:2] for row in rows], people, range(len(rows)))


def hard(images: Sequence[Sequence[Image]]) -> Set:
    """The largest face of each picture (H, W, 3) of each person."""
    rows = [
        (faces[0][:2], person)
        for person, pictures in enumerate(images)
        for picture in pictures
        if (faces := list(_faces(picture))[:1])
    ]
    return _set([row for row, _ in rows], [person for _, person in rows], range(len(rows)))


def crowds(images: Sequence[Sequence[Image]]) -> Set:
    """The faces of crowds, in each of which every person is another one."""
    rows, people, photos = [], [], []
    count = _COLUMNS * _ROWS
    groups = [
        [(person, pictures[number]) for person, pictures in enumerate(images)][
            start : start + count
        ]
        for number in range(min(map(len, images)))
        for start in range(0, len(images), count)
    ]
    for photo, group in enumerate(groups):
        canvas = np.full((_ROWS * _CELL, _COLUMNS * _CELL, 3), 128, np.uint8)
        for cell, (_, picture) in enumerate(group):
            top, left = (_CELL * place for place in divmod(cell, _COLUMNS))
            canvas[top : top + _CELL, left : left + _CELL] = cv2.resize(
                picture, (_CELL, _CELL), interpolation=cv2.INTER_AREA
            )
        for vector, sharp, (x, y) in _faces(canvas):
            cell = int(y // _CELL) * _COLUMNS + int(x // _CELL)
            rows.append((vector, sharp))
            people.append(group[cell][0])
            photos.append(photo)
    return _set(rows, people, photos)


def _faces(image: Image) -> Iterator[tuple[Float, float, Float]]:
    """Yield embedding, sharpness, and nose of each face, the largest first."""
    analyzer = shared_analyzer()
    faces: list[Face] = [*analyzer.detect(image)]
    faces += analyzer.far_faces(image, faces, SMALLEST)
    for face in sorted(faces, key=lambda face: -face.height):
        if face.height >= SMALLEST:
            yield embedding(image, face, analyzer)[:-1], sharpness(image, face), face.point(1)


def _set(
    rows: Sequence[tuple[Float, float]], people: Sequence[object], photos: Iterable[int]
) -> Set:
    return Set(
        np.stack([vector for vector, _ in rows]),
        np.array(list(map(str, people))),
        np.array([sharp >= CLEAR for _, sharp in rows]),
        np.array(list(photos), np.int64),
    )


def save(path: Path, sets: dict[str, Set]) -> None:
    """Write the sets as .npz."""
    arrays = {
        f"{name}/{field}": getattr(some, field)
        for name, some in sets.items()
        for field in Set._fields
    }
    with path.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> dict[str, Set]:
    """What `save` wrote."""
    with np.load(path) as arrays:
        names = dict.fromkeys(name.partition("/")[0] for name in arrays)
        return {name: Set(*(arrays[f"{name}/{field}"] for field in Set._fields)) for name in names}


def report_size(sets: dict[str, Set], count: int) -> None:
    """Print seconds of CPU and memory for embeddings drawn around the spread of the sets."""
    faces, people = larger(sets, count)
    start = time.process_time()
    labels = average_linkage(faces, 1 - SIMILARITY)
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} faces of {len(np.unique(people))} people: {labels.max() + 1} found, "
          f"{seconds:.0f} s of CPU, {memory:.0f} MiB in all")  # fmt: skip


def larger(sets: dict[str, Set], count: int) -> tuple[Float, Integers]:
    """Embeddings (F, 128) and their people, twenty faces each on average, a few with many."""
    centres, spread = [], []
    for some in sets.values():
        for person in np.unique(some.people):
            own = some.embeddings[some.people == person]
            if len(own) > 1:
                centres.append(own.mean(0))
                spread.append((own - own.mean(0)) * np.sqrt(len(own) / (len(own) - 1)))
    between, within = np.cov(np.array(centres).T), np.cov(np.concatenate(spread).T)
    rng = np.random.default_rng(0)
    size = max(2, count // 20)
    shares = np.arange(1, size + 1) ** -0.8
    people = rng.choice(size, count, p=shares / shares.sum())
    whole = rng.multivariate_normal(np.mean(centres, axis=0), between, size, method="svd")
    noise = rng.multivariate_normal(np.zeros(within.shape[0]), within, count, method="svd")
    return (whole[people] + noise).astype(np.float32), people


if __name__ == "__main__":
    sys.exit(main())
