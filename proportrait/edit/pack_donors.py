"""Look at every donor, and write data/donors.npz: `python -m proportrait.edit.pack_donors`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from proportrait.edit.donors import pack, seeds
from proportrait.edit.stylegan import RATED_TRUNCATION, FaceSynthesizer
from proportrait.edit.torso import anatomy
from proportrait.faces import FaceAnalyzer


def main() -> None:
    """Draw, measure, and write them."""
    synthesizer, analyzer = FaceSynthesizer(), FaceAnalyzer()
    found = {}
    for seed in tqdm(seeds(), unit="donor"):
        image = synthesizer.portrait(synthesizer.style(seed, RATED_TRUNCATION))
        face = analyzer.face(image)
        found[seed] = anatomy(image, face, analyzer.mask(image, face))
    path = Path(__file__).parent / "data" / "donors.npz"
    arrays: dict[str, Any] = pack(found)
    np.savez_compressed(path, **arrays)
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
