"""Face embeddings: small distance for the same person, large for two people."""

from __future__ import annotations

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.faces.face import Face
from proportrait.networks.assets import asset

# Of `distance`: two pictures of one person lie below it, those of two people above.
SAME_PERSON_LIMIT = 0.6


class IdentityNetwork:
    """The face recognition network of dlib (King, 2017)."""

    def __init__(self) -> None:
        import dlib

        self._rectangle = dlib.rectangle
        self._align = dlib.shape_predictor(str(asset("identity-landmarks")))
        self._encode = dlib.face_recognition_model_v1(str(asset("identity")))

    def __call__(self, image: Image, face: Face) -> Float:
        """The embedding of a face: float32 (128,)."""
        points = face.landmarks[:, :2]
        box = self._rectangle(*(int(v) for v in (*points.min(0), *points.max(0))))
        image = np.ascontiguousarray(image)
        shape = self._align(image, box)
        return np.asarray(self._encode.compute_face_descriptor(image, shape), np.float32)


def distance(a: Float, b: Float) -> float:
    """Euclidean distance between two embeddings (128,); compare it with `SAME_PERSON_LIMIT`."""
    return float(np.linalg.norm(a - b))
