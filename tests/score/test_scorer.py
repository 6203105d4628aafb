"""Scores of pictures, and the commands that print and draw them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from scipy.special import expit

from proportrait import cli
from proportrait.arrays import Image
from proportrait.errors import AssetError
from proportrait.faces import Face, shared_analyzer
from proportrait.imaging import decode, encode_jpeg, encode_png, read
from proportrait.labels import KEYS
from proportrait.limits import Limits
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.looks.look import Look
from proportrait.measures import NAMES, Measure, Subject, framing
from proportrait.model.calibration import Calibration
from proportrait.model.fusion import Fusion
from proportrait.model.saved import Headshot, save
from proportrait.score import Score, Scorer, scorer
from proportrait.score.text import cards
from proportrait.train.batches import Batches, collect, collect_boxes
from proportrait.train.data import TABLE, Pictures, source_hashes
from proportrait.train.evaluate import typology_angle
from tests import FACE, ROOT
from tests.score.samples import scored
from tests.store.test_store import files
from tests.store_samples import commit_all
from tests.tiny_training import banded, headshot


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save(headshot(), path)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face, a large picture, one that is broken, one that is too small, and a small one."""
    folder = tmp_path_factory.mktemp("photos")
    shutil.copy(FACE, folder / "a.jpg")
    large = cv2.resize(banded("101010", 1), (1500, 1500))
    (folder / "b.png").write_bytes(encode_png(large))
    (folder / "c.png").write_bytes(b"this is no picture")
    (folder / "d.png").write_bytes(encode_png(large[:64, :64]))
    (folder / "e.png").write_bytes(encode_png(banded("010101", 2)))
    (folder / "notes.txt").write_text("no picture either")
    return folder


@pytest.fixture(scope="module")
def scores(model: Path, photos: Path) -> list[Score]:
    return list(Scorer.from_file(model).files(sorted(photos.glob("*.*g"))))


# --- the scorer


def test_every_file_has_a_score_or_an_error(scores: list[Score], photos: Path) -> None:
    assert [Path(score.path).name for score in scores] == [
        "a.jpg", "b.png", "c.png", "d.png", "e.png",
    ]  # fmt: skip
    assert [score.error is None for score in scores] == [True, True, False, False, True]
    assert "no picture of a known format" in str(scores[2].error)
    assert "at least 128 px" in str(scores[3].error)
    assert scores[2].verdicts == scores[2].probabilities == {}


def test_json_of_a_score_has_the_six_attributes_in_order(scores: list[Score]) -> None:
    data = scores[0].to_json()
    assert list(data) == [
        "schema", "path", "overall", "verdicts", "marks", "probabilities", "sure", "words",
        "failed", "unasked", "unknown", "reasons", "disagreements", "faces", "box", "one_person",
        "remarks", "judge",
    ]  # fmt: skip
    assert data["words"] == {key: scores[0].words(key) for key in KEYS}
    assert data["one_person"] is True
    assert list(data["verdicts"]) == list(data["probabilities"]) == list(data["sure"]) == list(KEYS)
    assert all(0 <= value <= 1 for value in data["probabilities"].values())
    assert set(data["verdicts"].values()) <= {0, 1}
    assert list(scores[2].to_json()) == ["schema", "path", "error"]
    failed = [key for key in KEYS if data["verdicts"][key] == 0]
    assert list(dict.fromkeys(reason["attribute"] for reason in data["reasons"])) == failed


def test_what_everything_passes_is_not_asked_and_has_no_say() -> None:
    score = Scorer(limits="badge").image(FACE)
    assert score.unasked == ("attire",)
    assert (score.verdicts["attire"], score.words("attire")) == (1, "not asked")
    asked = [score.marks[key] for key in KEYS if key != "attire"]
    assert score.overall == scorer._overall(asked)
    assert all(reason.attribute != "attire" for reason in score.disagreements)
    assert Scorer().image(FACE).unasked == ()


def test_the_failed_attributes_stand_in_the_order_of_their_marks() -> None:
    assert scored("", (90, 30, 20, 90, 30, None)).failed == ["attire", "background", "framing"]


def test_the_schema_describes_the_json(scores: list[Score]) -> None:
    schema = json.loads((resources("proportrait.score") / "score.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    blank = Scorer().image(np.full((256, 256, 3), 128, np.uint8))
    for score in [*scores, blank, Scorer(limits="badge").image(FACE)]:
        validator.validate(score.to_json())
    for broken in (
        {"path": 3},
        scores[0].to_json() | {"overall": 101},
        scores[2].to_json() | {"faces": 1},
    ):
        assert list(validator.iter_errors(broken))


@pytest.mark.parametrize(
    ("turns", "box"),
    [
        (0, (0.1, 0.2, 0.4, 0.7)), (1, (0.3, 0.1, 0.8, 0.4)), (2, (0.6, 0.3, 0.9, 0.8)),
        (3, (0.2, 0.6, 0.7, 0.9)),
    ],
)  # fmt: skip
def test_the_box_of_a_lying_head_is_that_of_the_file(
    turns: int, box: tuple[float, float, float, float]
) -> None:
    """A white field where the face is, turned as `Look.turns` counts."""
    boxes = np.array([(0.1, 0.2, 0.4, 0.7)], np.float32)
    assert scorer._box(Look(boxes=boxes, turns=turns)) == box
    picture = np.zeros((10, 10), np.uint8)
    x0, y0, x1, y1 = (round(10 * end) for end in box)
    picture[y0:y1, x0:x1] = 255
    assert np.rot90(picture, turns)[2:7, 1:4].all()
    assert scorer._box(Look()) is None


def test_marks_are_50_at_the_threshold() -> None:
    thresholds = (0.2, 0.2, 0.2, 0.8, 0.8, 0.8)
    likely = dict(zip(KEYS, (0.2, 0.1, 0.6, 0.799, 0.0, 1.0), strict=True))
    marks = scorer._marks(likely, thresholds)
    assert list(marks.values()) == [50, 25, 75, 49, 0, 100]
    assert scorer._overall(marks.values()) == 25  # half of 0 and half of 299 / 6
    assert scorer._marks(likely | {"attire": None}, thresholds)["attire"] is None
    assert scorer._overall([*[*marks.values()][:5], None]) is None


def test_verdicts_and_probabilities_are_calibrated() -> None:
    calibration = Calibration((1e6,) * 3 + (1,) * 3, (0.4, 0.6) * 3)
    score = Scorer(replace(headshot(), calibration=calibration)).image(read(FACE))
    assert list(score.probabilities.values())[:3] == [0.5] * 3
    assert score.labels.code[:3] == "101"
    assert score.labels.values == tuple(score.verdicts.values())


def test_an_array_has_the_score_of_its_file(scores: list[Score], model: Path) -> None:
    score = Scorer.from_file(model).image(decode(FACE.read_bytes()))
    assert score.path == ""
    assert score.probabilities == scores[0].probabilities


def test_a_measure_costs_what_its_curve_says() -> None:
    """Where the measures alone are heard, and of them the size of the head alone."""
    fresh = headshot()
    fusion = Fusion.neutral(fresh.fusion.weight.shape[1], len(NAMES))
    place = NAMES.index("framing.HeadSize")
    fusion.knots[place] = 0, 1
    fusion.curves[KEYS.index("framing"), place] = -4, 4
    fusion.mix[:] = 0, 0, 1
    scorer_ = Scorer(replace(fresh, fusion=fusion, calibration=Calibration()))
    size = framing.measure(Subject(read(FACE), shared_analyzer()))["HeadSize"]
    assert isinstance(size, Measure)
    assert 0 < size.value < 1
    probabilities = scorer_.image(read(FACE)).probabilities
    assert probabilities["framing"] == pytest.approx(expit(8 * size.value - 4), abs=1e-3)
    assert probabilities["lighting"] == 0.5


def test_limits_of_ones_own_change_verdicts_marks_and_reasons(
    scores: list[Score], photos: Path
) -> None:
    likely = scores[0].probabilities["attire"]
    assert likely is not None
    low = f"[attire]\nprobability = {likely / 2}\n[framing]\nHeadSize = {{max = 0.2}}"
    high = f"[attire]\nprobability = {(1 + likely) / 2}"
    lenient, strict = (
        Scorer(headshot(), limits=Limits.parse(text)).image(photos / "a.jpg")
        for text in (low, high)
    )
    assert (lenient.verdicts["attire"], strict.verdicts["attire"]) == (1, 0)
    assert lenient.probabilities["attire"] == strict.probabilities["attire"] == likely
    assert lenient.marks["attire"] == round(50 + 50 * (likely / 2) / (1 - likely / 2))
    assert strict.marks["attire"] == int(100 * likely / (1 + likely))
    first = next(reason for reason in lenient.reasons if reason.attribute == "framing")
    assert first.text.endswith("picture heights: the limit is at most 0.2)")
    assert (lenient.verdicts["framing"], lenient.sure["framing"]) == (0, True)
    assert [r.measure for r in lenient.reasons].count("framing.HeadSize") == 1


def test_who_judges_alike_has_the_same_name(model: Path) -> None:
    own = Scorer(headshot())
    text = "[attire]\nmark = 60\n[framing]\nHeadSize = {max = 0.4}"
    other_order = "[framing]\nHeadSize = {max = 0.4}\n[attire]\nmark = 60"
    strict = Scorer(headshot(), Limits.parse(text))
    assert len(own.judge) == 12
    assert own.judge == Scorer.from_file(model).judge
    assert strict.judge == Scorer(headshot(), Limits.parse(other_order)).judge
    weights = dict(headshot().state)
    name = next(name for name in weights if name.endswith("weight"))
    weights[name] = weights[name] + 1
    judges = [own, strict, Scorer(replace(headshot(), state=weights)),
              Scorer(replace(headshot(), calibration=Calibration((2.0,) * 6)))]  # fmt: skip
    assert len({scorer.judge for scorer in judges}) == 4
    assert own.image(read(FACE)).to_json()["judge"] == own.judge


def test_what_is_plainly_bad_has_a_low_mark_under_every_limit(photos: Path) -> None:
    limits = Limits.parse("[framing]\nmark = 0\nHeadSize = {max = 0.2}")
    score = Scorer(headshot(), limits=limits).image(photos / "a.jpg")
    assert (score.verdicts["framing"], score.marks["framing"]) == (0, 49)


def test_other_pictures_and_workers_change_no_score(
    scores: list[Score], model: Path, photos: Path
) -> None:
    paths = [photos / Path(score.path).name for score in scores]
    scorer_ = Scorer.from_file(model)
    # The large picture takes longest: others are ready before it.
    swapped = list(scorer_.files(iter([paths[1], paths[0], *paths[2:]]), workers=2))
    assert [score.path for score in swapped] == [str(paths[n]) for n in (1, 0, 2, 3, 4)]
    for score, expected in zip(swapped, [scores[1], scores[0], *scores[2:]], strict=True):
        assert score.verdicts == expected.verdicts
        assert score.probabilities == pytest.approx(expected.probabilities, abs=2e-4)
        assert score.error == expected.error
    assert list(scorer_.files([])) == []


def test_scores_come_before_all_files_are_read(scores: list[Score], model: Path) -> None:
    waiting = [score.path for score in reversed(scores)]
    results = Scorer.from_file(model).files(waiting.pop() for _ in scores)
    assert next(results).path == scores[0].path
    assert len(waiting) == 4


def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="no model of `proportrait train`"):
        Scorer.from_file(tmp_path / "gone.safetensors")


# --- proportrait score


def test_a_verdict_needs_nothing_of_the_training(tmp_path: Path) -> None:
    """The packaged model, in a fresh process and without earlier looks."""
    heavy = "torch torchvision timm sklearn scipy matplotlib accelerate huggingface_hub datasets"
    code = (
        "import sys; from proportrait import cli\n"
        f"assert cli.main(['score', {str(FACE)!r}]) == 0\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env=os.environ | {FOLDER_VARIABLE: str(tmp_path)},
    )  # fmt: skip
    first, *_, modules = output.stdout.splitlines()
    assert first.endswith("of 100")
    assert modules == "[]"


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_score_prints_json(
    model: Path, photos: Path, scores: list[Score], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = "score", photos / "a.jpg", photos / "c.png", "--model", model, "--format", "json"
    assert run(*arguments) == 1  # one is no picture
    data = json.loads(capsys.readouterr().out)
    assert list(data[1]) == ["schema", "path", "error"]
    assert data[0] == scores[0].to_json()
    assert run("score", photos / "a.jpg", "--model", model, "--format", "json") == 0


def test_score_prints_cards_of_a_folder_and_draws_it(
    model: Path, photos: Path, scores: list[Score], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run("score", photos, "--model", model, "--picture", tmp_path / "sheet.png") == 1
    output = capsys.readouterr()
    assert output.out.splitlines() == list(
        cards([replace(e, path=str(photos / Path(e.path).name)) for e in scores])
    )
    sheet = decode((tmp_path / "sheet.png").read_bytes())
    assert sheet.shape[1] == 5 * 316 - 16 + 40  # five in a row
    assert f"picture     {tmp_path / 'sheet.png'}\n" in output.err


def test_score_writes_a_page(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert run("score", photos, "--model", model, "--report", page) == 1
    assert f"report      {page}\n" in capsys.readouterr().err
    names = re.findall(r'"name":"(.*?)"', page.read_text(encoding="utf-8"))
    assert names == ["a.jpg", "b.png", "c.png", "d.png", "e.png"]
    page.write_text("somebody's own")
    assert run("score", photos, "--model", model, "--report", page) == 2
    assert page.read_text() == "somebody's own"


@pytest.mark.parametrize("where", ["nowhere/sheet.png", "folder.png"])
def test_a_sheet_that_cannot_be_written_is_an_error(
    model: Path, photos: Path, tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.png").mkdir()
    assert run("score", photos / "e.png", "--model", model, "--picture", tmp_path / where) == 2
    assert "error: " in capsys.readouterr().err


def test_wrong_paths_are_errors(
    model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("score", tmp_path, "--model", model) == 2
    assert "holds no pictures" in capsys.readouterr().err
    assert run("score", photos / "a.jpg", "--model", tmp_path / "gone.safetensors") == 1
    assert "no model of" in capsys.readouterr().err
    assert run("score", tmp_path / "gone.jpg", "--model", model) == 1
    assert "gone.jpg: it cannot be read" in capsys.readouterr().out


def test_the_readme_shows_the_real_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first command that it shows; a new packaged model may ask for a new block."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"^proportrait (.*?) +# .*\n```\n```text\n(.*?)^```$", text, re.M | re.S)
    assert first
    assert run(*first[1].split()) == 0
    assert capsys.readouterr().out == first[2]


# --- proportrait evaluate


@pytest.fixture
def labelled(tmp_path: Path, photos: Path) -> Path:
    for name in ("a.jpg", "b.png", "e.png"):
        shutil.copy(photos / name, tmp_path / name)
    rows = ["file,labels,source_id", "a.jpg,11?111,ann", "b.png,0?0000,bob", "e.png,??1???,bob"]
    (tmp_path / TABLE).write_text("\n".join(rows) + "\n")
    return tmp_path


def test_evaluate_prints_json(
    model: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", labelled, "--model", model, "--format", "json", "--workers", 1) == 0
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (data["pictures"], data["sources"]) == (3, 2)
    assert list(data["attributes"]) == list(data["calibration_error"]) == list(KEYS)
    first, *others = Scorer.from_file(model).files(
        labelled / n for n in ("a.jpg", "b.png", "e.png")
    )
    right = sum(first.verdicts[key] == 1 for key in KEYS if key != "attire")
    assert all(set(score.verdicts.values()) == {None} for score in others)  # these count as wrong
    assert data["overall"]["value"] == pytest.approx(right / 11, abs=1e-4)
    background = data["attributes"]["background"]
    assert (background["good"], background["bad"]) == (1, 0)
    assert background["auc"]["value"] is None
    assert data["groups"] == {}  # too few pictures


def test_evaluate_prints_a_table_and_groups_of_people(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["file,labels"]
    for number in range(10):
        shutil.copy(FACE, tmp_path / f"{number}.jpg")
        rows.append(f"{number}.jpg,111111")
    (tmp_path / TABLE).write_text("\n".join(rows))
    assert run("evaluate", tmp_path, "--model", model, "--workers", 1) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["lighting", "10", "0"]
    assert lines[-4].startswith("skin ")
    assert "10 pictures" in lines[-4]
    assert lines[-2].split()[-6:] == list(KEYS)
    assert lines[-1].startswith("skin ")
    assert set(lines[-1].split()[-6:]) <= {"0.00", "1.00"}  # ten copies of one picture


def test_evaluate_takes_groups_of_a_table(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{number}.jpg" for number in range(20)]
    for name in names:
        shutil.copy(FACE, tmp_path / name)
    (tmp_path / TABLE).write_text("\n".join(["file,labels", *(f"{n},111111" for n in names)]))
    groups = tmp_path / "groups.csv"
    groups.write_text("\n".join(["file,hat", *(f"{n},{i < 9}" for i, n in enumerate(names))]))
    options = "evaluate", tmp_path, "--model", model, "--workers", 1, "--groups", groups
    assert run(*options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("hat False")
    assert lines[-4].split()[:4] == ["hat", "False", "11", "pictures"]  # nine are too few


def test_people_of_the_training_are_left_out(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = Pictures.from_folder(labelled).sources
    for known, code, pictures in (((sources[0],), 0, 2), (sources, 2, 0)):
        path = tmp_path / f"{len(known)}.safetensors"
        save(headshot({"data": {"people": source_hashes(np.array(known))}}), path)
        assert run("evaluate", labelled, "--model", path, "--format", "json") == code
        output = capsys.readouterr()
        if code:
            assert "the model has learnt from, or was chosen by, all 3 pictures" in output.err
        else:
            assert json.loads(output.out)["pictures"] == pictures
            assert "left out 1 of 3 pictures" in output.err


def test_a_picture_without_colour_has_no_skin_tone(image: Image, face: Face) -> None:
    assert -90 < typology_angle(image, face) < 90
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert np.isnan(typology_angle(grey, face))


def test_no_face_or_several_make_a_remark(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = read(FACE)
    (tmp_path / "none.png").write_bytes(encode_png(np.full((256, 256, 3), 90, np.uint8)))
    (tmp_path / "one.png").write_bytes(encode_png(face))
    (tmp_path / "two.png").write_bytes(encode_png(np.hstack([face, face])))
    by_name = {Path(score.path).stem: score for score in
             Scorer.from_file(model).files(sorted(tmp_path.glob("*.png")))}  # fmt: skip
    assert {name: score.faces for name, score in by_name.items()} == {"none": 0, "one": 1, "two": 2}
    assert by_name["one"].remark == ""
    assert run("score", tmp_path, "--model", model) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / 'none.png'}: no verdict: no person is found"
    assert "  note: 2 faces: the largest is judged" in lines
    assert any("2 people are about as large" in line for line in lines)
    assert (by_name["none"].one_person, by_name["two"].one_person) == (False, False)
    assert by_name["two"].verdicts["background"] == 0
    with pytest.raises(ValueError, match=r"lacks verdicts: no person is found"):
        _ = by_name["none"].labels


def test_a_file_that_is_no_picture_has_no_labels(model: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_bytes(b"text")
    (score,) = Scorer.from_file(model).files([tmp_path / "text.jpg"])
    with pytest.raises(ValueError, match=r"text\.jpg lacks verdicts: .* no picture of a known"):
        _ = score.labels


def test_strict_asks_for_six_verdicts_on_one_person(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("score", photos / "a.jpg", "--model", model, "--strict") == 0
    assert run("score", photos / "a.jpg", photos / "e.png", "--model", model, "--strict") == 3
    assert run("score", photos / "a.jpg", photos / "e.png", "--model", model) == 0
    assert run("score", photos / "c.png", photos / "e.png", "--model", model, "--strict") == 1
    capsys.readouterr()
    run("score", photos / "e.png", "--model", model, "--format", "json")
    (data,) = json.loads(capsys.readouterr().out)
    assert data["verdicts"] == data["probabilities"] == dict.fromkeys(KEYS)
    assert data["unknown"] == dict.fromkeys(KEYS, "no person is found")
    assert data["one_person"] is False


def test_a_data_set_that_cannot_be_written_is_evaluated_and_learnt_from(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit_all(tmp_path, 2)
    # Even root can make no cache in it.
    (tmp_path / "verification").write_bytes(b"in the way")
    before = files(tmp_path)
    capsys.readouterr()
    options = ("--model", model, "--format", "json", "--workers", 1)
    assert run("evaluate", tmp_path, *options) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 4
    assert collect_boxes(Pictures.from_folder(tmp_path)).shape == (4, 4)
    assert files(tmp_path) == before


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_a_read_only_disk_is_evaluated(model: Path, tmp_path: Path) -> None:
    commit_all(tmp_path / "set", 2)
    (tmp_path / "disk").mkdir()
    script = (
        'mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" || exit 77; '
        'exec "$3" -m proportrait evaluate "$2" --model "$4" --format json --workers 1'
    )
    places = [tmp_path / "set", tmp_path / "disk", sys.executable, model]
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*command, *map(str, places)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no right to mount a disk")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pictures"] == 4


def test_wrong_data_end_an_evaluation(
    model: Path, labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (labelled / "b.png").write_bytes(b"this is no picture")
    assert run("evaluate", labelled, "--model", model) == 2
    assert "1 files are no pictures; take them out first" in capsys.readouterr().err
    (labelled / TABLE).unlink()
    assert run("evaluate", labelled, "--model", model) == 2
    assert "holds neither" in capsys.readouterr().err


def test_training_and_serving_see_equal_bits(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a face, of a larger and turned picture, of one without a face; also from the cache."""
    face = decode(FACE.read_bytes())
    (tmp_path / "a.png").write_bytes(encode_png(face))
    larger = cv2.resize(face, (1100, 1400), interpolation=cv2.INTER_CUBIC)
    (tmp_path / "b.jpg").write_bytes(encode_jpeg(larger, quality=80))
    (tmp_path / "c.png").write_bytes(encode_png(banded("101010", 1)))
    lines = [f"{name},101010" for name in ("a.png", "b.jpg", "c.png")]
    (tmp_path / TABLE).write_text("\n".join(["file,labels", *lines]) + "\n")
    scorer_ = Scorer.from_file(model)
    prepare = scorer_.model.preprocessing
    inputs: list[np.ndarray] = []
    outputs: list[np.ndarray] = []
    logits = Headshot.logits

    def spy(self: Headshot, looks: Sequence[Look]) -> np.ndarray:
        inputs.extend(look.views[0] for look in looks if look.views is not None)
        outputs.extend(logits(self, looks))
        return np.stack(outputs[-len(looks) :])

    monkeypatch.setattr(Headshot, "logits", spy)
    pictures = Pictures.from_folder(tmp_path)
    evidence, directions = collect(scorer_.model, pictures, np.ones(3))
    fused = scorer_.model.fusion.logits(evidence.own, evidence.features, evidence.measures)
    for _ in range(2):  # the second time the measures come from the cache
        inputs.clear()
        outputs.clear()
        batches = Batches(pictures, collect_boxes(pictures), prepare)
        items = [batches[-1, number] for number in range(3)]
        list(scorer_.files(map(str, pictures.paths)))
        for (views, _, _), own_views in zip(items, inputs, strict=True):
            assert views.numpy().tobytes() == prepare.normalise(own_views).tobytes()
        assert np.stack(outputs) == pytest.approx(fused, abs=1e-5)
    assert not np.isnan(evidence.measures[0]).all()
    assert np.isnan(evidence.measures[2]).sum() > np.isnan(evidence.measures[0]).sum()
    signs = dict(zip(NAMES, directions, strict=True))
    assert (signs["framing.HeadSize"], signs["sharpness.Sharpness"]) == (0, 1)
    assert signs["background.BackgroundClutter"] == -1
