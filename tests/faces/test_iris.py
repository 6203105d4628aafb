from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.faces import Eye, Face, FaceAnalyzer
from proportrait.faces import iris as irises
from proportrait.faces.face import LEFT_EYE_INNER, LEFT_EYE_OUTER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER
from proportrait.faces.iris import IrisNetwork


def _moved(face: Face, matrix: np.ndarray) -> Face:
    """A face after an affine map (2, 3) of its picture."""
    landmarks = face.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return Face(face.bbox, landmarks.astype(np.float32), face.score)


def test_an_eye_is_measured_by_hand() -> None:
    contour = np.zeros((16, 2), np.float32)
    contour[8] = 30, 0  # the inner corner
    contour[3:6] = [[10, 4], [15, 5], [20, 4]]
    contour[11:14] = [[10, -4], [15, -7], [20, -4]]
    iris = np.array([[18, 1], [14, 1], [18, -3], [22, 1], [18, 5]], np.float32)
    eye = Eye(contour, iris, contour[[0, 8]])
    assert eye.aperture == pytest.approx((8 + 12 + 8) / 3)
    assert eye.offset == pytest.approx([3, 1])


def test_eyes_lie_where_the_mesh_has_them(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    corners = ((LEFT_EYE_OUTER, LEFT_EYE_INNER), (RIGHT_EYE_OUTER, RIGHT_EYE_INNER))
    for eye, (outer, inner) in zip(analyzer.eyes(image, face), corners, strict=True):
        width = face.distance(outer, inner)
        assert eye.contour[0] == pytest.approx(face.point(outer), abs=0.25 * width)
        assert eye.contour[8] == pytest.approx(face.point(inner), abs=0.25 * width)
        assert eye.iris[0] == pytest.approx(eye.iris[1:].mean(0), abs=0.05 * width)
        dark = image[tuple(eye.iris[0].round().astype(int)[::-1])].mean()
        assert dark < image[tuple(face.point(205).round().astype(int)[::-1])].mean()


def test_a_mirror_image_swaps_the_eyes(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    matrix = np.array([[-1.0, 0, image.shape[1] - 1], [0, 1, 0]])
    mirrored = _moved(face, matrix)
    # In the mesh of a mirror image left and right change places.
    swapped = mirrored.landmarks.copy()
    pairs = {LEFT_EYE_OUTER: RIGHT_EYE_OUTER, LEFT_EYE_INNER: RIGHT_EYE_INNER}
    for left, right in pairs.items():
        swapped[[left, right]] = mirrored.landmarks[[right, left]]
    left, right = analyzer.eyes(image, face)
    flipped = np.ascontiguousarray(image[:, ::-1])
    there = analyzer.eyes(flipped, Face(face.bbox, swapped, face.score))
    for eye, other in zip((right, left), there, strict=True):
        assert other.contour == pytest.approx(eye.contour @ matrix[:, :2].T + matrix[:, 2], abs=0.2)
        assert other.iris == pytest.approx(eye.iris @ matrix[:, :2].T + matrix[:, 2], abs=0.2)


@pytest.mark.parametrize("angle", [0, 25])
@pytest.mark.parametrize("scale", [0.6, 1.0, 3.0])
def test_eyes_follow_a_turned_and_scaled_picture(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face, angle: float, scale: float
) -> None:
    centre = tuple(float(v) for v in face.point(1))
    matrix = cv2.getRotationMatrix2D(centre, angle, scale)
    size = (image.shape[1], image.shape[0])
    if scale > 1:
        matrix[:, 2] += (scale - 1) * np.array(centre)
        size = (round(scale * size[0]), round(scale * size[1]))
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_AREA)
    there = analyzer.eyes(turned, _moved(face, matrix))
    for eye, other in zip(analyzer.eyes(image, face), there, strict=True):
        width = float(np.linalg.norm(eye.contour[0] - eye.contour[8]))
        assert other.aperture / scale == pytest.approx(eye.aperture, abs=0.04 * width)
        offset = matrix[:, :2] @ eye.offset / scale
        assert other.offset / scale == pytest.approx(offset, abs=0.04 * width)


def test_lids_and_irises_are_means_over_crops_of_their_own(
    image: np.ndarray, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = IrisNetwork()

    def eyes(lids: tuple[float, ...], places: tuple[float, ...]) -> Eye:
        monkeypatch.setattr(irises, "_LID_CROPS", lids)
        monkeypatch.setattr(irises, "_IRIS_CROPS", places)
        return network(image, face)[0]

    small, large = eyes((0.9,), (0.9,)), eyes((1.1,), (1.1,))
    assert small.iris != pytest.approx(large.iris, abs=1e-3)
    both = eyes((0.9, 1.1), (0.9, 1.1))
    for name in ("contour", "iris", "corners"):
        mean = (getattr(small, name) + getattr(large, name)) / 2
        assert getattr(both, name) == pytest.approx(mean, abs=1e-3)
    apart = eyes((0.9,), (1.1,))
    assert apart.aperture == pytest.approx(small.aperture)
    assert apart.offset == pytest.approx(large.offset, abs=1e-4)
