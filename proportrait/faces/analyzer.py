"""The faces of a picture, and the mask, emotions, and identity of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError
from proportrait.faces.detector import Detector, make_detector
from proportrait.faces.emotion import EmotionNetwork
from proportrait.faces.face import Face
from proportrait.faces.identity import IdentityNetwork
from proportrait.faces.iris import Eye, IrisNetwork
from proportrait.faces.landmarks import FaceMesh
from proportrait.faces.mask import PersonMask

_CLOSE_UP_SHARE = 0.45  # of the detector's input, for a face that fills the picture
_PRESENCE_LIMIT = 0.3  # below it, by the face mesh, a detection is false


class FaceAnalyzer:
    """Detects and describes faces in RGB uint8 (H, W, 3) pictures.

    Networks are loaded when first used. An analyzer belongs to one process: a worker makes its own.

    Args:
        threads: threads of one call, at least 1.
        detector: a name of `DETECTORS`.
    """

    def __init__(self, threads: int = 1, detector: str = "short-range") -> None:
        self.threads = threads
        self._detector: Detector = make_detector(detector, threads)

    def detect(self, image: Image) -> list[Face]:
        """Every face, the largest first; an empty list where there is none."""
        for share in (1.0, _CLOSE_UP_SHARE):
            faces = []
            for detection in self._detector(image, share):
                landmarks, presence = self._mesh(image, detection)
                if presence >= _PRESENCE_LIMIT:
                    faces.append(Face(detection.bbox, landmarks, min(detection.score, presence)))
            if faces:
                break
        return sorted(faces, key=lambda face: -face.width * face.height)

    def face(self, image: Image) -> Face:
        """The largest face.

        Raises:
            AssessmentError: the picture shows no face.
        """
        faces = self.detect(image)
        if not faces:
            raise AssessmentError("no face found: use a picture that shows one from the front")
        return faces[0]

    def mask(self, image: Image, face: Face) -> Float:
        """The mask of the person with this face: float32 (H, W), 0 background to 1 person."""
        return self._person(image, face)

    def emotions(self, image: Image, face: Face) -> dict[str, float]:
        """Probabilities of seven emotions; they add up to 1."""
        return self._emotion(image, face)

    def eyes(self, image: Image, face: Face) -> tuple[Eye, Eye]:
        """Lids and iris of the picture's left and right eye."""
        return self._iris(image, face)

    def identity(self, image: Image, face: Face) -> Float:
        """The embedding (128,) float32; see `proportrait.faces.distance`."""
        return self._identity(image, face)

    def prepare(self) -> None:
        """Load the networks of a look now, two at a time.

        It raises nothing: what is missing is an error where it is first used.
        """
        blank = np.zeros((128, 128, 3), np.uint8)
        with ThreadPoolExecutor(2) as pool:
            pool.submit(self.detect, blank)
            for name in ("_person", "_mesh", "_emotion"):
                pool.submit(getattr, self, name)

    @cached_property
    def _mesh(self) -> FaceMesh:
        return FaceMesh(self.threads)

    @cached_property
    def _person(self) -> PersonMask:
        return PersonMask(self.threads)

    @cached_property
    def _emotion(self) -> EmotionNetwork:
        return EmotionNetwork(self.threads)

    @cached_property
    def _iris(self) -> IrisNetwork:
        return IrisNetwork(self.threads)

    @cached_property
    def _identity(self) -> IdentityNetwork:
        return IdentityNetwork()


@cache
def shared_analyzer() -> FaceAnalyzer:
    """The analyzer of this process, with one thread."""
    return FaceAnalyzer(threads=1)
