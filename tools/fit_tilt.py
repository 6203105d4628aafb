"""Fit the limit of PictureTilt, beyond which a picture is not upright, on rated photos.

    python -m tools.fit_tilt photos/

photos/ has images/ and a labels.csv with the columns file, labels, and site. The limit is what
98.5 % of the well-framed photos stay under. It prints how many of them are lost, and how many
are caught when they are turned by 20 and by 30 degrees, with the limit of the other sites and with
that of all.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from proportrait import imaging
from proportrait.arrays import Image, Real
from proportrait.errors import AssessmentError
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS
from proportrait.measures.base import Subject
from proportrait.measures.framing import TILT_LIMIT, head_pose, picture_tilt

QUANTILE = 98.5  # percent of the well-framed photos that stay under the limit
ANGLES = (0, -20, 20, -30, 30)  # degrees by which photos are turned


def main(argv: Sequence[str] | None = None) -> None:
    """Print the limit and its figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fit_tilt",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photos", type=Path)
    photos = parser.parse_args(argv).photos
    sites, rows = [], []
    with (photos / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["labels"][KEYS.index("framing")] != "1":
                continue
            image = imaging.read(photos / "images" / row["file"])
            tilts = [_tilt(turned(image, angle)) for angle in ANGLES]
            if not np.isnan(tilts[0]):
                sites.append(row["site"])
                rows.append(tilts)
    tilts, names = np.abs(np.array(rows)), np.array(sites)
    print(f"{len(tilts)} well-framed photos of {len(set(sites))} sites")
    limits = np.array([limit(tilts[names != name]) for name in sites])
    _report("left out", tilts, limits)
    print(f"limits without a site {limits.min():.1f} to {limits.max():.1f}")
    print(f"limit {limit(tilts):.1f}, now {TILT_LIMIT:.1f}")
    _report("of all", tilts, np.full(len(tilts), TILT_LIMIT))


def limit(tilts: Real) -> float:
    """The limit in degrees from tilts (N, angles), of which the first column is not turned."""
    return float(np.percentile(tilts[:, 0], QUANTILE))


def turned(image: Image, angle: float) -> Image:
    """The picture turned clockwise by degrees around its middle, its border drawn out."""
    if not angle:
        return image
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    return np.asarray(
        cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _tilt(image: Image) -> float:
    subject = Subject(image, shared_analyzer())
    try:
        return picture_tilt(subject.face, subject.mask, head_pose(subject.face)[2])
    except AssessmentError:
        return float("nan")


def _report(name: str, tilts: Real, limits: Real) -> None:
    beyond = tilts > limits[:, None]
    lost, caught20, caught30 = (
        float(beyond[:, columns][~np.isnan(tilts[:, columns])].mean())
        for columns in ([0], [1, 2], [3, 4])
    )
    print(f"{name:10s} lost {lost:.1%}, caught of 20 degrees {caught20:.0%}, of 30 {caught30:.0%}")


if __name__ == "__main__":
    main()
