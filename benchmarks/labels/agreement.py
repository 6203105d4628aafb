"""How far the measures agree with people who rated the same pictures by sight.

    python -m benchmarks.labels.agreement --shared DIR                    every attribute
    python -m benchmarks.labels.agreement --shared DIR lighting --names   one, and where it errs

DIR holds `golden_dev` (pictures and labels.csv) and `rated_faces` (ratings.csv by seed of the
built-in source, which are drawn here once and kept in --cache). Ratings that the raters did not
agree on are left out; a picture that a measure cannot assess is counted apart. Ends with 1 if an
attribute stays under its bar.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from benchmarks.labels.classify import balanced
from proportrait import imaging
from proportrait.arrays import Double, Image, Mask
from proportrait.faces import FaceAnalyzer
from proportrait.labels import ATTRIBUTES as LABELS
from proportrait.measures import MODULES, Subject, Unassessed, assess, lighting
from tools.draw_rated_faces import rated_face

SMALLEST_CLASS = 5  # with fewer pictures of a kind a share says nothing: no bar


@dataclass(frozen=True)
class Case:
    """One rated picture and what the measures say of one attribute.

    Attributes:
        name: of the file or the seed.
        rated: whether the raters call it professional.
        subject: the picture.
        found: the score [0, 100], or why there is none.
    """

    name: str
    rated: bool
    subject: Subject
    found: float | Unassessed


@dataclass(frozen=True)
class Attribute:
    """How an attribute is held against the raters.

    Attributes:
        bar: the balanced accuracy asked for.
        more: further lines of the report, or None.
    """

    bar: float
    more: Callable[[Sequence[Case]], list[str]] | None = None


def _by_skin(cases: Sequence[Case]) -> list[str]:
    """Whether the tone of the skin decides: the score of well-lit faces, by luminance."""
    good = [case for case in cases if case.rated and not isinstance(case.found, Unassessed)]
    if len(good) < 30:
        return []
    tones = np.array([lighting.skin_luminance(case.subject) for case in good])
    scores = np.array([case.found for case in good], np.float64)
    correlation = float(np.corrcoef(tones, scores)[0, 1])
    lines = [f"well-lit faces, score against skin luminance: correlation {correlation:+.2f}"]
    for part in np.array_split(np.argsort(tones), 3):
        passed = float((scores[part] >= lighting.LIMIT).mean())
        low, high = tones[part].min(), tones[part].max()
        lines.append(f"luminance {low:.2f} to {high:.2f}: {passed:.3f} of {len(part)} pass")
    return lines


ATTRIBUTES: dict[str, Attribute] = {
    "lighting": Attribute(0.85, _by_skin),
    "background": Attribute(0.88),
    "expression": Attribute(0.88),
    "framing": Attribute(0.92),
}


def golden_dev(folder: Path, _: Path) -> Iterator[tuple[str, Image, dict[str, str]]]:
    """Name, picture and bits by attribute."""
    with (folder / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            image = imaging.read(folder / "images" / row["file"])
            keys = [attribute.key for attribute in LABELS]
            yield row["file"], image, dict(zip(keys, row["labels"], strict=True))


def rated_faces(folder: Path, drawn: Path) -> Iterator[tuple[str, Image, dict[str, str]]]:
    """Name, picture and bits by attribute of the faces that are usable."""
    drawn.mkdir(parents=True, exist_ok=True)
    with (folder / "ratings.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["usable"] == "0":
                continue
            path = drawn / f"{int(row['seed']):05d}.png"
            if not path.exists():
                path.write_bytes(imaging.encode_png(rated_face(int(row["seed"]))))
            yield row["seed"], imaging.read(path), row


SETS = {"golden_dev": golden_dev, "rated_faces": rated_faces}


def best_limit(rated: Mask, values: Double) -> tuple[float, float]:
    """(limit, balanced accuracy at it), the highest that any limit reaches; both kinds occur."""
    false, true, limits = roc_curve(rated, values, drop_intermediate=False)
    accuracies = (true + 1 - false) / 2
    best = len(limits) - 1 - int(accuracies[::-1].argmax())  # the lowest of equals
    return float(limits[best]), float(accuracies[best])


def report(key: str, where: str, cases: Sequence[Case], names: bool) -> bool:
    """Print how one attribute did on one set; False if it stays under its bar."""
    attribute, limit = ATTRIBUTES[key], MODULES[key].LIMIT
    done = [case for case in cases if not isinstance(case.found, Unassessed)]
    rated = np.array([case.rated for case in done], bool)
    values = np.array([case.found for case in done], np.float64)
    left_out = len(cases) - len(done)
    print(f"\n{key} on {where}: {rated.sum()} professional, {(~rated).sum()} not", end="")
    print(f"; {left_out} could not be assessed")
    passed = True
    if not len(done) or rated.all() or not rated.any():
        print("    one kind only: nothing to tell apart")
    else:
        said = values >= limit
        accuracy = balanced(rated, said)
        enough = min(rated.sum(), (~rated).sum()) >= SMALLEST_CLASS
        passed = accuracy >= attribute.bar or not enough
        verdict = ("pass" if passed else "FAIL") if enough else "too few for a bar"
        print(f"    balanced accuracy {accuracy:.3f} at {limit:g}", end="")
        print(f"  {verdict} (at least {attribute.bar:g})")
        print(
            f"    professional {said[rated].mean():.3f}, not {(~said[~rated]).mean():.3f}", end=""
        )
        best, highest = best_limit(rated, values)
        area = roc_auc_score(rated, values)
        print(f"; AUC {area:.3f}; best limit {best:.1f} gives {highest:.3f}")
        if attribute.more is not None:
            print("".join(f"    {line}\n" for line in attribute.more(done)), end="")
    if names:
        for case in cases:
            word = "professional" if case.rated else "not"
            if isinstance(case.found, Unassessed):
                print(f"    {case.name} rated {word}: {case.found.name}: {case.found.reason}")
            elif (case.found >= limit) != case.rated:
                print(f"    {case.name} rated {word}: {case.found:.1f}")
    return passed


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if an attribute stays under its bar."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.agreement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("attributes", nargs="*", metavar="NAME", help=", ".join(ATTRIBUTES))
    parser.add_argument("--shared", type=Path, required=True, metavar="DIR", help="rated pictures")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR",
        default=Path(tempfile.gettempdir()) / "proportrait_rated_faces",
        help="drawn faces are kept here (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--names", action="store_true", help="name the pictures they differ on")
    options = parser.parse_args(argv)
    for name in options.attributes:
        if name not in ATTRIBUTES:
            parser.error(f"no attribute {name!r}: choose from {', '.join(ATTRIBUTES)}")

    analyzer = FaceAnalyzer()
    passed = True
    for where, read in SETS.items():
        folder = options.shared / where
        if not folder.is_dir():
            print(f"\n{where}: skipped, there is no {folder}")
            continue
        cases: dict[str, list[Case]] = {key: [] for key in options.attributes or ATTRIBUTES}
        for name, image, bits in read(folder, options.cache):
            subject = Subject(image, analyzer)
            rated = [key for key in cases if bits.get(key) in ("0", "1")]
            for key, value in assess(subject, rated).items():
                cases[key].append(Case(name, bits[key] == "1", subject, value))
        for key, found in cases.items():
            if found:
                passed = report(key, where, found, options.names) and passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
