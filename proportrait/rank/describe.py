"""What a photo shows of each of its faces and as a whole: all that ranking needs of it, once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import cv2
import numpy as np
import PIL.Image
from PIL import ExifTags

from proportrait.arrays import Float, Image
from proportrait.digest import code_digest
from proportrait.faces import Face, FaceAnalyzer
from proportrait.faces.face import (
    LEFT_EYE_INNER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    NOSE_TIP,
    OVAL,
    RIGHT_EYE_INNER,
)
from proportrait.labels import KEYS
from proportrait.looks.look import Look, Measures, look
from proportrait.looks.version import version as look_version
from proportrait.measures import Measure, Subject, Unassessed, expression
from proportrait.measures.framing import head_pose
from proportrait.measures.geometry import AlignedFace
from proportrait.measures.sharpness import blur_effect
from proportrait.model.saved import packaged
from proportrait.rank.embedding import DEFAULT, digest, embedding, flipped
from proportrait.score import Scorer

SMALLEST = 40.0  # px from forehead to chin: of a smaller face hardly anything can be told
_POINTS = (LEFT_EYE_INNER, RIGHT_EYE_INNER, NOSE_TIP, MOUTH_LEFT, MOUTH_RIGHT)
_EXIF_IFD = ExifTags.IFD.Exif
_LIBRARIES = ("imagehash", "dlib-bin")


@dataclass(frozen=True, eq=False)
class FaceEntry:
    """One face of a photo, turned by quarters until its heads stand.

    Attributes:
        embedding: (D + 1,) float32; see `proportrait.rank.embedding`.
        height: px from forehead to chin, in the photo of at most `imaging.LONGEST` px.
        box: x0, y0, x1, y1 of the mesh in shares of the sides; may pass 0 and 1.
        points: x, y of the inner corners of the eyes, the nose tip, and the corners of the mouth,
            the left one of the picture first, likewise.
        pose: yaw, pitch, roll of the head in degrees.
        sharpness: [0, 1], 1 less the blur effect (Crété et al., 2007) of the face at 128 px.
        eyes, gaze: [0, 100], how open the eyes are, and how close to the camera they look; None
            where the eyes do not show.
        emotions: probabilities of "happy", "neutral", and "agitated".
    """

    embedding: Float
    height: float
    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float], ...]
    pose: tuple[float, float, float]
    sharpness: float
    eyes: float | None
    gaze: float | None
    emotions: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, all but the embedding."""
        body = asdict(self)
        del body["embedding"]
        return body

    def mirrored(self) -> FaceEntry:
        """The same face in the mirror image; the embedding has no sides."""
        x0, y0, x1, y1 = self.box
        yaw, pitch, roll = self.pose
        left, right, nose, corner, other = ((round(1 - x, 5), y) for x, y in self.points)
        return replace(
            self,
            box=(round(1 - x1, 5), y0, round(1 - x0, 5), y1),
            points=(right, left, nose, other, corner),
            pose=(-yaw, pitch, -roll),
        )

    @classmethod
    def from_json(cls, body: Mapping[str, Any], embedding: Float) -> FaceEntry:
        """The inverse of `to_json`."""
        lists = {name: tuple(body[name]) for name in ("box", "pose")}
        points = tuple((x, y) for x, y in body["points"])
        return cls(**{**body, **lists, "points": points, "embedding": embedding})


@dataclass(frozen=True, eq=False)
class PhotoEntry:
    """What one photo shows.

    Attributes:
        digest: SHA-256 of the file in hex; "" where an error may pass.
        faces: the largest first.
        marks: of `Score`, by attribute key; of the largest face.
        phash: 64 bits of the perceptual hash.
        time: when it was taken, seconds since 1970 by the camera's clock; None where it is unknown.
        error: why it cannot be read, or "".
        turns: quarter turns, as `numpy.rot90` counts them, until its heads stand: boxes and points
            are of the turned photo.
    """

    digest: str
    faces: tuple[FaceEntry, ...] = ()
    marks: dict[str, int | None] = field(default_factory=dict)
    phash: int = 0
    time: float | None = None
    error: str = ""
    turns: int = 0


@cache
def version(kind: str = DEFAULT) -> str:
    """A hash of code, weights, and libraries that an entry depends on: 16 hex digits.

    Args:
        kind: of embedding, see `proportrait.rank.embedding`.
    """
    model = hashlib.sha256(packaged().read_bytes()).hexdigest()
    places = ("model", "score/scorer.py", "rank/describe.py", "rank/embedding.py")
    return code_digest(places, _LIBRARIES, [model, look_version(), digest(kind)])


def describe(data: bytes, smallest: float = SMALLEST, kind: str = DEFAULT) -> PhotoEntry:
    """Describe a photo; bytes that are no picture give an entry with an `error`.

    Args:
        data: of the file.
        smallest: height of a face that counts, px.
        kind: of embedding.
    """
    scorer = _scorer()
    taken = look(data, scorer.model.wants)
    if taken.error or taken.subject is None:
        return PhotoEntry(taken.digest, error=taken.error)
    score = scorer.verdicts(taken)
    subject = taken.subject
    faces = [*subject.faces]
    faces += subject.analyzer.far_faces(subject.image, faces, smallest)
    expressions = {id(face): taken.measures["expression"] for face in subject.faces[:1]}
    entries = [
        face_entry(subject.image, face, subject.analyzer, kind, expressions.get(id(face)))
        for face in sorted(faces, key=lambda face: -face.height)
        if face.height >= smallest
    ]
    image = subject.image
    if _is_mirrored(taken):  # a look chooses its side by the light, which a series may change
        entries, image = [entry.mirrored() for entry in entries], flipped(image)
    return PhotoEntry(
        taken.digest, tuple(entries), {key: score.marks.get(key) for key in KEYS},
        perceptual_hash(image), time_taken(data), turns=taken.turns,
    )  # fmt: skip


def _is_mirrored(taken: Look) -> bool:
    """Whether the subject of a look is the mirror image of the photo."""
    if taken.subject is None or taken.box is None:
        return False
    height, width = taken.subject.image.shape[:2]
    box = taken.subject.faces[0].box(width, height)
    return not np.allclose(taken.box, box, atol=1e-4)


def face_entry(
    image: Image,
    face: Face,
    analyzer: FaceAnalyzer,
    kind: str = DEFAULT,
    measures: Measures | None = None,
) -> FaceEntry:
    """Describe one face of an RGB picture (H, W, 3).

    Args:
        kind: of its embedding.
        measures: of its expression, where they were taken already; their sides do not count.
    """
    measures = measures or expression.measure(Subject(image, analyzer, face=face))
    height, width = image.shape[:2]
    return FaceEntry(
        embedding(image, face, analyzer, kind),
        round(face.height, 1),
        face.box(width, height),
        tuple(
            (round(float(x) / width, 5), round(float(y) / height, 5))
            for x, y in face.landmarks[list(_POINTS), :2]
        ),
        _rounded(head_pose(face)),
        round(sharpness(image, face), 4),
        _score(measures["EyeOpenness"]),
        _score(measures["GazeAngle"]),
        {
            kind: round(entry.value, 4)
            for kind, name in (("happy", "Happiness"), ("neutral", "ExpressionNeutrality"),
                               ("agitated", "Agitation"))
            if isinstance(entry := measures[name], Measure)
        },
    )  # fmt: skip


def sharpness(image: Image, face: Face) -> float:
    """How sharp a face is at 128 px from forehead to chin, whatever the rest of the picture is."""
    aligned = AlignedFace.cut(image, face)
    grey = cv2.cvtColor(aligned.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return 1 - blur_effect(grey, aligned.region(OVAL).astype(np.float32))


def perceptual_hash(image: Image) -> int:
    """The 64 bits of a picture's perceptual hash: near for small changes (Zauner, 2010)."""
    import imagehash

    bits = imagehash.phash(PIL.Image.fromarray(image)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def time_taken(data: bytes) -> float | None:
    """DateTimeOriginal of EXIF with its fraction, as seconds since 1970, or None."""
    try:
        with PIL.Image.open(io.BytesIO(data)) as picture:
            exif = picture.getexif().get_ifd(_EXIF_IFD)
        moment = datetime.strptime(
            str(exif[ExifTags.Base.DateTimeOriginal])[:19], "%Y:%m:%d %H:%M:%S"
        )
        fraction = str(exif.get(ExifTags.Base.SubsecTimeOriginal, "")).strip("\0 ")
        return moment.replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError):
        return None


def _rounded(angles: tuple[float, float, float]) -> tuple[float, float, float]:
    yaw, pitch, roll = (round(angle, 1) for angle in angles)
    return yaw, pitch, roll


def _score(entry: Measure | Unassessed) -> float | None:
    return round(entry.score, 1) if isinstance(entry, Measure) else None


@cache
def _scorer() -> Scorer:
    return Scorer()
