"""Draw the people of data/bystander_*.webp: `python -m proportrait.edit.draw_bystanders`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from proportrait.edit.background import cutout
from proportrait.edit.stylegan import CELLS, RATED_TRUNCATION, FaceSynthesizer
from proportrait.edit.torso import anatomy, wide_grid
from proportrait.faces import FaceAnalyzer

SEEDS = (2, 13, 43, 70, 81, 101, 121, 207)  # whose own clothes are drawn well


def main() -> None:
    """Draw, cut out, and write them."""
    synthesizer, analyzer = FaceSynthesizer(24), FaceAnalyzer()
    left = (synthesizer.cells / CELLS - 1) / 2
    for seed in SEEDS:
        style = synthesizer.style(seed, RATED_TRUNCATION)
        plain = synthesizer.portrait(style)
        face = analyzer.face(plain)
        own = anatomy(plain, face, analyzer.mask(plain, face))
        grid = wide_grid(own, synthesizer.cells, (left, 0.125))
        drawn = synthesizer.draw(style, grid)
        person = cutout(drawn, analyzer.mask(drawn, analyzer.face(drawn)))
        path = Path(__file__).parent / "data" / f"bystander_{seed:03d}.webp"
        Image.fromarray(person).save(path, quality=85, method=6)
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
