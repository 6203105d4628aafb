"""Rated portraits and spoilt copies of them: goods and bads of lighting and sharpness.

    python -m benchmarks.labels.degraded --shared DIR -o DIR2
    proportrait evaluate DIR2

Hardly any portrait of DIR/golden_dev is badly lit and none is unsharp. DIR2 gets all of them with
their labels, and copies whose light or sharpness was spoilt in ways that the offline generator does
not use: two and a half stops too dark, or too bright until skin clips, by a gain in linear light;
one side of the face in shade, by a smooth step across it; a dark person before a bright background.
Blurs are those of `labels.unsharp`. A copy's other bits are unknown: only what was spoilt is
judged. Which copy a picture gets depends on its place alone.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.labels.unsharp import SPOILT as BLURS
from proportrait import imaging
from proportrait.arrays import Float, Image
from proportrait.faces import Face, FaceAnalyzer
from proportrait.labels import KEYS

Light = Callable[[Image, Face, Float], Image]

_GAMMA = 2.2


def gain(stops: float) -> Light:
    """Exposure by so many stops, in linear light, clipped as a sensor clips."""

    def spoil(image: Image, face: Face, mask: Float) -> Image:
        return _developed(_linear(image) * 2.0**stops)

    return spoil


def shade(side: int) -> Light:
    """Two and a half stops less on one side (-1 left, 1 right) of the middle of the face."""

    def spoil(image: Image, face: Face, mask: Float) -> Image:
        x = (np.arange(image.shape[1]) - face.landmarks[:, 0].mean()) / max(face.width, 1.0)
        dark = 1 / (1 + np.exp(-side * x / 0.08))
        return _developed(_linear(image) * 2.0 ** (-2.5 * dark)[None, :, None])

    return spoil


def back(image: Image, face: Face, mask: Float) -> Image:
    """The person two stops darker, what is behind one stop brighter."""
    stops = 1 - 3 * np.clip(mask, 0, 1)
    return _developed(_linear(image) * 2.0 ** stops[..., None])


LIGHTS: dict[str, Light] = {
    "too_dark": gain(-2.5),
    "too_bright": gain(1.6),
    "shade_left": shade(-1),
    "shade_right": shade(1),
    "back_light": back,
}


def write(golden: Path, folder: Path) -> int:
    """Write images/ and labels.csv; returns how many pictures there are."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    analyzer = FaceAnalyzer()
    lines = ["file,labels,source_id,spoilt"]
    with (golden / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(tqdm(rows, unit="picture", desc="spoiling", leave=False)):
        image = imaging.read(golden / "images" / row["file"])
        stem = Path(row["file"]).stem

        def keep(name: str, picture: Image, labels: str, spoilt: str, source: str = stem) -> None:
            path = folder / "images" / f"{name}.png"
            path.write_bytes(imaging.encode_png(np.ascontiguousarray(picture)))
            lines.append(f"{path.name},{labels},{source},{spoilt}")

        keep(stem, image, row["labels"], "")
        faces = analyzer.detect(image)
        if faces:
            name = list(LIGHTS)[number % len(LIGHTS)]
            spoilt = LIGHTS[name](image, faces[0], analyzer.mask(image, faces[0]))
            keep(f"{stem}_{name}", spoilt, _only("lighting"), name)
        blur = list(BLURS)[number % len(BLURS)]
        keep(f"{stem}_unsharp", BLURS[blur](image), _only("sharpness"), blur.replace(",", ""))
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines) - 1


def _only(bad: str) -> str:
    return "".join("0" if key == bad else "?" for key in KEYS)


def _linear(image: Image) -> Float:
    return np.asarray((image.astype(np.float32) / 255) ** _GAMMA, np.float32)


def _developed(linear: npt.NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(linear, 0, 1) ** (1 / _GAMMA) * 255 + 0.5, np.uint8)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if there are no rated portraits."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.degraded", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--shared", type=Path, required=True, metavar="DIR", help="rated pictures")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR2")
    options = parser.parse_args(argv)
    if not (options.shared / "golden_dev" / "labels.csv").is_file():
        print(f"error: there is no {options.shared / 'golden_dev' / 'labels.csv'}", file=sys.stderr)
        return 1
    count = write(options.shared / "golden_dev", options.output)
    print(f"{count} pictures in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
