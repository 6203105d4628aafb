from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from proportrait.arrays import Image
from proportrait.errors import AssessmentError
from proportrait.rank.match import reference, references, similarities
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


def test_of_several_faces_the_largest_is_taken_when_it_is_asked_for(
    image: Image, tmp_path: Path
) -> None:
    path = tmp_path / "two.png"
    two = PIL.Image.new("RGB", (900, 512), "grey")
    two.paste(PIL.Image.fromarray(image))
    two.paste(PIL.Image.fromarray(image).resize((380, 380)), (515, 60))
    two.save(path)
    with pytest.raises(AssessmentError, match=r"shows 2 faces: crop it .* --largest"):
        reference(path)
    assert similarities(reference(path, True)[None], reference(FACE)[None])[0] > 0.9


def test_no_reference_is_misuse() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        references([])
