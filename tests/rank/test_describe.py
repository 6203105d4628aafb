from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import PIL.Image
import pytest

from proportrait.arrays import Image
from proportrait.faces import Face, FaceAnalyzer, distance, shared_analyzer
from proportrait.rank.describe import (
    PhotoEntry,
    describe,
    face_entry,
    perceptual_hash,
    sharpness,
    time_taken,
)
from proportrait.rank.embedding import embedding
from tests import FACE
from tests.rank.samples import face as made_face


def encoded(image: PIL.Image.Image, exif: PIL.Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=PIL.Image.Exif() if exif is None else exif)
    return out.getvalue()


def group(image: Image, height: int = 60, columns: int = 2) -> PIL.Image.Image:
    """Two rows of one person, whose faces are about a third of `height` * 2 px high."""
    whole = PIL.Image.new("RGB", (1600, 1000), (120, 130, 120))
    small = PIL.Image.fromarray(image).resize((2 * height, 2 * height), PIL.Image.Resampling.BOX)
    for number in range(2 * columns):
        whole.paste(small, (100 + number % columns * 300, 200 + number // columns * 400))
    return whole


@pytest.fixture(scope="module")
def entry() -> PhotoEntry:
    return describe(FACE.read_bytes())


def test_a_photo_of_one_person(entry: PhotoEntry, image: Image, face: Face) -> None:
    (person,) = entry.faces
    assert entry.error == ""
    assert person.height == pytest.approx(face.height, rel=0.02)
    assert person.box == pytest.approx(face.box(512, 512), abs=0.02)
    (left, _), (right, _), (nose, below), *_ = person.points
    assert left < nose < right
    assert person.box[1] < below < person.box[3]
    assert abs(person.pose[0]) < 15
    assert person.eyes is not None
    assert person.eyes > 50
    assert entry.marks["sharpness"] is not None
    assert entry.marks["sharpness"] >= 50
    assert set(person.emotions) == {"happy", "neutral", "agitated"}


def test_the_expression_is_measured_once_with_the_same_bits(image: Image) -> None:
    lit = np.linspace(0.6, 1.0, image.shape[1])  # lighter to the right, so that nothing is mirrored
    shaded = (image * lit[None, :, None]).astype(np.uint8)
    out = io.BytesIO()
    PIL.Image.fromarray(shaded).save(out, "PNG")
    (person,) = describe(out.getvalue()).faces
    analyzer = shared_analyzer()
    alone = face_entry(shaded, analyzer.face(shaded), analyzer)
    assert person.to_json() == alone.to_json()
    np.testing.assert_array_equal(person.embedding, alone.embedding)


def test_the_mirror_image_is_the_same_person_with_its_sides_changed(
    entry: PhotoEntry, image: Image
) -> None:
    (person,) = entry.faces
    (other,) = describe(encoded(PIL.Image.fromarray(image[:, ::-1]))).faces
    assert distance(person.embedding, other.embedding) < 0.1
    assert other.box == pytest.approx(person.mirrored().box, abs=0.01)
    assert other.pose == pytest.approx(person.mirrored().pose, abs=2)
    assert np.array(other.points) == pytest.approx(np.array(person.mirrored().points), abs=0.01)


def test_mirrored_twice_is_as_it_was() -> None:
    person = made_face(box=(0.1, 0.2, 0.3, 0.4), pose=(5.0, -2.0, 3.0))
    assert person.mirrored().box == pytest.approx((0.7, 0.2, 0.9, 0.4))
    assert person.mirrored().pose == (-5.0, -2.0, -3.0)
    assert person.mirrored().mirrored().to_json() == person.to_json()


def test_every_face_of_a_far_group_is_described(image: Image) -> None:
    entry = describe(encoded(group(image)))
    assert len(entry.faces) == 4
    assert all(face.height >= 40 for face in entry.faces)
    embeddings = np.stack([face.embedding for face in entry.faces])
    spread = np.linalg.norm(embeddings - embeddings[0], axis=1)
    assert spread.max() < 0.4


def test_faces_below_the_limit_are_left_out(image: Image) -> None:
    assert describe(FACE.read_bytes(), smallest=500.0).faces == ()


def test_a_file_that_is_no_picture_has_an_error() -> None:
    entry = describe(b"no picture")
    assert "no picture of a known format" in entry.error
    assert entry.faces == ()
    assert len(entry.digest) == 64


def test_blur_of_the_face_lowers_its_sharpness_and_that_of_the_rest_does_not(
    image: Image, face: Face
) -> None:
    soft = np.asarray(PIL.Image.fromarray(image).resize((64, 64)).resize((512, 512)))
    around = soft.copy()
    x0, y0, x1, y1 = map(int, face.mesh_box)
    around[y0 - 20 : y1 + 20, x0 - 20 : x1 + 20] = image[y0 - 20 : y1 + 20, x0 - 20 : x1 + 20]
    assert sharpness(soft, face) < sharpness(image, face) - 0.1
    assert sharpness(around, face) == pytest.approx(sharpness(image, face), abs=0.01)


def test_the_embedding_is_that_of_the_face_and_its_mirror_image(
    image: Image, face: Face, analyzer: FaceAnalyzer
) -> None:
    vector = embedding(image, face, analyzer, "dlib")
    assert vector.dtype == np.float32
    assert distance(vector[:-1], analyzer.identity(image, face)) < 0.2
    mirrored = face.landmarks * np.array([-1, 1, 1], np.float32) + np.array([511, 0, 0], np.float32)
    other = embedding(image[:, ::-1], replace(face, landmarks=mirrored), analyzer, "dlib")
    assert vector == pytest.approx(other, abs=0.01)


def test_the_hash_of_a_copy_is_near_and_that_of_another_picture_far(image: Image) -> None:
    copy = np.asarray(PIL.Image.fromarray(image).resize((300, 300)).rotate(0.3))
    other = np.random.default_rng(0).integers(0, 256, image.shape).astype(np.uint8)
    first = perceptual_hash(image)
    assert (first ^ perceptual_hash(copy)).bit_count() <= 6
    assert (first ^ perceptual_hash(other)).bit_count() > 16


@pytest.mark.parametrize(
    ("fields", "second"),
    [
        ({0x9003: "2024:05:06 07:08:09"}, 9.0),
        ({0x9003: "2024:05:06 07:08:09", 0x9291: "25"}, 9.25),
        ({0x9003: "0000:00:00 00:00:00"}, None),
        ({0x9003: "yesterday"}, None),
        ({}, None),
    ],
)
def test_the_time_of_exif(fields: dict[int, str], second: float | None) -> None:
    exif = PIL.Image.Exif()
    exif.get_ifd(0x8769).update(fields)
    taken = time_taken(encoded(PIL.Image.new("RGB", (200, 200)), exif))
    if second is None:
        assert taken is None
    else:
        moment = datetime(2024, 5, 6, 7, 8, tzinfo=UTC).timestamp()
        assert taken == moment + second


def test_a_lying_photo_is_described_as_if_it_stood(entry: PhotoEntry) -> None:
    lying = describe(encoded(PIL.Image.open(FACE).transpose(PIL.Image.Transpose.ROTATE_90)))
    assert (entry.turns, lying.turns) == (0, 3)
    (person,) = lying.faces
    assert person.box == pytest.approx(entry.faces[0].box, abs=0.02)
    assert abs(person.pose[2]) < 15
