"""Explanations of pictures: maps, their picture, their files."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import proportrait
from proportrait import imaging
from proportrait.advice import Reason
from proportrait.cli import main
from proportrait.errors import ConfigurationError, ImageError
from proportrait.explanations import Explanation, Heat, explain
from proportrait.explanations.explanation import explain_look
from proportrait.explanations.files import Explanations, _Explainer, explained_files
from proportrait.explanations.gauge import gauge
from proportrait.explanations.heat import heated
from proportrait.faces import FaceAnalyzer
from proportrait.labels import KEYS
from proportrait.looks import look as looks
from proportrait.score import PACKAGED, Scorer
from proportrait.sheets import is_sheet
from tests import FACE


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture(scope="module")
def explanation(scorer: Scorer) -> Explanation:
    return explain(FACE, scorer)


def test_every_attribute_that_failed_has_heat(explanation: Explanation, scorer: Scorer) -> None:
    assert explanation.score == scorer.image(FACE)
    failed = {key for key, good in explanation.score.verdicts.items() if good == 0}
    assert "attire" in failed
    assert set(explanation.heat) == failed
    assert explanation.heat["attire"].source == "network"  # no measure is told of clothes
    for heat in explanation.heat.values():
        assert heat.map.dtype == np.float32
        assert heat.map.shape == (192, 192)
        assert heat.map.max() == 1
        assert heat.map.min() >= 0
    assert explanation.log_odds is not None
    assert explanation.log_odds.shape == (len(KEYS), 192, 192)


def test_the_source_follows_the_first_reason(explanation: Explanation) -> None:
    for reason in explanation.score.failures:
        source = explanation.heat[reason.attribute].source
        assert source == ("measure" if reason.measure else "network")


@pytest.mark.parametrize("change", ["mirrored", "lying"])
def test_heat_lies_where_the_file_shows_it(
    explanation: Explanation, scorer: Scorer, change: str
) -> None:
    """A picture is mirrored and turned before it is measured; its maps are turned back."""
    turn = np.fliplr if change == "mirrored" else np.rot90
    changed = explain(np.ascontiguousarray(turn(imaging.read(FACE))), scorer)
    heat = changed.heat["attire"].map
    before = explanation.heat["attire"].map
    off = np.abs(heat - turn(before)).mean()  # a lying face is found a little elsewhere
    assert off < 0.05
    assert off < np.abs(heat - before).mean() / 4


def test_what_is_no_picture_has_no_explanation(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"a\.jpg"):
        explain(tmp_path / "a.jpg", scorer)
    grey = explain(np.full((200, 300, 3), 128, np.uint8), scorer)
    assert grey.heat == {}
    assert grey.draw().size[0] >= 616


def test_the_picture_has_a_panel_for_each_failure(explanation: Explanation) -> None:
    page = np.asarray(explanation.draw())
    failures = len({reason.attribute for reason in explanation.score.failures})
    assert failures == 2
    assert page.shape[1] == 1288  # two panels of 300 px beside the photo, and nothing below it
    assert page.shape[0] < 900
    good = replace(explanation.score, verdicts=dict.fromkeys(KEYS, 1), reasons=())
    assert replace(explanation, score=good, heat={}).draw().height < page.shape[0] - 100


def test_heat_is_orange_on_grey() -> None:
    picture = np.full((64, 64, 3), (0, 120, 255), np.uint8)
    heat = np.zeros((16, 16), np.float32)
    heat[:, :4] = 1
    result = heated(picture, heat).astype(int)
    assert np.ptp(result[32, 60]) == 0
    red, green, blue = result[32, 4]
    assert red > green + 40 > blue + 80


@pytest.mark.parametrize(
    ("value", "low", "high", "expected", "text"),
    [
        # The bars go from 0.14 to 0.56, from -0.6 to 3.6, and from 0 to 0.9.
        (0.5, 0.2, 0.4, (0.1429, 0.6190, 0.8571), "good photos 0.2 to 0.4"),
        (3.0, None, 1.0, (0.0, 0.3684, 0.8947), "good photos up to 1"),
        (0.1, 0.6, None, (0.6667, 1.0, 0.1111), "good photos from 0.6"),
    ],
)
def test_a_value_stands_beside_its_range(
    value: float, low: float | None, high: float | None, expected: tuple[float, ...], text: str
) -> None:
    reason = Reason("framing", "", "", "framing.HeadSize", value, "picture heights", low, high)
    result = gauge(reason)
    assert result is not None
    assert result[:3] == pytest.approx(expected, abs=1e-3)
    assert result.text == f"head size {value:g} picture heights; {text}"
    assert gauge(replace(reason, value=None)) is None


def test_a_file_a_photo_is_written_and_only_own_files_are_replaced(
    scorer: Scorer, tmp_path: Path
) -> None:
    photos, folder = tmp_path / "photos", tmp_path / "why"
    photos.mkdir()
    (photos / "me.jpg").write_bytes(FACE.read_bytes())
    folder.mkdir()
    (folder / "me.png").write_bytes(b"mine")
    score = scorer.image(photos / "me.jpg")
    for _ in range(2):
        files = Explanations(folder, [photos])
        (found,) = explained_files([photos / "me.jpg"], scorer, PACKAGED, 1, files)
        assert replace(found, heat={}) == score
        assert files.count == 1
        assert sorted(path.name for path in folder.iterdir()) == ["me-2.png", "me.png"]
        assert (folder / "me.png").read_bytes() == b"mine"
        assert is_sheet(folder / "me-2.png")
    assert [path.name for path in photos.iterdir()] == ["me.jpg"]
    with pytest.raises(ConfigurationError, match="would be judged too"):
        Explanations(photos / "why", [photos])


def test_a_photo_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For verdicts, explanation, and report together, also where the cache knows it already."""
    counts: Counter[str] = Counter()

    def counted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            counts[name] += 1
            return work(*args, **options)

        return run

    monkeypatch.setenv("PROPORTRAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(looks, "_complete", counted("looks", looks._complete))
    monkeypatch.setattr(imaging, "decode_picture", counted("decoded", imaging.decode_picture))
    monkeypatch.setattr(FaceAnalyzer, "detect", counted("faces", FaceAnalyzer.detect))
    pixels, photos = imaging.read(FACE), tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(FACE.read_bytes())
    (photos / "b.jpg").write_bytes(imaging.encode_jpeg(np.ascontiguousarray(np.fliplr(pixels))))
    (photos / "c.jpg").write_bytes(b"no picture")
    options = ["--explain", str(tmp_path / "why"), "--report", str(tmp_path / "page.html"),
               "--output", str(tmp_path / "all.jsonl"), "--workers", "1"]  # fmt: skip
    assert main(["score", str(photos), *options]) == 1
    assert counts == {"looks": 2, "decoded": 3, "faces": 2}
    assert len(list((tmp_path / "why").iterdir())) == 2
    assert "heat" not in (tmp_path / "all.jsonl").read_text(encoding="utf-8")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count('"heat":{"attire":') == 2
    (tmp_path / "all.jsonl").unlink()
    counts.clear()
    assert main(["score", str(photos), *options, "--no_where"]) == 1
    assert counts == {"looks": 2, "decoded": 2, "faces": 2}
    assert '"heat":' not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_worker_explains_by_the_same_model_and_limits(scorer: Scorer) -> None:
    own = Scorer(limits="linkedin")
    sent = pickle.loads(pickle.dumps(_Explainer(own, (PACKAGED, own.limits, ()), draws=True)))
    assert sent.scorer.judge == own.judge != scorer.judge
    assert sent.draws
    again = pickle.loads(pickle.dumps(_Explainer(own, (PACKAGED, own.limits, ()), draws=False)))
    assert again.scorer is sent.scorer  # kept: loading it takes longer than a picture


def test_a_look_without_its_picture_explains_nothing(scorer: Scorer) -> None:
    with pytest.raises(ValueError, match="cache"):
        explain_look(looks.Look(), scorer.image(FACE), scorer.model)


def test_the_command_draws_explanations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(FACE), "--explain", str(tmp_path / "why"), "--workers", "1"]) == 0
    assert is_sheet(tmp_path / "why" / "face.png")
    assert "explained   1 in" in capsys.readouterr().err


def test_it_is_imported_in_one_line() -> None:
    assert proportrait.explain is explain
    assert Heat.__doc__
