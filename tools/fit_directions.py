"""Fit the style directions of data/directions.npz: `python -m tools.fit_directions`.

Draws faces of the built-in source, observes each (landmark ratios, emotion, light and colour,
spectacles, identity), and regresses what was observed on the style. Takes about five minutes on
two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import cv2
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from tqdm import tqdm

from proportrait.arrays import Float, Image
from proportrait.edit.data import FOLDER
from proportrait.edit.synthesis.directions import IDENTITIES
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer
from proportrait.errors import AssessmentError
from proportrait.faces import Face, FaceAnalyzer, expression_ratios
from proportrait.faces.face import (
    FOREHEAD,
    LEFT_BROW_INNER,
    LEFT_EYE_OUTER,
    NOSE_BASE,
    RIGHT_BROW_INNER,
    RIGHT_EYE_OUTER,
    UPPER_LIP_OUTER,
)

RIDGE = 30.0  # explains most of faces that it was not fitted on, of 3, 10, 30, 100
_LEFT_SKIN, _RIGHT_SKIN = (50, 205, 101, 118, 69), (280, 425, 330, 347, 299)  # cheeks, forehead
_SMALL = 256  # px: colours and spectacles are looked at in a picture of this size
_BAND = (96, 44)  # px: the eyes, turned level; the outer corners are 56 px apart
_RIMS, _RIMS_WIDTH = 3.9, 0.6  # sum of log gradients: in between, rims are likely


def observe(analyzer: FaceAnalyzer, image: Image) -> tuple[dict[str, float], Float]:
    """What the linear model speaks of, and the identity (128,), of a portrait (H, H, 3).

    `open` to `yaw` as in `expression_ratios`; `knit`: between the inner brows, in face widths;
    `lip`: from the nose to the upper lip, in face heights; `happy`: log odds of the emotion;
    `side`: log ratio of the luminance left and right; `luminance`, `red`, `yellow`: of the skin, in
    8-bit CIE Lab; `hair`: luminance above the forehead; `rims`: 0 to 1, lines of spectacles;
    `behind_luminance`, `behind_red`, `behind_yellow`: of the background.

    Raises:
        AssessmentError: there is no face.
    """
    face = analyzer.face(image)
    happy = analyzer.emotions(image, face)["happy"]
    small = cv2.resize(image, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    points = face.landmarks[:, :2] * (_SMALL / image.shape[0])
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    left, right = (
        np.mean([_patch(lab, points[i]) for i in skin], axis=0)
        for skin in (_LEFT_SKIN, _RIGHT_SKIN)
    )
    up = points[FOREHEAD] - points[NOSE_BASE]
    small_face = Face(face.bbox, _scaled(face, image), face.score)
    behind = 1 - analyzer.mask(small, small_face)
    behind = (behind > 0.9) * behind + np.float32(1e-6)
    backdrop = (lab * behind[..., None]).sum((0, 1)) / behind.sum()
    values = {
        **expression_ratios(face),
        "knit": face.distance(LEFT_BROW_INNER, RIGHT_BROW_INNER) / max(face.width, 1e-6),
        "lip": face.distance(NOSE_BASE, UPPER_LIP_OUTER) / max(face.height, 1e-6),
        "happy": float(np.log((happy + 0.01) / (1.01 - happy))),
        "side": float(np.log((left[0] + 1) / (right[0] + 1))),
        "luminance": float(left[0] + right[0]) / 2,
        "red": float(left[1] + right[1]) / 2,
        "yellow": float(left[2] + right[2]) / 2,
        "hair": float(_patch(lab, points[FOREHEAD] + 0.3 * up)[0]),
        "rims": _rims(small, points),
        "behind_luminance": float(backdrop[0]),
        "behind_red": float(backdrop[1]),
        "behind_yellow": float(backdrop[2]),
    }
    return values, analyzer.identity(small, small_face)


def _scaled(face: Face, image: Image) -> Float:
    return np.asarray(face.landmarks * (_SMALL / image.shape[0]), np.float32)


def _patch(lab: Float, point: Float) -> Float:
    """Mean colour (3,) of 9x9 px around a point, which may lie outside."""
    x, y = np.clip(point, 4, _SMALL - 5).astype(int)
    return np.asarray(lab[y - 4 : y + 5, x - 4 : x + 5].mean((0, 1)), np.float32)


def _rims(image: Image, points: Float) -> float:
    """Lines over the bridge of the nose and under the eyes: 0 for none, 1 for plain spectacles."""
    across = points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER]
    step = across * (1.7 / _BAND[0])  # of one px of the band
    middle = (points[RIGHT_EYE_OUTER] + points[LEFT_EYE_OUTER]) / 2
    turn = np.array([[step[0], -step[1]], [step[1], step[0]]])
    start = middle - turn @ [_BAND[0] / 2, 18]
    matrix = np.column_stack([turn, start])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    band = cv2.cvtColor(cv2.warpAffine(image, matrix, _BAND, flags=flags), cv2.COLOR_RGB2GRAY)
    lines = np.abs(cv2.Sobel(np.log(band.astype(np.float32) + 10), cv2.CV_32F, 0, 1))
    bridge = float(lines[8:30, 44:52].max(0).mean())
    below = float(np.concatenate([lines[24:42, 16:38], lines[24:42, 58:80]], 1).max(0).mean())
    return float(1 / (1 + np.exp(-(bridge + below - _RIMS) / _RIMS_WIDTH)))


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(prog="python -m tools.fit_directions", description=__doc__)
    parser.add_argument("--faces", type=int, default=800, help="how many to draw (default 800)")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(argv)
    synthesizer = FaceSynthesizer(threads=options.threads)
    analyzer = FaceAnalyzer(threads=options.threads)
    styles, rows, identities = [], [], []
    for seed in tqdm(range(options.faces), unit="face"):
        style = synthesizer.style(seed, RATED_TRUNCATION)
        image = cv2.resize(synthesizer.portrait(style), (512, 512), interpolation=cv2.INTER_AREA)
        try:
            values, identity = observe(analyzer, image)
        except AssessmentError:
            continue
        styles.append(style - synthesizer.mean_style)
        rows.append(values)
        identities.append(identity)
    names = [*rows[0], *IDENTITIES]
    # What tells the faces apart most: the principal axes of their embeddings.
    spread = np.array(identities, np.float64)
    spread -= spread.mean(0)
    axes = np.linalg.svd(spread, full_matrices=False)[2][: len(IDENTITIES)]
    x = np.stack(styles).astype(np.float64)
    y = np.hstack([np.array([list(row.values()) for row in rows]), spread @ axes.T])
    mean, deviation = y.mean(0), y.std(0)
    z = (y - mean) / deviation
    model = Ridge(RIDGE).fit(x, z)
    explained = r2_score(z, model.predict(x), multioutput="raw_values")
    for name, share in zip(names, explained, strict=True):
        print(f"{name:12s} explained variance {share:.2f} (of the faces that it was fitted on)")
    np.savez_compressed(
        FOLDER / "directions.npz",
        names=np.array(names),
        weights=model.coef_.astype(np.float32),
        intercept=model.intercept_.astype(np.float32),
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
    )


if __name__ == "__main__":
    main()
