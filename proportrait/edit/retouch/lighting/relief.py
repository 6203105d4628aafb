"""The shape of a person in a photo: normals and height, believable from the crown to the shoulders.

The face comes from its 468 landmarks. They end at the forehead and the jaw; there the person's
outline takes over, rounded off.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from proportrait.arrays import Float
from proportrait.faces import Face
from proportrait.faces.face import (
    CHIN,
    FOREHEAD,
    LEFT_CHEEK,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    RIGHT_CHEEK,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from proportrait.measures.geometry import head_axes

SIZE = 160  # px of the longer side: shading is smooth, so finer costs time and shows nothing
_TOWARDS = 0.22  # turns what is not the face a little to the camera, or outlines go dark


@dataclass(frozen=True, eq=False)
class Relief:
    """The shape of a person at a low resolution, h x w px.

    Attributes:
        normals: (h, w, 3) unit vectors; x right, y down, z towards the camera.
        height: (h, w) towards the camera in px of the relief.
        face: (h, w) in [0, 1], 1 where the landmarks' own surface is used.
        mask: (h, w) in [0, 1], the person.
        landmarks: (468, 3) px of the relief.
        face_width: px of the relief.
    """

    normals: Float
    height: Float
    face: Float
    mask: Float
    landmarks: Float
    face_width: float


def build_relief(face: Face, mask: Float) -> Relief:
    """Build the relief of a person.

    Args:
        face: in px of the picture.
        mask: (H, W) of the person in [0, 1].
    """
    scale = SIZE / max(mask.shape)
    size = (max(2, round(mask.shape[1] * scale)), max(2, round(mask.shape[0] * scale)))
    small = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32)
    landmarks = face.landmarks * np.float32(scale)
    landmarks[:, :2] += np.float32(scale / 2 - 0.5)
    width = _width(landmarks)
    normals, height, inside = _face_surface(landmarks, small.shape, width)
    small = np.maximum(small, inside)
    body = _rounded(small, width)
    body_normals = _unit(
        np.dstack(
            [
                -cv2.Sobel(body, cv2.CV_32F, 1, 0, scale=1 / 8),
                -cv2.Sobel(body, cv2.CV_32F, 0, 1, scale=1 / 8),
                np.ones_like(body),
            ]
        )
    )
    skull_normals, skull, skull_weight = _cranium(landmarks, small.shape, width)
    outer = _mix(body_normals, skull_normals, skull_weight[..., None])
    outer = _unit(outer + np.array([0, 0, _TOWARDS], np.float32))
    # From the landmarks to what surrounds them over a wide rim: a narrow one shows as a seam.
    weight = _inner_ramp(inside, 0.2 * width)
    blended = _unit(_blur(_mix(outer, normals, weight[..., None]), 0.02 * width))
    body = _level(body, height, weight) - _behind_jaw(inside, landmarks, width)
    skull = _level(skull, height, weight * skull_weight)
    joined = _mix(_mix(body, skull, skull_weight), height, weight)
    return Relief(blended, joined, weight, small, landmarks, width)


def _level(surface: Float, face: Float, weight: Float) -> Float:
    """Move a surface so that it meets the face along its rim."""
    rim = (weight > 0.02) & (weight < 0.5)
    shift = np.median((face - surface)[rim]) if rim.any() else 0
    return np.asarray(surface + shift, np.float32)


def _face_surface(
    landmarks: Float, shape: tuple[int, ...], width: float
) -> tuple[Float, Float, Float]:
    """Draw the mesh of the landmarks: normals, height, and where it is, (h, w) each."""
    frontal = landmarks @ head_axes(landmarks).T
    triangles = Delaunay(frontal[:, :2]).simplices
    corners = landmarks[triangles]
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # Depth grows away from the camera, so a triangle that faces it has a negative z.
    turned = np.cross(
        frontal[triangles[:, 1]] - frontal[triangles[:, 0]],
        frontal[triangles[:, 2]] - frontal[triangles[:, 0]],
    )
    crossed *= -np.sign(turned[:, 2:])
    vertex = np.zeros_like(landmarks)
    for corner in range(3):
        np.add.at(vertex, triangles[:, corner], crossed)
    vertex = _unit(vertex) * np.array([1, 1, -1], np.float32)
    flat = vertex[triangles].mean(1)
    depth = corners[..., 2].mean(1)
    drawn = np.zeros((*shape, 4), np.float32)
    inside = np.zeros(shape, np.float32)
    plane = np.round(corners[..., :2] * 16).astype(np.int32)
    # Far to near, so that a cheek behind the nose is painted over.
    for index in np.argsort(-depth):
        if flat[index, 2] <= 0.05:
            continue
        triangle = plane[index]
        x, y, z = flat[index].tolist()
        cv2.fillConvexPoly(drawn, triangle, (x, y, z, float(-depth[index])), cv2.LINE_8, 4)
        cv2.fillConvexPoly(inside, triangle, 1.0, cv2.LINE_8, 4)
    # Single triangles must not show, and at the sides of the face they overlap: depths jump.
    smooth = max(0.045 * width, 0.8)
    share = np.maximum(_blur(inside, smooth), np.float32(1e-3))
    spread = _blur(drawn, smooth) / share[..., None]
    normals = _unit(spread[..., :3] + np.array([0, 0, 1e-6], np.float32))
    height = np.asarray(spread[..., 3], np.float32)
    return normals, height - _sockets(landmarks, shape, width), inside


def _sockets(landmarks: Float, shape: tuple[int, ...], width: float) -> Float:
    """How much deeper the eyes lie than the mesh, which runs over the lids, says: (h, w) in px."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    depth = np.zeros(shape, np.float32)
    for outer, inner in ((LEFT_EYE_OUTER, LEFT_EYE_INNER), (RIGHT_EYE_OUTER, RIGHT_EYE_INNER)):
        eye = (landmarks[outer] + landmarks[inner]) / 2
        away = ((x - eye[0]) / 0.10) ** 2 + ((y - eye[1]) / 0.065) ** 2
        depth += np.exp(-away / (2 * width**2))
    return depth * np.float32(0.042 * width)


def _cranium(landmarks: Float, shape: tuple[int, ...], width: float) -> tuple[Float, Float, Float]:
    """The upper half of the head as an ellipsoid: normals, height, and weight, (h, w) each."""
    axes = np.asarray(head_axes(landmarks), np.float32)
    tall = float(np.linalg.norm(landmarks[CHIN] - landmarks[FOREHEAD]))
    cheeks = (landmarks[LEFT_CHEEK] + landmarks[RIGHT_CHEEK]) / 2
    centre = cheeks - axes[1] * np.float32(0.12 * tall) + axes[2] * np.float32(0.08 * width)
    # Half axes of a head with short hair.
    ellipsoid = axes / np.array([[0.66 * width], [0.70 * tall], [0.80 * width]], np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    plane = np.dstack([x - centre[0], y - centre[1], np.zeros_like(x)]) @ ellipsoid.T
    ray = ellipsoid[:, 2]
    # |plane + z ray| = 1 for the z nearest to the camera; outside the outline, its nearest point.
    a, b = float(ray @ ray), plane @ ray
    root = 1 - (plane * plane).sum(-1) + b * b / a
    z = (-b - np.sqrt(a * np.maximum(root, 0))) / a
    surface = plane + z[..., None] * ray
    normals = _unit((surface @ ellipsoid) * np.array([1, 1, -1], np.float32))
    up = (np.dstack([x, y]) - landmarks[CHIN, :2]) @ -axes[1, :2]
    weight = _smoothstep(root / 0.5) * _smoothstep((up / tall - 0.3) / 0.35)
    return normals, np.asarray(-(z + centre[2]), np.float32), weight


def _rounded(mask: Float, width: float) -> Float:
    """Round an outline off, (h, w) in px: blurs of the mask from narrow to wide.

    The picture's border is no outline.
    """
    layers = [
        cv2.GaussianBlur(mask, (0, 0), share * width, borderType=cv2.BORDER_REPLICATE)
        for share in (0.1, 0.22, 0.45)
    ]
    return np.asarray(1.1 * width * np.mean(layers, axis=0), np.float32)


def _behind_jaw(inside: Float, landmarks: Float, width: float) -> Float:
    """How far the neck lies behind the jaw: (h, w) in px, 0 above the mouth and beside the head."""
    outside = cv2.distanceTransform((inside < 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    drop = 0.34 * width * (1 - np.exp(-outside / (0.07 * width)))
    down = landmarks[CHIN, :2] - landmarks[FOREHEAD, :2]
    length = float(np.linalg.norm(down))
    y, x = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    x, y = x - landmarks[CHIN, 0], y - landmarks[CHIN, 1]
    along = (x * down[0] + y * down[1]) / length**2
    beside = np.abs(x * down[1] - y * down[0]) / length / width
    return np.asarray(
        drop * _smoothstep((along + 0.45) / 0.4) * _smoothstep((0.58 - beside) / 0.3), np.float32
    )


def _inner_ramp(inside: Float, reach: float) -> Float:
    """0 at the rim of a region, 1 from `reach` px inside it, smooth."""
    depth = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return _smoothstep(depth / reach)


def _width(landmarks: Float) -> float:
    return float(np.linalg.norm(landmarks[RIGHT_CHEEK] - landmarks[LEFT_CHEEK]))


def _mix(a: Float, b: Float, weight: Float) -> Float:
    return np.asarray(a + (b - a) * weight, np.float32)


def _smoothstep(values: Float) -> Float:
    t = np.clip(values, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _unit(vectors: npt.NDArray[np.floating]) -> Float:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-6), np.float32)


def _blur(values: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), max(sigma, 0.4)), np.float32)
