"""The first picture of README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks import pairs
from proportrait import imaging
from proportrait.arrays import Image
from proportrait.edit.shot import Shot
from proportrait.labels import KEYS, LabelVector
from proportrait.score import Scorer
from tests import ROOT


class Editor:
    """Paints a picture in the shade of its seed, darker by ten for each bit that is 0."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, str, int, Sequence[str]]] = []

    def edit_face(
        self, latent_seed: int, labels: LabelVector, seed: int, bad_kinds: Sequence[str] = ()
    ) -> tuple[Shot, Shot | None]:
        self.requests.append((latent_seed, labels.code, seed, bad_kinds))
        grey = 200 - seed % 50 - 10 * (6 - sum(labels))
        if labels["framing"]:
            return Shot(_plain(grey)), None
        return Shot(_plain(grey + 10)), Shot(_plain(grey))


def _plain(grey: int) -> Image:
    return np.full((512, 512, 3), grey, np.uint8)


@pytest.mark.parametrize("pair", pairs.PAIRS, ids=lambda pair: pair.key)
def test_one_attribute_of_one_person_changes(pair: pairs.Pair) -> None:
    editor = Editor()
    good, bad = pairs.make(editor, pair)  # type: ignore[arg-type]
    assert {(face, seed) for face, _, seed, _ in editor.requests} == {(pair.face, pair.seed)}
    codes = ["111111"]
    if pair.key != "sharpness":
        codes.append(LabelVector.ones().replace(**{pair.key: 0}).code)
        assert int(good[0, 0, 0]) - int(bad[0, 0, 0]) == 10
    assert [code for _, code, _, _ in editor.requests] == codes
    if pair.key == "framing":
        assert editor.requests[-1][3] == ["off_centre_left"]


def test_a_blurred_picture_is_the_good_one_blurred() -> None:
    (pair,) = [pair for pair in pairs.PAIRS if pair.key == "sharpness"]

    class Striped(Editor):
        def edit_face(self, *_: object, **__: object) -> tuple[Shot, None]:
            image = np.zeros((512, 512, 3), np.uint8)
            image[::2] = 200
            return Shot(image), None

    good, bad = pairs.make(Striped(), pair)  # type: ignore[arg-type]
    assert np.ptp(good[200:300, 200]) == 200
    assert np.ptp(bad[200:300, 200]) < 10
    assert bad.mean() == pytest.approx(good.mean(), abs=2)


def test_there_is_a_pair_of_every_attribute_and_nobody_twice() -> None:
    assert tuple(pair.key for pair in pairs.PAIRS) == KEYS
    assert len({pair.face for pair in pairs.PAIRS}) == len(KEYS)


def test_words_and_pictures_keep_apart() -> None:
    page = np.asarray(pairs.draw({pair: (_plain(100), _plain(50)) for pair in pairs.PAIRS}))
    for number in range(len(pairs.PAIRS)):
        for (left, top), grey in zip(pairs.places(number), (100, 50), strict=True):
            columns, bottom = slice(left, left + pairs.TILE), top + pairs.TILE
            assert (page[top:bottom, columns] == grey).all()  # no word runs into it
            caption = page[bottom:, columns][:60]
            assert np.ptp(caption) > 100
            assert (caption[:, -20:] == 255).all()  # it ends before the next one begins
            assert (caption[-5:] == 255).all()


def test_it_is_written_where_one_wishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pairs, "PortraitEditor", Editor)
    path = tmp_path / "new" / "pairs.jpg"
    assert pairs.main(["-o", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    assert imaging.read(path).shape == imaging.read(ROOT / "visuals" / "pairs.jpg").shape
    (tmp_path / "file").write_bytes(b"")
    assert pairs.main(["-o", str(tmp_path / "file" / "pairs.jpg")]) == 1


def test_the_packaged_model_tells_the_two_of_each_pair_apart() -> None:
    page, scorer = imaging.read(ROOT / "visuals" / "pairs.jpg"), Scorer()
    for number, pair in enumerate(pairs.PAIRS):
        for (left, top), bit in zip(pairs.places(number), (1, 0), strict=True):
            tile = page[top : top + pairs.TILE, left : left + pairs.TILE]
            assert scorer.image(np.ascontiguousarray(tile)).verdicts[pair.key] == bit, pair.key
