"""The MediaPipe face mesh: 468 landmarks of a detected face."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.faces.detector import Detection
from proportrait.faces.face import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from proportrait.networks.assets import asset
from proportrait.networks.inference import compile_network

_SIZE = 192  # side of the network's input in px
_MARGIN = 1.5  # side of the region that the network was trained on, in face boxes


class FaceMesh:
    """Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video", 2019."""

    def __init__(self, threads: int = 1) -> None:
        self._network = compile_network(asset("face-landmarks"), threads)

    def __call__(self, image: Image, detection: Detection) -> tuple[Float, float]:
        """Place the landmarks.

        Returns:
            The (468, 3) landmarks in px of the picture (see `Face`), and how sure the network is
            that this is a face, [0, 1].
        """
        centre = np.asarray((detection.bbox[:2] + detection.bbox[2:]) / 2, np.float32)
        side = _MARGIN * float((detection.bbox[2:] - detection.bbox[:2]).max())
        eyes = detection.keypoints[1] - detection.keypoints[0]
        landmarks, _ = self._locate(image, centre, side, eyes)
        # A second pass in the region of the landmarks themselves, as the network does it in video:
        # the detector's box fits a turned or tilted head only roughly.
        plane = landmarks[:, :2]
        eyes = plane[RIGHT_EYE_OUTER] - plane[LEFT_EYE_OUTER]
        upright = plane @ _rotation(eyes).T
        low, high = upright.min(0), upright.max(0)
        centre = _rotation(eyes).T @ ((low + high) / 2)
        return self._locate(image, centre, _MARGIN * float((high - low).max()), eyes)

    def _locate(self, image: Image, centre: Float, side: float, eyes: Float) -> tuple[Float, float]:
        """Run the network on a square around `centre`, turned so that `eyes` is horizontal."""
        scale = _SIZE / max(side, 1.0)
        turn = _rotation(eyes) * scale
        matrix = np.concatenate([turn, (_SIZE / 2 - turn @ centre)[:, None]], 1)
        # Shrinking much in one step would skip pixels.
        flags = cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA
        crop = cv2.warpAffine(image, matrix, (_SIZE, _SIZE), flags=flags)
        points, logit = self._network([crop[None].astype(np.float32) / 255])
        points = points.reshape(468, 3)
        plane = (points[:, :2] - _SIZE / 2) @ np.linalg.inv(turn).T + centre
        landmarks = np.concatenate([plane, points[:, 2:] / scale], 1).astype(np.float32)
        return landmarks, float(1 / (1 + np.exp(-logit.ravel()[0])))


def _rotation(eyes: Float) -> Float:
    """The (2, 2) matrix that turns the direction `eyes` to the positive x axis."""
    x, y = eyes / max(float(np.linalg.norm(eyes)), 1e-6)
    return np.array([[x, y], [-y, x]], np.float32)
