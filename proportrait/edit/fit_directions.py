"""Fit the style directions of data/directions.npz: `python -m proportrait.edit.fit_directions`.

Draws faces of the built-in source, measures each (landmark ratios, emotion, light), and regresses
the measures on the style. Takes a few minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from proportrait.edit.expression import MEASURES, measure
from proportrait.edit.stylegan import FaceSynthesizer
from proportrait.errors import AssessmentError
from proportrait.faces import FaceAnalyzer

RIDGE = 10.0


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=700, help="how many to draw (default 700)")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    synthesizer = FaceSynthesizer(threads=options.threads)
    analyzer = FaceAnalyzer(threads=options.threads)
    styles, rows = [], []
    for seed in tqdm(range(options.faces), unit="face"):
        style = synthesizer.style(seed)
        image = cv2.resize(synthesizer.portrait(style), (512, 512), interpolation=cv2.INTER_AREA)
        try:
            values = measure(analyzer, image)
        except AssessmentError:
            continue
        styles.append(style - synthesizer.mean_style)
        rows.append([values[name] for name in MEASURES])
    x, y = np.stack(styles), np.array(rows)
    mean, deviation = y.mean(0), y.std(0)
    z = (y - mean) / deviation
    centre = x - x.mean(0)
    gram = centre.T @ centre + RIDGE * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, centre.T @ z).T
    intercept = -weights @ x.mean(0)
    explained = 1 - ((z - x @ weights.T - intercept) ** 2).mean(0)
    for name, share in zip(MEASURES, explained, strict=True):
        print(f"{name:12s} explained variance {share:.2f} (of the faces that it was fitted on)")
    np.savez_compressed(
        Path(__file__).parent / "data" / "directions.npz",
        names=np.array(MEASURES),
        weights=weights.astype(np.float32),
        intercept=intercept.astype(np.float32),
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
    )


if __name__ == "__main__":
    main()
