"""Look at every donor, and write data/donors.npz: `python -m tools.pack.donors`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from proportrait.edit.data import FOLDER
from proportrait.edit.synthesis.anatomy import anatomy
from proportrait.edit.synthesis.donors import pack, seeds
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer
from proportrait.faces import FaceAnalyzer


def main(argv: Sequence[str] | None = None) -> None:
    """Draw, measure, and write them."""
    argparse.ArgumentParser(prog="python -m tools.pack.donors", description=__doc__).parse_args(
        argv
    )
    synthesizer, analyzer = FaceSynthesizer(), FaceAnalyzer()
    anatomies = {}
    for seed in tqdm(seeds(), unit="donor"):
        image = synthesizer.portrait(synthesizer.style(seed, RATED_TRUNCATION), raised=True)
        face = analyzer.face(image)
        anatomies[seed] = anatomy(image, face, analyzer.mask(image, face))
    path = FOLDER / "donors.npz"
    arrays: dict[str, Any] = pack(anatomies)
    np.savez_compressed(path, **arrays)
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
