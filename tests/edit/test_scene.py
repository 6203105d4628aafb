"""The closed loop: what the measures contradict is made again, and given up after some tries."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from proportrait.arrays import Float, Image
from proportrait.edit import scene
from proportrait.edit.retouch import framing
from proportrait.edit.retouch.lighting import relight
from proportrait.edit.scene import OWN, Person, Scene, framing_contradicts, shoot, shoot_again
from proportrait.errors import EditError
from proportrait.faces import Face, FaceAnalyzer
from proportrait.labels import LabelVector
from proportrait.measures import Unassessed

GOOD, BAD = LabelVector.ones(), LabelVector.from_code("000000")


@pytest.fixture(scope="module")
def person(image: Image, mask: Float, face: Face) -> Person:
    return Person(image, mask, face)


@pytest.fixture
def window(person: Person) -> framing.Window:
    return framing.widest_window(person.image, person.face)


def say(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *scores: float) -> None:
    """Let a measure say these scores in turn, the last one for ever."""

    def answers() -> Iterator[float]:
        yield from scores
        while True:
            yield scores[-1]

    said = answers()
    monkeypatch.setattr(module, "assess", lambda measures: next(said))


@pytest.mark.parametrize(("labels", "said"), [(GOOD, (10.0, 90.0)), (BAD, (90.0, 80.0, 10.0))])
def test_a_background_that_is_contradicted_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
    analyzer: FaceAnalyzer,
    person: Person,
    window: framing.Window,
    labels: LabelVector,
    said: tuple[float, ...],
) -> None:
    say(monkeypatch, scene.background_measure, *said)
    say(monkeypatch, scene.lighting_measure, 90.0 if labels["lighting"] else 5.0)
    _, edits = shoot(analyzer, person, window, labels, 1)
    assert edits["background"]["tries"] == len(said)
    assert edits["background"]["component"] == said[-1]
    assert edits["lighting"]["tries"] == 1


@pytest.mark.parametrize("labels", [GOOD, BAD])
def test_a_background_that_stays_wrong_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
    analyzer: FaceAnalyzer,
    person: Person,
    window: framing.Window,
    labels: LabelVector,
) -> None:
    say(monkeypatch, scene.background_measure, 10.0 if labels["background"] else 90.0)
    with pytest.raises(EditError, match=r"^background: "):
        shoot(analyzer, person, window, labels, 1)


def test_a_background_of_ones_own_has_to_be_a_clear_case(
    monkeypatch: pytest.MonkeyPatch, analyzer: FaceAnalyzer, person: Person, window: framing.Window
) -> None:
    say(monkeypatch, scene.lighting_measure, 90.0)
    say(monkeypatch, scene.background_measure, 60.0)
    with pytest.raises(EditError, match=r"^background: "):
        shoot(analyzer, person, window, GOOD, 1, keep_background=True)
    say(monkeypatch, scene.background_measure, 75.0)
    _, edits = shoot(analyzer, person, window, GOOD, 1, keep_background=True)
    assert edits["background"]["kind"] == OWN


def test_a_light_that_is_contradicted_is_replaced(
    monkeypatch: pytest.MonkeyPatch, analyzer: FaceAnalyzer, person: Person, window: framing.Window
) -> None:
    for labels, said in ((GOOD, (20.0, 80.0)), (BAD, (80.0, 60.0, 20.0))):
        say(monkeypatch, scene.background_measure, 100.0 * labels["background"])
        say(monkeypatch, scene.lighting_measure, *said)
        _, edits = shoot(analyzer, person, window, labels, 2)
        kinds = relight.GOOD_LIGHTS if labels["lighting"] else relight.BAD_LIGHTS
        assert edits["lighting"]["kind"] in kinds
        assert (edits["lighting"]["tries"], edits["lighting"]["component"]) == (len(said), said[-1])


def test_of_several_doubtful_lights_the_best_is_taken_and_plainly_bad_ones_are_given_up(
    monkeypatch: pytest.MonkeyPatch, analyzer: FaceAnalyzer, person: Person, window: framing.Window
) -> None:
    say(monkeypatch, scene.background_measure, 100.0)
    say(monkeypatch, scene.lighting_measure, 30.0, 45.0, 35.0)
    _, edits = shoot(analyzer, person, window, GOOD, 3)
    assert edits["lighting"]["component"] == 45.0
    assert edits["lighting"]["tries"] >= 4
    say(monkeypatch, scene.lighting_measure, 20.0)
    with pytest.raises(EditError, match=r"^lighting: "):
        shoot(analyzer, person, window, GOOD, 3)


def test_a_photo_keeps_its_colours_and_mostly_its_light() -> None:
    orders = [scene._photo_lights(GOOD, seed) for seed in range(400)]
    grey = [order for order in orders if "monochrome" in order]
    assert 0.05 < len(grey) / 400 < 0.15
    assert all(order == ["monochrome", OWN] for order in grey)
    assert 0.6 < np.mean([order[0] == OWN for order in orders]) < 0.85
    assert all(OWN in order for order in orders)
    assert scene._photo_lights(BAD, 5) == scene._light_kinds(BAD, 5)


def test_a_well_lit_photo_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, analyzer: FaceAnalyzer, person: Person, window: framing.Window
) -> None:
    say(monkeypatch, scene.background_measure, 100.0)
    say(monkeypatch, scene.lighting_measure, 90.0)
    kinds = []
    for seed in range(6):
        picture, edits = shoot(analyzer, person, window, GOOD, seed, photo=True)
        kinds.append(edits["lighting"]["kind"])
        assert edits["lighting"]["tries"] == 1
        again = shoot_again(person, window, edits, seed)
        assert np.array_equal(picture, again)
        colour = picture.max(-1).astype(int) - picture.min(-1)
        assert (colour.mean() < 1) == (kinds[-1] == "monochrome")
        if kinds[-1] == OWN:
            unlit = Scene.of(person, window, edits["background"]["kind"], seed)
            assert np.array_equal(picture, unlit.stage.cut(unlit.image))
    assert OWN in kinds


def test_another_frame_shows_the_same_place_in_the_same_light(
    analyzer: FaceAnalyzer, person: Person, window: framing.Window
) -> None:
    picture, edits = shoot(analyzer, person, window, LabelVector.from_code("010000"), 4)
    again = shoot_again(person, window, edits, 4)
    assert picture.shape == (512, 512, 3)
    assert np.array_equal(picture, again)


def test_the_measure_tells_good_frames_from_bad_ones(
    analyzer: FaceAnalyzer, person: Person
) -> None:
    good = framing.window(person.face, framing.Target("good", 0.45, 0.5, 0.47))
    close = framing.window(person.face, framing.Target("close_up", 1.1, 0.5, 0.5))
    aside = framing.window(person.face, framing.Target("off_centre_left", 0.45, 0.1, 0.47))
    for window, is_good in ((good, True), (close, False), (aside, False)):
        assert not framing_contradicts(analyzer, person, window, is_good)
        assert framing_contradicts(analyzer, person, window, not is_good)


def test_a_measure_that_fails_contradicts_no_frame(
    monkeypatch: pytest.MonkeyPatch, analyzer: FaceAnalyzer, person: Person, window: framing.Window
) -> None:
    failed = Unassessed("HeadSize", "no face found")
    monkeypatch.setattr(scene.framing_measure, "assess", lambda measures: failed)
    assert not framing_contradicts(analyzer, person, window, good=True)
    assert not framing_contradicts(analyzer, person, window, good=False)
