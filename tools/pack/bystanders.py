"""Draw the people of data/bystander_*.webp: `python -m tools.pack.bystanders`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from PIL import Image

from proportrait.edit.data import FOLDER
from proportrait.edit.retouch.backgrounds.crowd import cutout
from proportrait.edit.synthesis.anatomy import anatomy
from proportrait.edit.synthesis.assembly import CANVAS, Part, assemble
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer
from proportrait.faces import FaceAnalyzer

SEEDS = (2, 13, 43, 70, 81, 101, 121, 207)  # whose own clothes are drawn well


def main(argv: Sequence[str] | None = None) -> None:
    """Draw, cut out, and write them."""
    argparse.ArgumentParser(prog="python -m tools.pack.bystanders", description=__doc__).parse_args(
        argv
    )
    synthesizer, analyzer = FaceSynthesizer(CANVAS), FaceAnalyzer()
    for seed in SEEDS:
        style = synthesizer.style(seed, RATED_TRUNCATION)
        plain = synthesizer.portrait(style)
        face = analyzer.face(plain)
        whole = Part(style, anatomy(plain, face, analyzer.mask(plain, face)))
        drawn, _ = assemble(synthesizer, whole, whole, whole)
        person = cutout(drawn, analyzer.mask(drawn, analyzer.face(drawn)))
        path = FOLDER / f"bystander_{seed:03d}.webp"
        Image.fromarray(person).save(path, quality=85, method=6)
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
