"""Faces of the built-in source as raters judged them: 480 at random, 2,000 chosen ones.

    python -m tools.draw_rated_faces -o DIR

Whose light and surroundings are natural, and what of them passes, is said by two raters instead of
by construction (edit/data/README.md). Framing and sharpness were not rated: those bits are unknown.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.commandline import exit_code
from proportrait.disk import replace_file
from proportrait.edit.data import load_rows
from proportrait.edit.synthesis.network import RATED_TRUNCATION, shared_synthesizer
from proportrait.generate.sources.built_in import SOURCE
from proportrait.labels import KEYS
from proportrait.train.data import TABLE

RATINGS = ("rated_faces", "rated_natural")
SIZE = 512  # px, that of made portraits


def rated_face(seed: int) -> Image:
    """The face of a seed as the raters saw it, (SIZE, SIZE, 3)."""
    synthesizer = shared_synthesizer()
    drawn = synthesizer.portrait(synthesizer.style(seed, RATED_TRUNCATION))
    return np.asarray(cv2.resize(drawn, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def draw(folder: Path) -> int:
    """Write images/ and labels.csv; faces that are there already are not drawn again.

    Returns:
        How many faces there are.
    """
    rows = [row for name in RATINGS for row in load_rows(name)]
    rated = [row for row in rows if row.get("usable") != "0"]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = ["file,labels,source_id"]
    for row in tqdm(rated, unit="face", desc="drawing"):
        seed = int(row["seed"])
        path = folder / "images" / f"rated_{seed:05d}.jpg"
        if not path.exists():
            replace_file(path, imaging.encode_jpeg(rated_face(seed)))
        code = "".join(row.get(key, "?") for key in KEYS)
        lines.append(f"{path.name},{code},{SOURCE}{seed}")
    replace_file(folder / TABLE, ("\n".join(lines) + "\n").encode())
    return len(rated)


def main(argv: list[str] | None = None) -> int:
    """Returns 0, or 1 if a file cannot be written."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.draw_rated_faces", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, default=Path("output_rated"), metavar="DIR")
    options = parser.parse_args(argv)
    return exit_code(lambda: print(f"{draw(options.output)} faces in {options.output}") or 0)


if __name__ == "__main__":
    sys.exit(main())
