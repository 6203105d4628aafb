"""Whether a verdict stays when a photo changes in ways that nobody sees.

    python -m benchmarks.labels.stability --images DIR [--count N]

DIR holds photos, or a data set. Each is judged as it is and after every change: smaller by 5 to
35 %, saved as JPEG of quality 75, with grain of a standard deviation of 6, mirrored. A photo flips
if any of its six verdicts, or their absence, is another after some change. Ends with 1 above one
flip in 60.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.labels import KEYS
from proportrait.score import Scorer

BAR = 1 / 60  # of the photos may flip
SCALES = (0.95, 0.9, 0.8, 0.7, 0.65)
GRAIN = 6.0  # grey levels
QUALITY = 75


def scaled(share: float) -> Callable[[Image], Image]:
    """Smaller by area, to a share of the sides."""

    def change(image: Image) -> Image:
        small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    return change


def recompressed(image: Image) -> Image:
    """Saved as JPEG and read again."""
    return imaging.decode(imaging.encode_jpeg(image, QUALITY))


def grainy(image: Image) -> Image:
    """Grain that is equal in all channels, the same for the same size."""
    grain = np.random.default_rng(0).normal(0, GRAIN, (*image.shape[:2], 1))
    return np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)


def mirrored(image: Image) -> Image:
    """Left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


CHANGES: dict[str, Callable[[Image], Image]] = {
    **{f"scale {share:.0%}": scaled(share) for share in SCALES},
    f"JPEG {QUALITY}": recompressed,
    f"grain {GRAIN:g}": grainy,
    "mirror": mirrored,
}


def flips(scorer: Scorer, image: Image) -> list[tuple[str, str]]:
    """Change and attribute of every verdict that a change turns."""
    before = scorer.image(image).verdicts
    turned = []
    for name, change in CHANGES.items():
        after = scorer.image(change(image)).verdicts
        turned += [(name, key) for key in KEYS if after[key] != before[key]]
    return turned


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if too many photos flip."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.stability", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--images", type=Path, required=True, metavar="DIR")
    parser.add_argument("--count", type=int, default=60, metavar="N", help="photos (default 60)")
    options = parser.parse_args(argv)
    folder = options.images / "images"
    paths = imaging.list_pictures(folder if folder.is_dir() else options.images).paths
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    scorer = Scorer.packaged()
    turned = [flips(scorer, imaging.read(path)) for path in tqdm(paths, unit="photo", leave=False)]
    share = float(np.mean([bool(entry) for entry in turned]))
    verdicts = sum(map(len, turned)) / max(1, len(turned) * len(CHANGES) * len(KEYS))
    print(f"{sum(map(bool, turned))} of {len(turned)} photos flip; {verdicts:.2%} of the verdicts")
    for name, index in (("change", 0), ("attribute", 1)):
        counts = Counter(pair[index] for entry in turned for pair in set(entry))
        print(f"by {name}: " + ", ".join(f"{k} {n}" for k, n in counts.most_common()))
    return int(share > BAR)


if __name__ == "__main__":
    sys.exit(main())
