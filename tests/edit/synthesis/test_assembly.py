"""Heads on others' bodies before others' places: who lends what, and who is seen where."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from proportrait.edit.editor import PortraitEditor
from proportrait.edit.synthesis import assembly, donors
from proportrait.edit.synthesis.anatomy import SIZE, Anatomy, alone, anatomy, beside
from proportrait.edit.synthesis.assembly import Part, assemble
from proportrait.edit.synthesis.directions import directions
from proportrait.edit.synthesis.network import FaceSynthesizer
from proportrait.faces import FaceAnalyzer
from proportrait.measures import Subject, Unassessed
from proportrait.measures import background as background_measure

HEAD = 121  # of the built-in source
GARMENT, PLACE, PARK = 824133, 709325, 732995  # a white T-shirt, a bright wall, a garden


def part(synthesizer: FaceSynthesizer, seed: int) -> Part:
    return Part(synthesizer.style(seed, 0.85), donors.anatomy_of(seed))


@pytest.fixture(scope="module")
def synthesizer(editor: PortraitEditor) -> FaceSynthesizer:
    return editor.synthesizer


@pytest.fixture(scope="module")
def head(synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer) -> Part:
    style = synthesizer.style(HEAD)
    plain = synthesizer.portrait(style)
    face = analyzer.face(plain)
    return Part(style, anatomy(plain, face, analyzer.mask(plain, face)))


def test_there_are_enough_kinds_and_nobody_lends_the_opposite() -> None:
    for kinds in (donors.FORMAL, donors.CASUAL):
        assert len({donor.kind for donor in kinds}) >= 8
        assert max(Counter(donor.seed for donor in kinds).values()) == 1
    formal, casual = ({donor.seed for donor in k} for k in (donors.FORMAL, donors.CASUAL))
    assert not formal & casual


def test_every_donor_is_packed_and_wears_something() -> None:
    for donor in (*donors.FORMAL, *donors.CASUAL):
        own = donors.anatomy_of(donor.seed)
        assert own.person.shape == (SIZE, SIZE)
        assert own.cloth[-20:].mean() > 0.3, donor
        assert 0.7 < own.chin < 1, donor
    with pytest.raises(KeyError, match="no donor"):
        donors.anatomy_of(1)


def test_packing_keeps_an_anatomy() -> None:
    own = donors.anatomy_of(GARMENT)
    packed = donors.pack({GARMENT: own})
    assert packed["seeds"].tolist() == [GARMENT]
    assert packed["chin"][0] == pytest.approx(own.chin)
    assert packed["person"].shape == (1, 128, 128)
    assert packed["person"][0].mean() / 255 == pytest.approx(float(own.person.mean()), abs=0.01)


def test_clothes_and_place_leave_the_face_alone(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer, head: Part
) -> None:
    pictures = [
        assemble(synthesizer, head, part(synthesizer, GARMENT), part(synthesizer, place))[0]
        for place in (PLACE, PARK)
    ]
    faces = [analyzer.face(picture) for picture in pictures]
    nose = faces[0].landmarks[1, :2].astype(int)
    window = np.s_[nose[1] - 120 : nose[1] + 120, nose[0] - 120 : nose[0] + 120]
    inside = np.abs(pictures[0][window].astype(int) - pictures[1][window]).mean()
    around = np.abs(pictures[0][:200].astype(int) - pictures[1][:200]).mean()
    assert inside < 6 < 30 < around
    apart = [analyzer.identity(p, f) for p, f in zip(pictures, faces, strict=True)]
    assert float(np.linalg.norm(apart[0] - apart[1])) < 0.3


def test_the_garment_is_where_it_says_it_is(synthesizer: FaceSynthesizer, head: Part) -> None:
    clothes, place = part(synthesizer, GARMENT), part(synthesizer, PLACE)
    drawn, cloth = assemble(synthesizer, head, clothes, place)
    assert cloth.shape == drawn.shape[:2]
    worn = drawn[cloth > 0.9]
    assert len(worn) > 0.05 * cloth.size
    assert np.median(worn) > 190  # it is white
    assert cloth[: len(cloth) // 2].max() < 0.1


def test_surroundings_follow_a_lead_and_the_face_does_not(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer, head: Part
) -> None:
    pictures = []
    for level in (5.0, -6.0):
        led = head.style + directions().change(head.style, {"clean": level}, ())
        pictures.append(assemble(synthesizer, head, head, Part(led, head.own))[0])
    clean, cluttered = (
        background_measure.measure(Subject(picture, analyzer)) for picture in pictures
    )
    plain, busy = (background_measure.assess(found) for found in (clean, cluttered))
    assert not isinstance(plain, Unassessed)
    assert not isinstance(busy, Unassessed)
    assert plain > busy + 1
    faces = [analyzer.identity(p, analyzer.face(p)) for p in pictures]
    assert float(np.linalg.norm(faces[0] - faces[1])) < 0.3


def _own(person: np.ndarray) -> Anatomy:
    empty = np.zeros((SIZE, SIZE), np.float32)
    return Anatomy(person, empty, empty, empty, empty, 0.5, 0.8)


def test_a_place_loses_its_person_and_nothing_else() -> None:
    person = np.zeros((SIZE, SIZE), np.float32)
    person[128:, 192:320] = 1  # columns 6 to 9 of 16, from row 4 on
    features = np.tile(np.arange(16, dtype=np.float32), (2, 16, 1))
    features[:, 4:, 6:10] = 100
    filled = assembly._without_person(features, _own(person))
    assert filled.max() < 16
    assert np.array_equal(filled[:, :3], features[:, :3])
    assert np.array_equal(filled[:, :, :4], features[:, :, :4])


def test_shares_are_without_what_floats_beside_the_head() -> None:
    share = np.zeros((24, 24), np.float32)
    share[6:16, 8:16] = 1
    share[12:14, 1:3] = 0.8
    kept = assembly._in_one_piece(share)
    assert kept[12:14, 1:3].max() == 0
    assert np.array_equal(kept[5:17, 7:17], share[5:17, 7:17])


def test_what_is_far_beside_a_face_belongs_to_somebody_else() -> None:
    own = alone(_own(np.ones((SIZE, SIZE), np.float32)))
    assert own.person[:, SIZE // 2 - 140 : SIZE // 2 + 140].min() == 1
    assert own.person[:, :80].max() == own.person[:, -80:].max() == 0
    assert beside(_own(np.ones((SIZE, SIZE), np.float32))) == 1
    assert beside(own) == 0
