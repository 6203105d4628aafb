"""What other packages tell of the same labelled photographs, beside our verdicts.

    python -m benchmarks.labels.peers --photos DIR [DIR ...]

A folder holds photographs and a labels.csv with the columns file and labels (six bits, ? unknown).
Of each score a peer gives, for each attribute that it speaks of: the AUC, and at the peer's own
limit, where it has one, the shares of the good that are kept and of the bad that are found. Where
the packaged model has learnt from a photograph, our line is left out: results/what_helped.md has
its figures by fits that saw no photograph of the site.

Peers are no requirement of ours; install those that are wanted into a throw-away environment:

    pip install -r requirements.txt cleanvision==0.3.7
    pip install brisque[opencv-python-headless]==0.2.0

pyiqa (0.1.16) and OFIQ (python-ofiq 0.3.1, ofiqpy 0.2.2) hold no weights in their packages: they
download them, OFIQ 453 MB, so that nothing of them runs offline.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.results import refuse_learnt
from proportrait.arrays import Double, Mask
from proportrait.commandline import exit_code
from proportrait.errors import ConfigurationError
from proportrait.imaging import read
from proportrait.labels import KEYS
from proportrait.model.saved import packaged
from proportrait.score import Scorer
from proportrait.train.card import PHOTOS
from proportrait.train.data import Pictures


@dataclass(frozen=True, eq=False)
class Opinion:
    """What one score tells of one attribute.

    Attributes:
        name: of the score.
        key: of the attribute.
        scores: (N,), higher is better; NaN where there is none.
        passed: (N,) bool at the peer's own limit; None where it has none.
    """

    name: str
    key: str
    scores: Double
    passed: Mask | None = None


def cleanvision(pictures: Pictures) -> list[Opinion]:
    """Issues of CleanVision at its own thresholds."""
    paths = [str(path) for path in pictures.paths]
    lab = import_module("cleanvision").Imagelab(filepaths=paths)
    issues = ["dark", "light", "blurry", "low_information", "odd_size", "odd_aspect_ratio"]
    lab.find_issues({name: {} for name in issues}, n_jobs=1, verbose=False)
    table = lab.issues.loc[[str(Path(path).absolute()) for path in paths]]

    def opinion(key: str, *names: str) -> Opinion:
        scores = table[[f"{name}_score" for name in names]].to_numpy(np.float64).min(1)
        flagged = table[[f"is_{name}_issue" for name in names]].to_numpy(bool).any(1)
        return Opinion(f"CleanVision {' or '.join(names)}", key, scores, ~flagged)

    return [
        opinion("lighting", "dark"),
        opinion("lighting", "light"),
        opinion("lighting", "dark", "light"),
        opinion("framing", "odd_aspect_ratio"),
        opinion("framing", "odd_size"),
        opinion("sharpness", "blurry"),
        opinion("sharpness", "low_information"),
    ]


def brisque(pictures: Pictures) -> list[Opinion]:
    """BRISQUE, which tells of distortions in general and has no limit."""
    scorer = import_module("brisque").BRISQUE(url=False)
    scale = scorer.scale_features
    # Some features are arrays of one number, which NumPy 2.4 takes for no number.
    scorer.scale_features = lambda features: scale([float(np.ravel(one)[0]) for one in features])
    scores = np.array([-float(scorer.score(read(path))) for path in pictures.paths])
    return [Opinion("BRISQUE", key, scores) for key in ("lighting", "sharpness")]


def ours(pictures: Pictures) -> list[Opinion]:
    """Probabilities and verdicts of the packaged model; no verdict counts as bad."""
    scores = list(Scorer().files([str(path) for path in pictures.paths], workers=None))

    def column(values: list[float | None]) -> Double:
        return np.array([np.nan if value is None else value for value in values], np.float64)

    return [
        Opinion(
            "proportrait", key, column([score.probabilities.get(key) for score in scores]),
            column([score.verdicts.get(key) for score in scores]) == 1,
        )
        for key in KEYS
    ]  # fmt: skip


PEERS: dict[str, Callable[[Pictures], list[Opinion]]] = {
    "cleanvision": cleanvision, "brisque": brisque,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.peers", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR")
    folders = parser.parse_args(argv).photos

    def work() -> int:
        compare(folders)
        return 0

    return exit_code(work)


def compare(folders: Sequence[Path]) -> None:
    """Print the table.

    Raises:
        ConfigurationError: a folder has no labels.
    """
    pictures = Pictures.from_folders(folders)
    print(f"{len(pictures)} photographs of {', '.join(str(folder) for folder in folders)}")
    print(f"{'':<46}{'good':>6}{'bad':>6}{'AUC':>7}{'kept':>7}{'found':>7}")
    for name, judge in PEERS.items():
        try:
            title = f"{name} {version(name)}"
        except PackageNotFoundError:
            print(f"{name}: not installed, see --help")
            continue
        print(title)
        show(judge(pictures), pictures)
    try:
        refuse_learnt(Scorer().model, packaged().with_name(PHOTOS), folders)
    except ConfigurationError as error:
        print(f"proportrait: left out: {error}; by sites left out: results/what_helped.md")
    else:
        print("proportrait")
        show(ours(pictures), pictures)


def show(opinions: Sequence[Opinion], pictures: Pictures) -> None:
    """Print a line for each opinion, of the photographs whose bit is known."""
    for opinion in opinions:
        column = KEYS.index(opinion.key)
        known = np.asarray(pictures.known[:, column], bool)
        good = np.asarray(pictures.labels[:, column] > 0)[known]
        print(line(opinion, good, known))


def line(opinion: Opinion, good: Mask, known: Mask) -> str:
    """A row of the table: counts, AUC, and what is kept and found at the peer's limit.

    Args:
        good: (K,) bits of the photographs whose bit is known.
        known: (N,) which these are.
    """
    scores = opinion.scores[known]
    there = np.isfinite(scores)
    both = 0 < good[there].sum() < there.sum()
    auc = f"{roc_auc_score(good[there], scores[there]):.3f}" if both else "-"
    kept = found = "-"
    if opinion.passed is not None:
        passed = opinion.passed[known]
        kept, found = (f"{share:.1%}" for share in (passed[good].mean(), (~passed[~good]).mean()))
    title = f"  {opinion.key:<11}{opinion.name}"
    return f"{title:<46}{good.sum():>6}{(~good).sum():>6}{auc:>7}{kept:>7}{found:>7}"


if __name__ == "__main__":
    sys.exit(main())
