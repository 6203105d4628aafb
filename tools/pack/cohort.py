"""Draw the cohort of `proportrait.rank.embedding`: made people who stand for all others.

    python -m tools.pack.cohort [--people 80]

Each looks ahead in even light. None of them is a person of a benchmark: their seeds are others.
Writes the embeddings of every network to proportrait/rank/data/cohort.npz, float16.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from proportrait import rank
from proportrait.arrays import Image
from proportrait.edit.synthesis.directions import presentable
from proportrait.edit.synthesis.network import shared_synthesizer
from proportrait.faces import shared_analyzer
from proportrait.rank.embedding import KINDS, networks

_SEED = 60_000  # of the first person
_SIDE = 512  # px of a picture
_TARGET = Path(rank.__file__).parent / "data" / "cohort.npz"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw and write."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pack.cohort", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--people", type=int, default=80, metavar="N", help="default 80")
    options = parser.parse_args(argv)
    synthesizer, analyzer = shared_synthesizer(16), shared_analyzer()
    seeds = (seed for seed in itertools.count(_SEED) if presentable(synthesizer.styles([seed]))[0])
    rows = []
    for seed in itertools.islice(seeds, options.people):
        portrait = synthesizer.portrait(synthesizer.style(seed))
        image: Image = cv2.resize(portrait, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        rows.append(networks(image, analyzer.face(image), analyzer, KINDS["both"]))
        print(f"\r{len(rows)} of {options.people}", end="", flush=True)
    arrays: dict[str, Any] = {
        name: np.stack([row[name] for row in rows]).astype(np.float16) for name in rows[0]
    }
    with _TARGET.open("wb") as file:
        np.savez(file, **arrays)
    print(f"\nwritten to {_TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
