from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError, ConfigurationError
from proportrait.rank.index import Faces
from proportrait.rank.match import face_similarities, reference, references, similarities
from tests import FACE
from tests.rank.samples import axis


def test_similarity_is_one_less_the_mean_distance_to_the_references() -> None:
    faces = np.stack([axis(0), axis(0, 0.25), axis(1), axis(1, 0.5)])
    assert similarities(faces, axis(0)[None]) == pytest.approx([1, 0.75, 0, 0], abs=1e-3)
    # 0 and sqrt(2) from them; 0.25 from one and sqrt(2.0625) from the other
    both = np.stack([axis(0), axis(1)])
    assert similarities(faces, both) == pytest.approx([0.2929, 0.1569, 0.2929, 0], abs=1e-3)


def test_a_face_is_like_itself_and_its_mirror_image(image: Image, tmp_path: Path) -> None:
    mirrored = tmp_path / "mirrored.png"
    PIL.Image.fromarray(image[:, ::-1]).save(mirrored)
    first, second = references([FACE, mirrored])
    assert similarities(second[None], first[None])[0] > 0.9


def test_a_reference_without_a_face_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "sky.png"
    PIL.Image.new("RGB", (300, 300), "skyblue").save(path)
    with pytest.raises(AssessmentError, match=r"sky\.png shows no face: name a photo"):
        reference(path)


@pytest.fixture(scope="module")
def two(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of two people: the larger face is the right one, which is mirrored."""
    path = tmp_path_factory.mktemp("two") / "two.png"
    photo = PIL.Image.new("RGB", (900, 512), "grey")
    photo.paste(PIL.Image.fromarray(image).rotate(8).resize((380, 380)), (0, 60))
    photo.paste(PIL.Image.fromarray(image[:, ::-1]), (388, 0))
    photo.save(path)
    return path


def test_of_several_faces_the_photo_asks_which(two: Path) -> None:
    asks = r"two\.png shows 2 faces: .* --face N, counted from the left \(1 of 2\d\d px, 2 of 3\d\d"
    with pytest.raises(AssessmentError, match=asks):
        reference(two)
    with pytest.raises(AssessmentError, match="shows 2 faces"):
        references([two], numbers=[3])
    left, right, largest = (
        references([FACE, two], numbers=[1])[1], references([two], numbers=[2])[0],
        reference(two, largest=True),
    )  # fmt: skip
    assert not np.array_equal(left, right)
    assert np.array_equal(right, largest)
    assert similarities(right[None], reference(FACE)[None])[0] > 0.9
    with pytest.raises(ConfigurationError, match="once for each such photo"):
        references([FACE, two], numbers=[1, 2])


def test_no_reference_is_misuse() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        references([])


def test_what_lessens_the_distances_of_both_faces_counts() -> None:
    faces = np.stack([axis(0, 0.75), axis(0, 0.75)])
    faces[1, -1] = 0.125  # 0.75 less 0.125, and less 0.25 of the reference
    reference = axis(0)
    reference[-1] = 0.25
    assert similarities(faces, reference[None]).tolist() == [0.5, 0.625]
    assert similarities(faces[:0], np.zeros((1, 257), np.float32)).tolist() == []


def known(*embeddings: Float) -> Faces:
    """Faces of a photo each, the last two of one."""
    numbers = np.arange(len(embeddings))
    photos = np.minimum(numbers, len(embeddings) - 2)
    return Faces(np.stack(embeddings), numbers, photos, np.full(len(embeddings), 100.0))


def test_sure_faces_are_further_references() -> None:
    far = axis(0, 0.54)
    faces = known(far, axis(0, 0.05), axis(1), axis(0, 0.3), axis(0, 0.4))
    people = axis(0)[None]
    plain, none = face_similarities(faces, range(4), people, 40, sure=None)
    assert plain == pytest.approx([0.46, 0.95, 0, 0.7, 0.6], abs=1e-3)
    assert none.tolist() == []
    values, further = face_similarities(faces, range(4), people, 40)
    assert further.tolist() == [3]  # 1 is a copy of the reference, 4 in the photo of 3
    # 0 is 0.24 from the sure one: the mean of 0.46 and 0.76 would be more than it may rise.
    assert values == pytest.approx([0.54, 0.95, 0, 0.7, 0.68], abs=1e-3)
    assert face_similarities(faces, [0, 1], people, 40)[0].tolist()[2:] == [-1, -1, -1]
