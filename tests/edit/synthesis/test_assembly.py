"""Heads on other bodies before other surroundings: donors, masks, and the drawn pictures."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from proportrait.edit.editor import PortraitEditor
from proportrait.edit.synthesis import assembly, donors
from proportrait.edit.synthesis.anatomy import SIZE, Anatomy, alone, anatomy, beside, raised
from proportrait.edit.synthesis.assembly import Part, assemble
from proportrait.edit.synthesis.directions import directions
from proportrait.edit.synthesis.network import RISE, FaceSynthesizer
from proportrait.faces import FaceAnalyzer
from proportrait.measures import Subject, Unassessed
from proportrait.measures import background as background_measure

HEAD = 121  # of the built-in source
GARMENT, WALL, PARK = 824133, 709325, 732995  # a white T-shirt, a bright wall, a garden


def clothes_of(synthesizer: FaceSynthesizer, seed: int) -> Part:
    return Part(synthesizer.style(seed, 0.85), donors.anatomy_of(seed), donor=True)


def plain(synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer, style: np.ndarray) -> Part:
    image = synthesizer.portrait(style)
    face = analyzer.face(image)
    return Part(style, anatomy(image, face, analyzer.mask(image, face)))


@pytest.fixture(scope="module")
def synthesizer(editor: PortraitEditor) -> FaceSynthesizer:
    return editor.drawer.synthesizer


@pytest.fixture(scope="module")
def head(synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer) -> Part:
    return plain(synthesizer, analyzer, synthesizer.style(HEAD))


@pytest.fixture(scope="module")
def places(synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer) -> list[Part]:
    return [plain(synthesizer, analyzer, synthesizer.style(seed, 0.85)) for seed in (WALL, PARK)]


def test_there_are_enough_kinds_and_no_donor_is_formal_and_casual() -> None:
    for kinds in (donors.FORMAL, donors.CASUAL):
        assert len({donor.kind for donor in kinds}) >= 8
        assert max(Counter(donor.seed for donor in kinds).values()) == 1
    formal, casual = ({donor.seed for donor in k} for k in (donors.FORMAL, donors.CASUAL))
    assert not formal & casual


@pytest.mark.parametrize("wearers", [donors.MEN, donors.WOMEN])
def test_men_and_women_have_many_kinds_of_formal_clothes(wearers: str) -> None:
    kinds = {donor.kind for donor in donors.FORMAL if donor.wearers in (wearers, donors.ALL)}
    assert len(kinds) >= 8


def test_a_head_gets_clothes_of_its_sex_or_of_both() -> None:
    men, women, either = (donors.suitable(donors.FORMAL, man) for man in (2.0, -2.0, 0.1))
    assert {donor.wearers for donor in men} == {donors.MEN, donors.ALL}
    assert {donor.wearers for donor in women} == {donors.WOMEN, donors.ALL}
    kinds = [{donor.kind for donor in choices} for choices in (men, women, either)]
    assert kinds[2] == kinds[0] & kinds[1]
    assert donors.suitable(donors.CASUAL, 0.1) == list(donors.CASUAL)


def test_every_donor_has_an_anatomy_with_clothes() -> None:
    for donor in (*donors.FORMAL, *donors.CASUAL):
        body = donors.anatomy_of(donor.seed)
        assert body.person.shape == (SIZE, SIZE)
        assert body.cloth[-20:].mean() > 0.3, donor
        assert 0.7 < body.chin + RISE < 1, donor
    with pytest.raises(KeyError, match="no donor"):
        donors.anatomy_of(1)


def test_packing_keeps_an_anatomy() -> None:
    body = donors.anatomy_of(GARMENT)
    arrays = donors.pack({GARMENT: body})
    assert arrays["seeds"].tolist() == [GARMENT]
    assert arrays["chin"][0] == pytest.approx(body.chin)
    assert arrays["person"].shape == (1, 128, 128)
    assert arrays["person"][0].mean() / 255 == pytest.approx(float(body.person.mean()), abs=0.01)


def test_clothes_and_place_leave_the_face_alone(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer, head: Part, places: list[Part]
) -> None:
    clothes = clothes_of(synthesizer, GARMENT)
    pictures = [assemble(synthesizer, head, clothes, place)[0] for place in places]
    faces = [analyzer.face(picture) for picture in pictures]
    nose = faces[0].landmarks[1, :2].astype(int)
    window = np.s_[nose[1] - 120 : nose[1] + 120, nose[0] - 120 : nose[0] + 120]
    inside = np.abs(pictures[0][window].astype(int) - pictures[1][window]).mean()
    around = np.abs(pictures[0][:200].astype(int) - pictures[1][:200]).mean()
    assert inside < 6 < 30 < around
    embeddings = [analyzer.identity(p, f) for p, f in zip(pictures, faces, strict=True)]
    assert float(np.linalg.norm(embeddings[0] - embeddings[1])) < 0.3


def test_the_mask_of_the_garment_covers_the_garment(
    synthesizer: FaceSynthesizer, head: Part, places: list[Part]
) -> None:
    picture, cloth = assemble(synthesizer, head, clothes_of(synthesizer, GARMENT), places[0])
    assert cloth.shape == picture.shape[:2]
    garment = picture[cloth > 0.9]
    assert len(garment) > 0.05 * cloth.size
    assert np.median(garment) > 190  # it is white
    assert cloth[: len(cloth) // 2].max() < 0.1


def test_a_step_changes_the_surroundings_and_not_the_face(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer, head: Part
) -> None:
    pictures = []
    for level in (5.0, -6.0):
        style = head.style + directions().change(head.style, {"clean": level}, ())
        pictures.append(assemble(synthesizer, head, head, Part(style, head.own))[0])
    clean, cluttered = (
        background_measure.measure(Subject(picture, analyzer)) for picture in pictures
    )
    plain, busy = (background_measure.assess(measures) for measures in (clean, cluttered))
    assert not isinstance(plain, Unassessed)
    assert not isinstance(busy, Unassessed)
    assert plain > busy + 1
    embeddings = [analyzer.identity(p, analyzer.face(p)) for p in pictures]
    assert float(np.linalg.norm(embeddings[0] - embeddings[1])) < 0.3


def _anatomy(person: np.ndarray) -> Anatomy:
    empty = np.zeros((SIZE, SIZE), np.float32)
    return Anatomy(person, empty, empty, empty, empty, 0.5, 0.8)


def test_surroundings_lose_their_person_and_nothing_else() -> None:
    person = np.zeros((SIZE, SIZE), np.float32)
    person[128:, 192:320] = 1  # columns 6 to 9 of 16, from row 4 on
    features = np.tile(np.arange(16, dtype=np.float32), (2, 16, 1))
    features[:, 4:, 6:10] = 100
    fill = assembly._without_person(features, _anatomy(person))
    assert fill.max() < 16
    assert np.array_equal(fill[:, :3], features[:, :3])
    assert np.array_equal(fill[:, :, :4], features[:, :, :4])


def test_a_person_who_fills_rows_is_replaced_by_the_nearest_row_with_surroundings() -> None:
    person = np.zeros((SIZE, SIZE), np.float32)
    person[:32] = person[-64:] = 1  # the first row of 16 and the last two; the margin adds one each
    features = np.tile(np.arange(16, dtype=np.float32)[:, None], (2, 1, 16))
    fill = assembly._without_person(features, _anatomy(person))[0, :, 0]
    assert list(fill) == [2, 2, *range(2, 13), 12, 12, 12]
    everything = _anatomy(np.ones((SIZE, SIZE), np.float32))
    assert np.array_equal(assembly._without_person(features, everything), features)


def test_shares_drop_loose_pieces_beside_the_head() -> None:
    share = np.zeros((24, 24), np.float32)
    share[6:16, 8:16] = 1
    share[12:14, 1:3] = 0.8
    piece = assembly._in_one_piece(share)
    assert piece[12:14, 1:3].max() == 0
    assert np.array_equal(piece[5:17, 7:17], share[5:17, 7:17])


def test_a_person_far_beside_a_face_is_somebody_else() -> None:
    body = alone(_anatomy(np.ones((SIZE, SIZE), np.float32)))
    assert body.person[:, SIZE // 2 - 140 : SIZE // 2 + 140].min() == 1
    assert body.person[:, :80].max() == body.person[:, -80:].max() == 0
    assert beside(_anatomy(np.ones((SIZE, SIZE), np.float32))) == 1
    assert beside(body) == 0


def test_a_raised_anatomy_continues_its_last_row() -> None:
    person = np.tile(np.arange(SIZE, dtype=np.float32)[:, None], (1, SIZE))
    higher = raised(_anatomy(person))
    assert higher.chin == pytest.approx(0.8 - 0.125)
    assert higher.person[:, 0].tolist() == [*range(64, SIZE), *[SIZE - 1] * 64]


def test_a_raised_portrait_shows_the_same_face_higher(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer
) -> None:
    style = synthesizer.style(HEAD)
    faces = [analyzer.face(synthesizer.portrait(style, raised=up)) for up in (False, True)]
    shift = (faces[0].landmarks - faces[1].landmarks)[:, :2].mean(0) / 1024
    assert shift == pytest.approx([0, RISE], abs=0.01)
