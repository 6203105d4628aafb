"""The faces of a picture, and the mask, emotions, and identity of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError
from proportrait.faces.detector import Detection, Detector, make_detector
from proportrait.faces.emotion import EmotionNetwork
from proportrait.faces.face import Face
from proportrait.faces.identity import IdentityNetwork
from proportrait.faces.iris import Eye, IrisNetwork
from proportrait.faces.landmarks import FaceMesh
from proportrait.faces.mask import PersonMask
from proportrait.faces.search import UPRIGHT_SCORE, FaceSearch, shrunk

_CLOSE_UP_SHARE = 0.45  # of the detector's input, for a face that fills the picture
_PRESENCE_LIMIT = 0.3  # below it, by the face mesh, a detection is false
_FURTHER_PRESENCE_LIMIT = 0.5  # of what only the search detects
_SMALLEST = 16.0  # px from forehead to chin: a smaller face in the background is nobody


class FaceAnalyzer:
    """Detects and describes faces in RGB uint8 (H, W, 3) pictures.

    Networks are loaded when first used. An analyzer belongs to one process: a worker makes its own.

    Args:
        threads: threads of one call, at least 1.
        detector: a name of `DETECTORS`.
        everywhere: also detect lying, small, and far faces, as photos have them; pictures that are
            made here have one upright face, and the time is saved.
    """

    def __init__(
        self, threads: int = 1, detector: str = "short-range", everywhere: bool = False
    ) -> None:
        self.threads = threads
        self._detector: Detector = make_detector(detector, threads)
        self._everywhere = everywhere

    def detect(self, image: Image) -> list[Face]:
        """Every face, the largest first; an empty list where there is none."""
        faces: list[Face] = []
        small, scale = shrunk(image) if self._everywhere else (image, 1.0)
        for share in (1.0, _CLOSE_UP_SHARE):
            for detection in self._standing(image, small, share):
                face, presence = self._meshed(image, detection)
                if presence >= _PRESENCE_LIMIT:
                    faces.append(face)
            if faces:
                break
        if self._everywhere:
            turn = faces[0].quarter_turns if faces else 0
            self._add(faces, image, self._search(small, scale, tuple(faces), turn))
            if not faces and (turn := self._search.far_turn(small)):
                self._add(faces, image, self._search(small, scale, (), turn))
        return sorted(faces, key=lambda face: -face.width * face.height)

    def far_faces(self, image: Image, faces: Sequence[Face], smallest: float) -> list[Face]:
        """Faces of an upright picture that `detect` misses since they are small: those of a group.

        Args:
            image: the picture.
            faces: those that `detect` gave.
            smallest: height of a face that still counts, px from forehead to chin.
        """
        together = list(faces)
        heights = [face.height for face in faces]
        self._add(together, image, self._search.far(image, heights, smallest))
        return [face for face in together[len(faces) :] if face.height >= smallest]

    def _standing(self, image: Image, small: Image, share: float) -> list[Detection]:
        """Detections in the picture as it is, or at the quarter turn at which heads stand."""
        detections = self._detector(image, share)
        surest = max((entry.score for entry in detections), default=0.0)
        if not self._everywhere or surest >= UPRIGHT_SCORE:
            return detections
        turn = self._search.turn(small, share)
        return self._detector(image, share, turn) if turn else detections

    def _add(self, faces: list[Face], image: Image, detections: Iterable[Detection]) -> None:
        """Add those detections to the faces that the mesh confirms, and that are not there yet."""
        for detection in detections:
            if any(_same_place(face.bbox, detection.bbox) for face in faces):
                continue
            face, presence = self._meshed(image, detection)
            if (
                presence >= _FURTHER_PRESENCE_LIMIT
                and face.height >= _SMALLEST
                and not any(_same_place(other.mesh_box, face.mesh_box) for other in faces)
            ):
                faces.append(face)

    def _meshed(self, image: Image, detection: Detection) -> tuple[Face, float]:
        """A detection with its landmarks, and how sure the mesh is of it, [0, 1]."""
        landmarks, presence = self._mesh(image, detection)
        return Face(detection.bbox, landmarks, min(detection.score, presence)), presence

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

    def silhouettes(self, image: Image) -> Float:
        """Everybody in a picture, roughly and without asking for a face: float32 (256, 256)."""
        return self._person.silhouettes(image)

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
            for name in ("_person", "_mesh", "_emotion", "_iris"):
                pool.submit(getattr, self, name)

    @cached_property
    def _mesh(self) -> FaceMesh:
        return FaceMesh(self.threads)

    @cached_property
    def _search(self) -> FaceSearch:
        return FaceSearch(self._detector, self.threads)

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
    """The analyzer of this process for pictures of any kind, with one thread."""
    return FaceAnalyzer(threads=1, everywhere=True)


def _same_place(a: Float, b: Float) -> bool:
    """Whether the middle of one of two boxes x0 y0 x1 y1 lies in the other."""
    middles = (a[:2] + a[2:]) / 2, (b[:2] + b[2:]) / 2
    return any(
        bool(np.all((box[:2] <= middle) & (middle <= box[2:])))
        for middle, box in zip(middles, (b, a), strict=True)
    )
