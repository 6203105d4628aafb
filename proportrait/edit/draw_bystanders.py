"""Draw the people of data/bystander_*.webp: `python -m proportrait.edit.draw_bystanders`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from proportrait.edit.assembly import CANVAS, Part, assemble
from proportrait.edit.background import cutout
from proportrait.edit.stylegan import RATED_TRUNCATION, FaceSynthesizer
from proportrait.edit.torso import anatomy
from proportrait.faces import FaceAnalyzer

SEEDS = (2, 13, 43, 70, 81, 101, 121, 207)  # whose own clothes are drawn well


def main() -> None:
    """Draw, cut out, and write them."""
    synthesizer, analyzer = FaceSynthesizer(CANVAS), FaceAnalyzer()
    for seed in SEEDS:
        style = synthesizer.style(seed, RATED_TRUNCATION)
        plain = synthesizer.portrait(style)
        face = analyzer.face(plain)
        whole = Part(style, anatomy(plain, face, analyzer.mask(plain, face)))
        drawn, _ = assemble(synthesizer, whole, whole, whole)
        person = cutout(drawn, analyzer.mask(drawn, analyzer.face(drawn)))
        path = Path(__file__).parent / "data" / f"bystander_{seed:03d}.webp"
        Image.fromarray(person).save(path, quality=85, method=6)
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
