"""Twins: how many, of which pictures, what they show, and that a second run adds nothing."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import augment_framing
from proportrait.augment import make as making
from proportrait.augment.fill import cut_filled, spread_out
from proportrait.augment.make import make
from proportrait.augment.plan import KINDS, Task, counts, queues, wanted
from proportrait.commandline import parse
from proportrait.commands import balance
from proportrait.commands.balance import ALL
from proportrait.edit.editor import PortraitEditor
from proportrait.edit.retouch.framing import BAD_KINDS, Window
from proportrait.edit.shot import Shot
from proportrait.errors import ConfigurationError, EditError
from proportrait.generate.offline import version
from proportrait.imaging import decode, encode_jpeg
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record, parse_file_stem
from tests import FACE
from tests.store.test_store import files

ONES = LabelVector.ones()


def record(name: str = "p1", code: str = "111111", **more: Any) -> Record:
    labels = LabelVector.from_code(code)
    return Record(f"{name}_{code}.jpg", f"{name}.png", name, labels, labels, ONES, **more)


# --- how many, and which


@pytest.mark.parametrize(
    ("good", "bad", "balance", "missing"),
    [
        (80, 20, 0.5, 60),  # 80 : 80
        (80, 20, 0.3, 15),  # 35 of 115 = 0.304
        (50, 50, 0.5, 0),
        (80, 79, 0.5, 0),  # one picture is no imbalance
        (10, 90, 0.5, 0),
        (0, 0, 0.5, 0),
        (9, 0, 0.9, 81),
    ],
)
def test_what_is_missing(good: int, bad: int, balance: float, missing: int) -> None:
    assert wanted(good, bad, balance) == missing
    if missing:
        assert (bad + missing) / (good + bad + missing) >= balance
        assert (bad + missing - 1) / (good + bad + missing - 1) < balance


def test_every_picture_is_used_once_before_any_is_used_twice() -> None:
    records = [record(f"p{i}") for i in range(40)]
    (badly, none), (well, quota) = queues(records, "framing", BAD_KINDS, 0, 60)
    assert (badly, none, quota) == ([], 0, 60)
    assert len(well) == 40 * len(BAD_KINDS)
    first = [task.parent.output_filename for task in well[:40]]
    assert len(set(first)) == 40
    assert first != sorted(first)
    assert len({(t.parent.output_filename, t.kind) for t in well}) == len(well)
    share = Counter(task.kind for task in well[:40])
    assert len(share) >= 4
    assert max(share.values()) < 18


def test_what_is_there_is_passed_over_and_the_order_stays() -> None:
    records = [record(f"p{i}") for i in range(10)]
    (_, (before, _)) = queues(records, "framing", BAD_KINDS, 0, 5)
    done = [
        record(f"t{i}", "111101", parent=task.parent.output_filename, framing_type=task.kind)
        for i, task in enumerate(before[:3])
    ]
    (_, (after, _)) = queues([*records, *done], "framing", BAD_KINDS, 0, 5)
    assert [(t.parent, t.kind) for t in after] == [(t.parent, t.kind) for t in before[3:]]


def test_only_sharp_originals_are_framed_badly_and_both_kinds_are_blurred() -> None:
    records = [
        record("good"),
        record("soft", "111110"),
        record("cut", "111101", parent="good_111111.jpg", framing_type="head_cut"),
        replace(record("unsure"), known=ONES.replace(framing=0)),
    ]
    (_, (well, _)) = queues(records, "framing", BAD_KINDS, 0, 4)
    assert {t.parent.source_id for t in well} == {"good"}
    (badly, few), (well, more) = queues(records, "sharpness", KINDS["sharpness"], 0, 12)
    assert {t.parent.source_id for t in badly} == {"cut"}
    assert {t.parent.source_id for t in well} == {"good"}
    assert counts(records, "framing") == (2, 1)
    assert (few, more) == (4, 8)  # a third is badly framed, and stays so


def test_names_of_twins_tell_kind_and_labels() -> None:
    task = Task(record("ffhq_1"), "framing", "close_up", 0)
    assert task.stem == "ffhq_1_close_up"
    twin = record("ffhq_1_badframe", "111101")
    assert Task(twin, "sharpness", "motion", 0).stem == "ffhq_1_badframe_motion"
    own = replace(record(), output_filename="holiday.jpg")
    assert Task(own, "framing", "head_cut", 0).stem == "holiday_head_cut"


# --- beyond the border


def wall(height: int = 300, width: int = 300) -> np.ndarray:
    """A grey wall that gets lighter to the right, with grain."""
    x = np.linspace(90, 150, width)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 2, (height, width, 3))
    return np.clip(x + noise, 0, 255).astype(np.uint8)


def test_a_plain_background_goes_on() -> None:
    image, alpha = wall(), np.zeros((300, 300), np.float32)
    cv2.circle(image, (150, 200), 60, (200, 150, 120), -1)
    cv2.circle(alpha, (150, 200), 60, 1.0, -1)
    shown = cut_filled(image, alpha, Window(100, 0, 300), 300)
    assert np.array_equal(shown[:, :200], image[:, 100:])  # what is there stays as it is
    beyond = shown[:, 200:].astype(float)
    assert beyond[:, 5:].mean((0, 2)) == pytest.approx(np.full(95, 150), abs=12)
    step = abs(shown[:, 200].astype(float).mean() - shown[:, 199].mean())
    assert step < 2
    # No line repeats its neighbour, and none the one that lies as far on the other side.
    assert np.abs(np.diff(beyond, axis=1)).mean() > 0.5
    mirrored = shown[:, 100:200][:, ::-1].astype(float)
    assert np.abs(beyond - mirrored).mean() > 1
    assert 0.5 < (beyond - cv2.GaussianBlur(beyond, (0, 0), 3)).std() / 2 < 1.6


def test_a_patterned_background_does_not_go_on() -> None:
    image = wall()
    image[::8] = 20
    image[::8, ::7] = 250
    image[100:200, 280:] = (200, 30, 30)
    with pytest.raises(EditError, match="not plain"):
        cut_filled(image, np.zeros((300, 300), np.float32), Window(100, 0, 300), 300)


def test_spreading_keeps_what_is_known() -> None:
    values = np.full((64, 64, 3), 7.0, np.float32)
    weight = np.zeros((64, 64), np.float32)
    weight[20:30, 20:30] = 1
    values[weight == 0] = 99
    assert spread_out(values, weight) == pytest.approx(7.0, abs=1e-2)


# --- one twin


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """The folder of one well-framed portrait before a plain wall."""
    face = decode(FACE.read_bytes())
    scene = np.full((512, 512, 3), 128, np.uint8)
    scene[20:380, 76:436] = cv2.resize(face, (360, 360), interpolation=cv2.INTER_AREA)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "p1_111111.jpg").write_bytes(encode_jpeg(scene))
    return tmp_path / "images"


@pytest.mark.parametrize("kind", KINDS["sharpness"])
def test_a_blurred_twin_is_measured_and_recorded(images: Path, kind: str) -> None:
    made = make(Task(record(), "sharpness", kind, 3), images)
    assert made.record is not None, made.reason
    twin = made.record
    assert twin.labels.code == "111110"
    assert twin.known == ONES
    assert (twin.parent, twin.blur_type, twin.framing_type) == ("p1_111111.jpg", kind, None)
    assert twin.output_filename == f"p1_{kind}_blur_111110.jpg"
    assert parse_file_stem(twin.output_filename)[1] == ("blur",)
    assert twin.edits["sharpness"]["kind"] == kind
    assert twin.source_id == "p1"
    picture = decode(made.data)
    assert picture.shape == (512, 512, 3)
    assert make(Task(record(), "sharpness", kind, 3), images).data == made.data
    assert make(Task(record(), "sharpness", kind, 4), images).data != made.data


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("A portrait. Attire: hoodie.", "A portrait. Attire: hoodie. Sharpness: low resolution."),
        ("Make a portrait.", "Make a portrait."),  # the words of a request stay what they were
    ],
)
def test_a_caption_follows_what_was_done(images: Path, words: str, expected: str) -> None:
    parent = record(prompt_text=words, edits={"attire": {"kind": "hoodie"}}, timestamp="2026")
    twin = make(Task(parent, "sharpness", "low_resolution", 3), images).record
    assert twin is not None
    assert (twin.prompt_text, twin.timestamp) == (expected, None)


@pytest.mark.parametrize("kind", ["close_up", "head_cut"])
def test_a_badly_framed_twin_is_a_part_of_the_photo(images: Path, kind: str) -> None:
    made = make(Task(record(), "framing", kind, 1), images)
    assert made.record is not None, made.reason
    twin = made.record
    assert twin.labels.code == "111101"
    assert twin.framing_type == kind
    assert twin.known["attire"] == (kind == "head_cut")  # hardly any clothes are left else
    assert twin.known["framing"]
    assert twin.edits["framing"]["kind"] == kind
    assert making._contradiction(decode(made.data), Task(record(), "framing", kind, 1), ONES) == ""


@pytest.mark.parametrize("code", ["101111", "111111"])
def test_clutter_that_a_twin_hides_is_not_claimed(images: Path, code: str) -> None:
    (images / "p1_111111.jpg").rename(images / f"p1_{code}.jpg")
    twin = make(Task(record(code=code), "sharpness", "motion", 3), images).record
    assert twin is not None
    # The wall is plain: a record that calls it cluttered claims what its picture does not show.
    assert twin.known["background"] == (code == "111111")


def test_what_cannot_be_shown_is_told(images: Path) -> None:
    made = make(Task(record(), "framing", "too_far", 0), images)
    assert made.record is None
    assert "no bad one fits into this picture" in made.reason
    (images / "p1_111111.jpg").write_bytes(b"x")
    assert make(Task(record(), "sharpness", "motion", 0), images).reason
    (images / "p1_111111.jpg").unlink()
    assert make(Task(record(), "sharpness", "motion", 0), images).reason


def test_a_twin_that_is_still_good_is_not_kept(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making.blur, "degrade", lambda image, kind, rng: (image, {"kind": kind}))
    made = make(Task(record(), "sharpness", "motion", 0), images)
    assert made.record is None
    assert "still counts as good" in made.reason


def test_a_built_in_face_is_drawn_again_in_another_frame(
    tmp_path: Path, editor: PortraitEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_editor", lambda: editor)
    drawn, _ = editor.edit_face(7, ONES, 11)
    source = "stylegan:mobile-ffhq/7"
    data = encode_jpeg(drawn.image)
    parent = replace(
        record(), source_id=source, model_version=version(), generation_seed=11,
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    (tmp_path / parent.output_filename).write_bytes(data)
    made = make(Task(parent, "framing", "off_centre_left", 0), tmp_path)
    assert made.record is not None, made.reason
    assert made.record.edits["framing"]["drawn_again"] is True
    assert made.record.edits["framing"]["x"] < 0.21
    # The same person in the same light: the face is found in the good picture again.
    twin = decode(made.data)
    scale = made.record.edits["framing"]["height"] / drawn.edits["framing"]["height"]
    small = cv2.resize(drawn.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    part = small[round(0.4 * len(small)) : round(0.75 * len(small)), len(small) // 2 :]
    part = np.ascontiguousarray(part[:, : len(small) // 8])
    assert cv2.matchTemplate(twin, part, cv2.TM_CCOEFF_NORMED).max() > 0.95
    # Drawn by code of the same version, but not with the same bytes: then the picture is cut.
    other = make(Task(replace(parent, sha256="0" * 64), "framing", "off_centre_left", 0), tmp_path)
    assert other.record is None or "drawn_again" not in other.record.edits["framing"]
    assert not making.can_be_drawn_again(replace(parent, model_version="proportrait-editor 1"))


def test_a_scene_that_cannot_be_framed_so_is_cut_from_the_picture(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Editor:
        """Its scene reaches no farther than the picture."""

        def edit_face(self, *_: object, **__: object) -> tuple[Shot, Shot | None]:
            raise EditError("the measure contradicts 8 windows", "framing")

    monkeypatch.setattr(making, "_editor", Editor)
    parent = replace(
        record(), source_id="stylegan:mobile-ffhq/7", model_version=version(), generation_seed=11
    )
    made = make(Task(parent, "framing", "close_up", 0), images)
    assert made.record is not None, made.reason
    assert "drawn_again" not in made.record.edits["framing"]


# --- the command


@pytest.fixture
def made(tmp_path: Path) -> Path:
    face = decode(FACE.read_bytes())
    with RecordStore(tmp_path / "set") as store:
        for number in range(5):
            shade = np.clip(face.astype(int) + 3 * number, 0, 255).astype(np.uint8)
            one = record(f"p{number}")
            store.commit(one.source_id, one.source_id, [(one, encode_jpeg(shade))])
    return tmp_path / "set"


def run(*arguments: object) -> int:
    return augment_framing.main([str(argument) for argument in arguments])


def test_both_are_balanced_and_a_second_run_adds_nothing(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(made)
    assert run("--input", made, "--blur", "--dry_run") == 0
    assert files(made) == before
    assert not (made / "augmentation").exists()
    assert run("--input", made, "--blur", "--workers", 1) == 0
    after = files(made)
    assert before.items() <= after.items()  # originals are as they were
    records = list(RecordStore(made).records())
    for attribute in ("framing", "sharpness"):
        good, bad = counts(records, attribute)
        assert abs(good - bad) <= 2
    assert (made / "augmentation" / "twins.png").exists()
    assert {r.source_id for r in records} == {f"p{n}" for n in range(5)}
    with RecordStore(made) as store:
        assert store.missing() == {}
        assert store.counts()["done"] == 5
    capsys.readouterr()
    assert run("--input", made, "--blur", "--workers", 1) == 0
    assert files(made) == after
    assert "added" not in capsys.readouterr().out


@pytest.mark.slow
def test_workers_and_interruptions_change_no_byte(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "parallel")
    shutil.copytree(made, tmp_path / "interrupted")
    assert run("--input", made, "--workers", 1) == 0
    assert run("--input", tmp_path / "parallel", "--workers", 2) == 0
    assert files(tmp_path / "parallel") == files(made)
    kept = RecordStore.add
    saved = 0

    def dies(store: RecordStore, *arguments: Any) -> list[Record]:
        nonlocal saved
        if saved == 2:
            raise KeyboardInterrupt
        saved += 1
        return kept(store, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordStore, "add", dies)
        assert run("--input", tmp_path / "interrupted", "--workers", 1) == 130
    assert run("--input", tmp_path / "interrupted", "--workers", 1) == 0
    assert files(tmp_path / "interrupted") == files(made)


def test_a_record_outside_the_ledger_is_passed_over(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = record("stray")
    (made / "images" / stray.output_filename).write_bytes(FACE.read_bytes())
    (made / "metadata" / "stray_111111.json").write_bytes(stray.to_bytes())
    assert run("--input", made, "--kinds", "close_up", "--workers", 1) == 1
    assert "passed over stray_111111.jpg: the ledger does not name it" in capsys.readouterr().out
    twins = [r for r in RecordStore(made).records() if r.parent]
    assert {r.source_id for r in twins} <= {f"p{n}" for n in range(5)}
    assert len(twins) == 5  # of 6 good ones 6 are missing, and each of the others shows one


def test_what_cannot_be_read_is_named_at_the_end(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "images" / "p1_111111.jpg").write_bytes(b"no picture")
    (made / "metadata" / "p2_111111.json").write_bytes(b"{")
    assert run("--input", made, "--kinds", "motion,close_up", "--blur", "--workers", 1) == 1
    *_, first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("passed over ")
    assert "p2_111111.json" in first  # that of the record, which is read first
    assert second.startswith("passed over ")
    assert "p1_111111.jpg: the bytes are no picture" in second  # once, though it was tried twice
    assert {r.source_id for r in RecordStore(made).records() if r.parent} == {"p0", "p3", "p4"}
    assert run("--input", made, "--dry_run") == 1


def test_twins_of_photos_that_are_named_like_twins_have_names_of_their_own(
    tmp_path: Path,
) -> None:
    face = FACE.read_bytes()
    with RecordStore(tmp_path) as store:
        for stem in ("a", "a_close_up"):
            code = "111111" if stem == "a" else "111101"
            store.commit(stem, stem, [(record(stem, code), face)])
        # The name of the twin of a.
        taken = replace(record("a_close_up_badframe", "111101"), source_id="a_close_up")
        store.add("a_close_up", [(taken, face)])
    options = ("--input", tmp_path, "--kinds", "close_up", "--balance", "0.85", "--workers", 1)
    assert run(*options) == 0
    digest = hashlib.sha256(b"a").hexdigest()[:6]
    (twin,) = (r for r in RecordStore(tmp_path).records() if r.parent == "a_111111.jpg")
    assert twin.output_filename == f"a_close_up-{digest}_badframe_111101.jpg"
    with RecordStore(tmp_path) as store:  # nor does a photo that comes later get its name
        assert store.unique_stem("c", f"a_close_up-{digest}") != f"a_close_up-{digest}"


def test_kinds_are_chosen(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--input", made, "--kinds", "close_up", "--workers", 1) == 0
    added = [r for r in RecordStore(made).records() if r.parent]
    assert {r.framing_type for r in added} == {"close_up"}
    assert run("--input", made, "--kinds", "too_far", "--balance", "0.8", "--workers", 1) == 0
    assert "no picture is left that can show them" in capsys.readouterr().out


def test_wrong_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--input", tmp_path) == 2
    assert "holds no records" in capsys.readouterr().err
    for arguments in (["--balance", "1"], ["--kinds", "ugly"], ["--workers", "0"]):
        with pytest.raises(SystemExit):
            parse(balance, arguments)
    assert parse(balance, ["--kinds", "motion,close_up"]).kinds == ("close_up", "motion")
    assert parse(balance, []).kinds == ALL


@pytest.mark.parametrize("subfolders", [(), ("images", "metadata")], ids=["plain", "like ours"])
def test_a_folder_of_photos_is_left_alone(subfolders: tuple[str, ...], tmp_path: Path) -> None:
    for name in subfolders:
        (tmp_path / name).mkdir()
    shutil.copy(FACE, tmp_path.joinpath(*subfolders[:1], "me.jpg"))
    before = sorted(tmp_path.rglob("*"))
    assert run("--input", tmp_path) == 2
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("line", "attributes"),
    [
        ("", ["framing"]),
        ("--blur", ["framing", "sharpness"]),
        ("--blur --kinds motion,jpeg", ["sharpness"]),
    ],
)
def test_kinds_choose_what_is_balanced(line: str, attributes: list[str]) -> None:
    options = parse(balance, line.split())
    balance.settle(options)
    assert options.attributes == attributes


def test_kinds_of_blur_need_blur() -> None:
    with pytest.raises(ConfigurationError, match="--kinds motion needs --blur"):
        balance.settle(parse(balance, ["--kinds", "motion"]))
