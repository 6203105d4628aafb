"""Verdicts, second opinions, the cache of looks, and the command line of stage two."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import verify_labels
from proportrait.commandline import parse
from proportrait.commands import verify
from proportrait.errors import ConfigurationError
from proportrait.imaging import decode, encode_jpeg
from proportrait.labels import KEYS, LabelVector
from proportrait.looks.look import Look
from proportrait.measures import background
from proportrait.store import RecordStore
from proportrait.store.records import Record
from proportrait.verification.bits import Claim, Reading
from proportrait.verification.findings import EXAMPLES, Findings
from proportrait.verification.judge import Verdict, judge
from proportrait.verification.limits import Limits, limits
from proportrait.verification.pictures import Pictures
from tests import FACE
from tests.store.test_store import files

ONES = LabelVector.ones()


# --- verdicts


@pytest.mark.parametrize(
    ("score", "bit"), [(None, None), (0, 0), (9.9, 0), (10, None), (59.9, None), (60, 1)]
)
def test_a_measure_speaks_only_where_it_is_sure(score: float | None, bit: int | None) -> None:
    assert Limits(10.0, 60.0, 0.3).read_score(score) is Reading(bit)
    assert Limits(None, None, 0.3).read_score(score) is Reading.UNCLEAR


@pytest.mark.parametrize(
    ("probability", "bit"), [(0.0, 0), (0.29, 0), (0.3, None), (0.7, None), (0.71, 1), (1.0, 1)]
)
def test_the_model_speaks_only_where_it_is_sure(probability: float, bit: int | None) -> None:
    assert Limits(10.0, 60.0, 0.3).read_probability(probability) is Reading(bit)


def test_every_attribute_has_limits_in_order() -> None:
    assert tuple(limits()) == KEYS
    for limit in limits().values():
        assert 0 < limit.doubt < 0.5
        if limit.bad_under is not None:
            assert limit.good_from is not None
            assert 0 <= limit.bad_under <= limit.good_from <= 100


def test_no_background_that_the_editor_accepts_as_cluttered_is_read_as_clean() -> None:
    assert limits()["background"].read_score(background.LIMIT) is Reading.UNCLEAR


@pytest.mark.parametrize(
    ("said", "score", "probability", "word", "shown"),
    [
        (1, 90, None, "confirmed", 1),
        (0, 90, None, "contradicted", 1),
        (1, 5, None, "contradicted", 0),
        (1, 54, None, "cannot tell", None),
        (1, None, None, "cannot tell", None),
        (None, 5, None, "confirmed", 0),  # was no claim: known now
        (1, 90, 0.1, "contradicted", 0),  # the model knows the score too
        (0, 90, 0.1, "confirmed", 0),
        (1, 90, 0.5, "cannot tell", None),
        (None, 90, 0.5, "cannot tell", None),
        (None, 90, 0.9, "confirmed", 1),
    ],
)
def test_the_word_on_framing(
    said: int | None, score: float | None, probability: float | None, word: str,
    shown: int | None,
) -> None:  # fmt: skip
    labels = ONES.replace(framing=said or 0)
    known = ONES.replace(framing=int(said is not None))
    scores = {} if score is None else {"framing": score}
    seen = Look(scores=scores, reasons={"framing": "no face found"})
    opinion = {} if probability is None else {"framing": probability}
    (verdict,) = judge(labels, known, seen, opinion, ("framing",))
    assert (verdict.word, verdict.reading) == (word, Reading(shown))
    assert verdict.claim is Claim(said)
    assert verdict.changes_record == (shown is not None and shown != said)
    assert bool(verdict.by) == (shown is not None)
    if score is None:
        assert verdict.reason == "no face found"


# --- findings


@pytest.mark.parametrize(("generator", "count"), [("offline", 1), ("gemini", 0)])
def test_labels_that_were_made_true_are_not_fixed_without_a_caution(
    generator: str, count: int
) -> None:
    findings = Findings(("framing",))
    record = replace(_record("a_111111.jpg", ONES), generator=generator)
    findings.add(
        record, [Verdict("framing", Claim.GOOD, Reading.GOOD, "measure", 90.0)], (512, 512)
    )
    assert "caution" not in findings.table()
    findings.add(record, [Verdict("framing", Claim.GOOD, Reading.BAD, "measure", 20.0)], (512, 512))
    assert findings.to_json()["contradicted_but_made_true"] == count
    assert ("caution     1 contradicted bits were made true" in findings.table()) == bool(count)


def test_findings_count_and_keep_the_surest_examples() -> None:
    findings = Findings(("framing",))
    base = _record("a_111111.jpg", ONES)
    for number in range(10):
        record = replace(base, output_filename=f"p{number}_111111.jpg")
        verdict = Verdict("framing", Claim.GOOD, Reading.BAD, "measure", 20.0 - number)
        findings.add(record, [verdict], (512, 512))
    unclaimed = Verdict("framing", Claim.NONE, Reading.GOOD, "measure", 90.0)
    findings.add(base, [unclaimed], (512, 512))
    findings.add(base, [Verdict("framing", Claim.GOOD, Reading.UNCLEAR, reason="?")], (256, 512))
    found = findings.to_json()["attributes"]["framing"]
    assert (found["contradicted"], found["confirmed"], found["cannot_tell"]) == (10, 0, 1)
    assert found["newly_known"] == 1
    assert found["before"] == {"1": 11, "unknown": 1}
    assert found["after"] == {"1": 2, "0": 10}
    assert found["requested_and_shown"] == {"1 -> 0": 10, "1 -> ?": 1}
    kept = findings.examples["framing", 1]
    assert len(kept) == EXAMPLES
    assert {e.name for e in kept} == {f"p{n}_111111.jpg" for n in range(4, 10)}
    assert kept[0].title == "framing: labelled good, is bad"


def test_portraits_that_were_kept_good_are_no_failed_requests() -> None:
    """Bad framing was asked for: the portrait stays good, its twin is bad."""
    findings = Findings(("framing", "lighting"))
    bad = LabelVector((0, 1, 1, 1, 0, 1))
    parent = replace(_record("a_111111.jpg", ONES), requested=bad)
    twin = replace(
        parent, labels=ONES.replace(framing=0), parent="a_111111.jpg", framing_type="close_up"
    )
    light = Verdict("lighting", Claim.GOOD, Reading.GOOD)
    findings.add(parent, [Verdict("framing", Claim.GOOD, Reading.GOOD), light], (512, 512))
    findings.add(twin, [Verdict("framing", Claim.BAD, Reading.BAD), light], (512, 512))
    # A picture that was relabelled after it had been asked for: that request failed.
    fixed = replace(parent, checks={"relabelled": {"framing": {"from": 0, "to": 1}}})
    findings.add(fixed, [Verdict("framing", Claim.GOOD, Reading.GOOD)], (512, 512))
    counts = findings.to_json()["attributes"]
    assert counts["framing"]["kept_good"] == 1
    assert counts["framing"]["requested_and_shown"] == {"0 -> 0": 1, "0 -> 1": 1}
    assert counts["lighting"]["kept_good"] == 0
    assert counts["lighting"]["requested_and_shown"] == {"0 -> 1": 2}


# --- the command


def _record(name: str, labels: LabelVector, known: LabelVector = ONES) -> Record:
    return Record(name, name, name, labels, labels, known)


def make_set(folder: Path) -> None:
    """A good portrait, one that is far from centred, and one that is blurred, all said to be fine.

    Nothing is said of the sharpness of the good one.
    """
    import cv2

    image = decode(FACE.read_bytes())
    pictures = {
        "good": image,
        "left": np.ascontiguousarray(np.hstack([image[:, 230:], image[:, :230]])),
        "soft": cv2.GaussianBlur(image, (0, 0), 6),
    }
    with RecordStore(folder) as store:
        for name, picture in pictures.items():
            known = ONES.replace(sharpness=0) if name == "good" else ONES
            record = _record(f"{name}_111111.jpg", ONES, known)
            record = replace(record, source_id=name)
            store.commit(name, name, [(record, encode_jpeg(picture))])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    make_set(tmp_path / "set")
    return tmp_path / "set"


def run(*arguments: object) -> int:
    return verify_labels.main([str(argument) for argument in arguments])


def table(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """The verdicts of the newest run by stem and attribute."""
    newest = max(p for p in (folder / "verification").iterdir() if p.is_dir())
    with (newest / "verdicts.csv").open(newline="") as file:
        return {(r["file"].split("_")[0], r["attribute"]): r for r in csv.DictReader(file)}


def test_a_report_changes_nothing(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(made)
    assert run("--input", made, "--workers", 1) == 0
    assert files(made) == before
    verdicts = table(made)
    assert verdicts["good", "framing"]["verdict"] == "confirmed"
    assert verdicts["good", "sharpness"]["said"] == ""
    assert verdicts["good", "sharpness"]["shown"] == "1"
    assert verdicts["soft", "sharpness"]["verdict"] == "contradicted"
    # Nothing measures attire: the packaged model judges it. The portrait shows no clothes at all.
    attire = verdicts["good", "attire"]
    assert (attire["verdict"], attire["by"]) == ("contradicted", "model")
    assert float(attire["probability"]) < 0.3
    shown = capsys.readouterr().out
    assert "too few to learn from): lighting, background, expression" in shown
    newest = max(p for p in (made / "verification").iterdir() if p.is_dir())
    report = json.loads((newest / "report.json").read_text())
    assert report["attributes"]["sharpness"]["contradicted"] == 1
    page = (newest / "report.html").read_text()
    assert "sharpness: labelled good, is bad" in page
    assert page.count("too few to learn from") == 1  # one sentence, whatever it is true of
    for link in re.findall(r'href="(.*?)"', page):
        assert (newest / unquote(link)).is_file()
    assert 'href="../../images/soft_111111.jpg"' in page
    assert page.count("<thead>") == page.count("<tbody>") == 2
    assert "data:image/jpeg;base64," in page
    sheet = decode((newest / "examples.jpg").read_bytes())
    assert sheet.shape[1] % 316 == 24  # tiles of 300 px with gaps of 16 between margins of 20


def test_fix_and_undo(made: Path) -> None:
    before = files(made)
    assert run("--input", made, "--mode", "fix", "--dry_run", "--workers", 1) == 0
    assert files(made) == before
    assert run("--input", made, "--mode", "fix", "--workers", 1, "--attributes", "sharpness") == 0
    names = {path.name for path in (made / "images").iterdir()}
    assert names == {"good_111111.jpg", "left_111111.jpg", "soft_111110.jpg"}
    record = Record.read(made / "metadata" / "soft_111110.json")
    assert record.labels.code == "111110"
    assert record.requested.code == "111111"
    assert Record.read(made / "metadata" / "good_111111.json").known == ONES
    # Again there is nothing left to do, and nothing is looked at twice.
    assert run("--input", made, "--mode", "fix", "--workers", 1, "--attributes", "sharpness") == 0
    assert {path.name for path in (made / "images").iterdir()} == names
    assert run("--input", made, "--undo", "last") == 0
    assert files(made) == before
    assert run("--input", made, "--undo", "last") == 1


def test_quarantine_sets_aside(made: Path) -> None:
    arguments = ("--input", made, "--workers", 1, "--attributes", "sharpness")
    assert run(*arguments, "--mode", "quarantine") == 0
    assert not (made / "images" / "soft_111111.jpg").exists()
    aside = list((made / "verification").glob("*/images/soft_111111.jpg"))
    assert len(aside) == 1
    assert run(*arguments) == 0


def test_broken_files_are_told_and_not_fatal(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "images" / "good_111111.jpg").write_bytes(b"broken")
    (made / "images" / "left_111111.jpg").unlink()
    (made / "images" / "extra.png").write_bytes(b"")
    record = made / "metadata" / "soft_111111.json"
    data = json.loads(record.read_text())
    record.write_text(json.dumps({**data, "label_vector": [1, 1, 1, 1, 1, 0]}))
    (made / "metadata" / "odd.json").write_text("{")
    assert run("--input", made, "--workers", 1, "--no-model") == 1
    shown = capsys.readouterr().out
    for told in (
        "good_111111.jpg:", "there is no images/left_111111.jpg", "odd.json is no JSON",
        "extra.png: there is no readable record", "its record says 111110; that counts",
    ):  # fmt: skip
        assert told in shown
    assert table(made)["soft", "sharpness"]["verdict"] == "confirmed"


def test_pictures_of_another_size_are_told(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = decode((made / "images" / "left_111111.jpg").read_bytes())
    (made / "images" / "left_111111.jpg").write_bytes(encode_jpeg(image[:400]))
    assert run("--input", made, "--workers", 1, "--no-model") == 1
    assert "1 pictures are 512 x 400 px, unlike most (512 x 512)" in capsys.readouterr().out


def test_a_folder_of_photos_is_looked_at_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(FACE, photos / "me.jpg")
    monkeypatch.chdir(tmp_path)
    assert run("--input", photos, "--workers", 1) == 0
    rows = table(tmp_path)
    assert rows["me.jpg", "framing"]["said"] == ""
    assert rows["me.jpg", "framing"]["shown"] == "1"
    assert run("--input", photos, "--mode", "fix") == 2
    assert [file.name for file in photos.iterdir()] == ["me.jpg"]


@pytest.mark.parametrize("subfolders", [(), ("images", "metadata")], ids=["plain", "like ours"])
@pytest.mark.parametrize("undo", ["last", "20260101-000000"])
def test_undo_writes_nothing_where_no_run_changed_anything(
    subfolders: tuple[str, ...], undo: str, tmp_path: Path
) -> None:
    for name in subfolders:
        (tmp_path / name).mkdir()
    shutil.copy(FACE, tmp_path.joinpath(*subfolders[:1], "me.jpg"))
    before = sorted(tmp_path.rglob("*"))
    assert run("--input", tmp_path, "--undo", undo) == (1 if subfolders else 2)
    assert sorted(tmp_path.rglob("*")) == before


def test_wrong_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--input", tmp_path / "none") == 2
    assert "holds neither" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parse(verify, ["--attributes", "light"])
    assert "all, or some of lighting" in capsys.readouterr().err
    with pytest.raises(ConfigurationError):
        verify.settle(parse(verify, ["--undo", "last", "--mode", "fix"]))
    with pytest.raises(SystemExit):
        parse(verify, ["--workers", "0"])
    assert parse(verify, ["--attributes", "sharpness,framing"]).attributes == (
        "framing",
        "sharpness",
    )


def test_photos_in_a_subfolder_of_that_name_are_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    shutil.copy(FACE, tmp_path / "images" / "me.jpg")
    pictures = Pictures(tmp_path)
    assert pictures.store is None
    assert [record.output_filename for record in pictures] == ["images/me.jpg"]


def test_photos_are_listed_once(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", ".hidden.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    pictures = Pictures(tmp_path)
    assert [r.output_filename for r in pictures] == ["a.png", "b.JPG"]
    assert len(pictures) == 2
