"""Whether sharp faces are told from unsharp ones.

    python -m benchmarks.labels.unsharp --shared DIR

The pictures of DIR/golden_dev are all sharp. They are held against copies of themselves that were
spoilt in ways that the offline generator does not use: Pillow's box blur, bicubic enlargement, and
WebP at quality 5, whose traces are hardly visible at 400 px. Ends with 1 under the bar.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFilter

from benchmarks.labels.agreement import golden_dev
from benchmarks.labels.classify import balanced
from proportrait.arrays import Image
from proportrait.faces import FaceAnalyzer
from proportrait.measures import Subject, Unassessed, sharpness

BAR = 0.9


def box(radius: float) -> Callable[[Image], Image]:
    """A box blur of a radius given for 512 px."""

    def spoil(image: Image) -> Image:
        scaled = ImageFilter.BoxBlur(radius * image.shape[1] / 512)
        return np.asarray(PillowImage.fromarray(image).filter(scaled))

    return spoil


def enlarged(share: float) -> Callable[[Image], Image]:
    """Bicubic enlargement from a share of the size."""

    def spoil(image: Image) -> Image:
        size = image.shape[1], image.shape[0]
        small = PillowImage.fromarray(image).resize(
            (round(size[0] * share), round(size[1] * share)), PillowImage.Resampling.BICUBIC
        )
        return np.asarray(small.resize(size, PillowImage.Resampling.BICUBIC))

    return spoil


def webp(image: Image) -> Image:
    """WebP at quality 5."""
    data = io.BytesIO()
    PillowImage.fromarray(image).save(data, "WEBP", quality=5)
    return np.asarray(PillowImage.open(data).convert("RGB"))


SPOILT: dict[str, Callable[[Image], Image]] = {
    "box blur, radius 2": box(2),
    "box blur, radius 3": box(3),
    "box blur, radius 5": box(5),
    "enlarged from 20 %": enlarged(0.20),
    "enlarged from 28 %": enlarged(0.28),
    "enlarged from 35 %": enlarged(0.35),
    "WebP at quality 5": webp,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if the balanced accuracy stays under its bar."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.unsharp",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--shared", type=Path, required=True, metavar="DIR", help="rated pictures")
    folder = parser.parse_args(argv).shared / "golden_dev"

    analyzer = FaceAnalyzer()
    said: dict[str, list[bool]] = {name: [] for name in ("as it was", *SPOILT)}
    left_out = 0
    for _, image, _ in golden_dev(folder, folder):
        subject = Subject(image, analyzer)
        score = sharpness.assess(sharpness.measure(subject))
        if isinstance(score, Unassessed):
            left_out += 1
            continue
        said["as it was"].append(score >= sharpness.LIMIT)
        for name, spoil in SPOILT.items():
            # The same face: whether it is still found is another question.
            spoilt = Subject(spoil(image), analyzer, face=subject.face)
            score = sharpness.assess(sharpness.measure(spoilt))
            said[name].append(not isinstance(score, Unassessed) and score >= sharpness.LIMIT)
    print(f"{len(said['as it was'])} pictures; {left_out} could not be assessed")
    for name, verdicts in said.items():
        print(f"    {np.mean(verdicts):.3f} called sharp: {name}")
    every = np.concatenate([np.array(verdicts) for verdicts in said.values()])
    rated = np.arange(len(every)) < len(said["as it was"])
    accuracy = balanced(rated, every)
    passed = accuracy >= BAR
    print(f"    balanced accuracy {accuracy:.3f}  {'pass' if passed else 'FAIL'} (at least {BAR})")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
