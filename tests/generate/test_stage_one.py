"""Stage one from its command line to its files, against the fake Gemini server."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import synthetic_dataset_generator as stage
from proportrait import cli, imaging
from proportrait.generate import GENERATORS
from proportrait.generate import run as stage_run
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS
from proportrait.generate.prompt import build_prompt
from proportrait.generate.sample import sample_labels
from proportrait.generate.sources.built_in import StyleganItem
from proportrait.store import RecordStore
from proportrait.store.records import parse_file_stem
from tests.stage_one import (
    KEY,
    CheapGenerator,
    check_whole,
    files,
    gemini,
    ledger,
    make_faces,
    records,
)

PRICE = MODELS[DEFAULT_MODEL].usd["1K"]
OLD_KEYS = {
    "original_filename",
    "label_vector",
    "label_names",
    "prompt_text",
    "generation_seed",
    "timestamp",
    "output_filename",
    "cost_usd",
    "blur_type",
}
NEW_KEYS = {
    "framing_type",
    "source_id",
    "known",
    "requested",
    "generator",
    "model_version",
    "response_id",
    "edits",
    "sha256",
    "parent",
    "checks",
}
MIXED = ("--perfect_prob", "0", "--near_perfect_prob", "0")


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env and no key but the test's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> CheapGenerator:
    """What --mock means in this test."""
    generator = CheapGenerator()
    monkeypatch.setitem(GENERATORS, "offline", generator.with_options)
    return generator


Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the stage on a folder of faces into `out`."""

    def call(*more: str, faces: str = "faces", out: str = "out") -> int:
        return stage.main(["-o", out, "--source_dir", faces, *more])

    return call


def test_a_run_from_end_to_end_and_its_resume(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faces(tmp_path / "faces", 8)
    out = tmp_path / "out"
    with gemini() as server:
        assert run("--base_url", server.url, "--limit", "6", "--seed", "5", *MIXED) == 0
        assert server.count == 6
        first, printed = files(out), capsys.readouterr().out
        check_whole(out)

        made = records(out)
        names = {record.output_filename: record for record in made}
        parents = [record for record in made if record.parent is None]
        twins = [record for record in made if record.parent is not None]
        assert len(parents) == 6
        assert len({record.source_id for record in parents}) == 6
        assert twins  # of six mixed vectors
        for record in made:
            wanted = sample_labels(5, record.source_id, perfect_prob=0, near_perfect_prob=0)
            prompt = build_prompt(5, record.source_id, wanted)
            assert record.requested == wanted
            assert record.known == prompt.known
            assert record.prompt_text == prompt.text
            assert (
                abs(datetime.now(UTC) - datetime.fromisoformat(record.timestamp or "")).seconds < 60
            )
            assert record.generator == "gemini"
            assert record.model_version == f"{DEFAULT_MODEL}-001"
            assert (record.response_id or "").startswith("fake-")
            assert parse_file_stem(record.output_filename)[2] == record.labels
            assert imaging.read(out / "images" / record.output_filename).shape == (512, 512, 3)
        for record in parents:
            assert record.labels == record.requested.replace(framing=1, sharpness=1)
            assert record.cost_usd == PRICE
            assert record.blur_type is record.framing_type is None
        for record in twins:
            parent = names[str(record.parent)]
            assert parent.source_id == record.source_id
            assert parent.generation_seed == record.generation_seed
            assert parent.labels != record.labels
            assert (record.blur_type is None) == bool(record.labels["sharpness"])
            assert (record.framing_type is None) == bool(record.labels["framing"])
            assert record.labels == record.requested
            assert record.cost_usd == 0
        assert 0 < sum(record.known.values.count(0) for record in parents) < 12  # dropped phrases
        data = json.loads(
            (out / "metadata" / f"{Path(made[0].output_filename).stem}.json").read_text()
        )
        assert set(data) == OLD_KEYS | NEW_KEYS

        assert [line["status"] for line in ledger(out)] == ["done"] * 6
        summary = json.loads((out / "summary.json").read_text())
        assert summary["sources_done"] == summary["made"] == 6
        assert summary["pictures"] == len(made)
        assert summary["cost_usd"] == summary["run_cost_usd"] == pytest.approx(6 * PRICE)
        assert summary["labels"]["lighting"] == {
            bit: sum(
                (str(r.labels["lighting"]) if r.known["lighting"] else "unknown") == bit
                for r in made
            )
            for bit in ("1", "0", "unknown")
        }
        assert "6 done, 0 failed, 0 rejected" in printed
        assert "contact_sheet.png" in printed
        assert (out / "summary.txt").read_text().strip() in printed
        with Image.open(out / "contact_sheet.png") as sheet:
            assert sheet.size[0] > 1000

        # The same command again: nothing is asked, nothing changes.
        assert run("--base_url", server.url, "--limit", "6", "--seed", "5", *MIXED) == 0
        assert (server.count, files(out)) == (6, first)
        assert json.loads((out / "summary.json").read_text())["made"] == 0

        # A larger limit goes on from there.
        assert run("--base_url", server.url, "--seed", "5", *MIXED) == 0
        assert server.count == 8
        assert {name: data for name, data in files(out).items() if name in first} == first
        check_whole(out)
        for seen in server.requests:
            assert seen.headers["x-goog-api-key"] == KEY
            assert seen.config["responseModalities"] == ["IMAGE"]
            assert seen.prompt in {record.prompt_text for record in records(out)}


def test_another_data_set_with_the_same_names_is_other_sources(
    tmp_path: Path, run: Run, cheap: CheapGenerator
) -> None:
    make_faces(tmp_path / "faces", 3)
    make_faces(tmp_path / "others", 3, shift=1)
    assert run("--mock") == 0
    before = files(tmp_path / "out")
    assert run("--mock", faces="others") == 0
    after = files(tmp_path / "out")
    assert len(cheap.made) == len(set(cheap.made)) == 6
    assert before.items() < after.items()
    check_whole(tmp_path / "out")
    # The first folder again, moved elsewhere, is no new data set.
    (tmp_path / "faces").rename(tmp_path / "moved")
    assert run("--mock", faces="moved") == 0
    assert len(cheap.made) == 6


def test_what_cannot_be_used_is_rejected_and_the_run_goes_on(
    tmp_path: Path, run: Run, cheap: CheapGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = make_faces(tmp_path / "faces", 2)
    good = (faces / "face_000.png").read_bytes()
    (faces / "a_empty.png").write_bytes(b"")
    (faces / "b_cut_off.png").write_bytes(good[: len(good) // 2])
    (faces / "c_no_picture.jpg").write_bytes(b"this is no picture")
    Image.new("RGB", (64, 64)).save(faces / "d_tiny.png")
    assert run("--mock") == 1
    lines = {line["filename"]: line for line in ledger(tmp_path / "out") if "filename" in line}
    assert {name: line["error"] for name, line in lines.items()} == {
        "a_empty.png": "CorruptImageError",
        "b_cut_off.png": "CorruptImageError",
        "c_no_picture.jpg": "CorruptImageError",
        "d_tiny.png": "ImageTooSmallError",
    }
    assert {line["status"] for line in lines.values()} == {"rejected"}
    assert "at least 128 px" in lines["d_tiny.png"]["message"]
    printed = capsys.readouterr().out
    assert "2 done, 0 failed, 4 rejected" in printed
    assert "3 CorruptImageError, 1 ImageTooSmallError" in printed
    check_whole(tmp_path / "out")
    # They are not looked at again, unless one asks for it; they still are failures.
    assert run("--mock") == 1
    printed = capsys.readouterr().out
    assert "passed over 4 portraits that failed in an earlier run: --retry_failed tries" in printed
    assert len(ledger(tmp_path / "out")) == 6
    assert run("--mock", "--retry_failed") == 1
    assert len(ledger(tmp_path / "out")) == 10


def test_retry_failed_makes_what_failed_and_nothing_else(tmp_path: Path, run: Run) -> None:
    make_faces(tmp_path / "faces", 3)
    with gemini("ok", "blocked", "ok") as server:
        online = ("--base_url", server.url, "--concurrency", "1")
        assert run(*online) == 1
        assert server.count == 3
        assert run(*online) == 1
        assert server.count == 3
        assert run(*online, "--retry_failed") == 0
        assert server.count == 4
    assert [line["status"] for line in ledger(tmp_path / "out")].count("done") == 3
    check_whole(tmp_path / "out")


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (("--seed", "1"), "another --seed than 1"),
        (("--perfect_prob", "1", "--near_perfect_prob", "0"), "another --perfect_prob or"),
        (("--format", "PNG"), "another --format than PNG"),
    ],
)
def test_a_set_does_not_go_on_with_what_would_make_another_one(
    tmp_path: Path, run: Run, cheap: CheapGenerator, capsys: pytest.CaptureFixture[str],
    other: tuple[str, ...], name: str,
) -> None:  # fmt: skip
    make_faces(tmp_path / "faces", 2)
    assert run("--mock", "--limit", "1", *MIXED) == 0
    before = files(tmp_path / "out")
    for more in ((), ("--dry_run",)):
        assert run("--mock", *MIXED, *other, *more) == 2
        assert name in capsys.readouterr().err
    assert files(tmp_path / "out") == before
    assert run("--mock", *MIXED) == 0


def test_a_set_of_built_in_faces_goes_on_with_the_same_skin_tones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RecordStore(tmp_path / "out") as store:
        for seed in (2, 4, 10):
            item = StyleganItem(seed)
            store.fail(item.source_id, item.stem, item.filename, ValueError("x"), status="failed",
                       tries=1, cost_usd=0.0)  # fmt: skip
    command = ["-o", "out", "--mock", "--limit", "4", "--dry_run"]
    assert stage.main([*command, "--skin_tones", "even"]) == 2
    assert "with other --skin_tones than even" in capsys.readouterr().err
    assert stage.main(command) == 0


@pytest.mark.parametrize(("first", "then"), [((), ("--no_variation",)), (("--no_variation",), ())])
def test_a_set_goes_on_with_prompts_of_its_own_kind(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str],
    first: tuple[str, ...], then: tuple[str, ...],
) -> None:  # fmt: skip
    make_faces(tmp_path / "faces", 2)
    with gemini() as server:
        online = ("--base_url", server.url)
        assert run(*online, "--limit", "1", *first) == 0
        assert run(*online, *then) == 2
        word = "without" if then else "with"
        assert f"were made {word} --no_variation" in capsys.readouterr().err
        assert server.count == 1
        assert run(*online, *first) == 0


@pytest.mark.parametrize("kind", ["imagefolder", "parquet"])
def test_export_is_read_by_datasets(
    tmp_path: Path, run: Run, cheap: CheapGenerator, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    make_faces(tmp_path / "faces", 2)
    assert run("--mock", "--export", kind) == 0
    folder = tmp_path / "out" / "export" / kind
    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    made = records(tmp_path / "out")
    assert {row["sha256"] for row in loaded} == {record.sha256 for record in made}
    assert loaded[0]["image"].size == (512, 512)


def test_shards_on_several_machines_make_what_one_run_makes(
    tmp_path: Path, run: Run, cheap: CheapGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faces(tmp_path / "faces", 8)
    options = ("--mock", "--seed", "5", "--limit", "7", *MIXED)
    assert run(*options, out="whole") == 0
    folders = ["1", "2", "3"]
    for number in folders:  # a copy of the photos each, in a folder of another name
        shutil.copytree(tmp_path / "faces", tmp_path / f"faces{number}")
        shard = (*options, "--shard", f"{number}/3")
        assert run(*shard, faces=f"faces{number}", out=number) == 0
        capsys.readouterr()
        assert run(*shard, "--dry_run", faces=f"faces{number}", out=number) == 0
        assert "0 of " in capsys.readouterr().out
    assert cli.main(["merge", *folders, "-o", "union"]) == 0
    assert "portraits   7 with" in capsys.readouterr().out
    whole, union = (files(tmp_path / name) for name in ("whole", "union"))
    for name in whole:
        if name not in ("ledger.jsonl", "summary.json", "summary.txt"):  # these tell times
            assert union[name] == whole[name], name
    assert union.keys() == whole.keys()
    assert run(*options, out="union") == 0  # the whole run finds nothing left to make
    assert records(tmp_path / "union") == records(tmp_path / "whole")


def test_no_variation_words_every_prompt_alike(tmp_path: Path, run: Run) -> None:
    make_faces(tmp_path / "faces", 4)
    with gemini() as server:
        perfect = ("--perfect_prob", "1", "--near_perfect_prob", "0")
        assert run("--base_url", server.url, "--no-variation", *perfect) == 0
        assert len({seen.prompt for seen in server.requests}) == 1
    assert {record.known.code for record in records(tmp_path / "out")} == {"111111"}


def test_dry_run_tells_the_cost_and_writes_nothing(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faces(tmp_path / "faces", 5)
    with gemini() as server:
        online = ("--base_url", server.url)
        assert run(*online, "--dry_run", "--limit", "100") == 0
        printed = capsys.readouterr().out
        assert "5 of 5 portraits are left to make, by gemini" in printed
        assert f"at most ${5 * PRICE:.2f}" in printed
        assert not (tmp_path / "out").exists()
        assert run(*online, "--limit", "2") == 0
        before = sorted((tmp_path / "out").rglob("*"))
        capsys.readouterr()
        assert run(*online, "--dry_run") == 0
        printed = capsys.readouterr().out
        assert "3 of 5" in printed
        assert f"${2 * PRICE:.2f} spent on this folder before" in printed
        assert sorted((tmp_path / "out").rglob("*")) == before
        assert server.count == 2


def test_a_dry_run_needs_no_key_and_makes_no_generator(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faces(tmp_path / "faces", 3)
    monkeypatch.delenv("GOOGLE_API_KEY")
    for name in GENERATORS:
        monkeypatch.setitem(GENERATORS, name, lambda _: pytest.fail("a generator was made"))
    for more, usd in (
        ((), 3 * PRICE),
        (("--model", "gemini-3-pro-image"), 3 * 0.134),
        (("--model", "gemini-9", "--price_usd", "0.5"), 1.5),
        (("--mock",), 0.0),
        (("--model", "timbrooks/instruct-pix2pix"), 0.0),
    ):
        assert run("--dry_run", *more) == 0
        told = f"at most ${usd:.2f}" if usd else "which costs nothing"
        assert told in capsys.readouterr().out
    assert run("--dry_run", "--model", "gemini-9") == 2
    assert "no price is known for the model 'gemini-9'" in capsys.readouterr().err


def test_a_budget_holds_over_two_runs(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faces(tmp_path / "faces", 6)
    with gemini() as server:
        online = ("--base_url", server.url, "--concurrency", "3")
        assert run(*online, "--budget_usd", str(2.5 * PRICE)) == 1
        assert server.count == 2
        assert len(ledger(tmp_path / "out")) == 2  # what did not fit is no failure
        assert "budget" in capsys.readouterr().out
        assert run(*online, "--budget_usd", str(2.5 * PRICE)) == 1
        assert server.count == 2
        assert run(*online, "--budget_usd", str(4.5 * PRICE)) == 1
        assert server.count == 4
        assert run(*online) == 0
        assert server.count == 6
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["cost_usd"] == pytest.approx(6 * PRICE)
    check_whole(tmp_path / "out")


def test_a_reply_that_was_paid_and_lost_counts_in_the_next_run(tmp_path: Path, run: Run) -> None:
    """The picture's retry did not fit into the budget: still, its first try was paid for.

    It is no failure of the portrait, which a larger budget makes.
    """
    make_faces(tmp_path / "faces", 3)
    with gemini("garbage", default="ok") as server:
        budget = ("--base_url", server.url, "--concurrency", "1", "--budget_usd", str(1.5 * PRICE))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("proportrait.generate.paid.control.BACKOFF_BASE_S", 0.01)
            assert run(*budget) == 1
            assert server.count == 1
            for _ in range(2):
                assert RecordStore("out").spent_usd == pytest.approx(PRICE)
                assert run(*budget) == 1
                assert server.count == 1
            assert ledger(tmp_path / "out") == []
            assert run(*budget[:-1], str(4.5 * PRICE)) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["cost_usd"] == pytest.approx(4 * PRICE)
    assert summary["run_cost_usd"] == pytest.approx(3 * PRICE)


def test_an_error_of_ours_costs_one_picture_and_its_price_is_booked(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_faces(tmp_path / "faces", 3)
    real, calls = stage_run.finish, []

    def finish(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise ZeroDivisionError("a slip")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(stage_run, "finish", finish)
    with gemini() as server:
        assert run("--base_url", server.url) == 1
    lines = ledger(tmp_path / "out")
    assert sorted(line["status"] for line in lines) == ["done", "done", "failed"]
    assert [line["cost_usd"] for line in lines] == [PRICE] * 3
    failed = next(line for line in lines if line["status"] == "failed")
    assert (failed["error"], failed["message"]) == ("ZeroDivisionError", "a slip")
    assert "Traceback" in (tmp_path / "out" / "generation.log").read_text()


def test_the_circuit_breaker_ends_a_run_that_only_fails(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faces(tmp_path / "faces", 30)
    with gemini(default="status:500") as server:
        assert run("--base_url", server.url, "--max_retries", "0", "--concurrency", "2") == 1
        assert 20 <= server.count <= 22
    assert "failures in a row" in capsys.readouterr().out
    assert 20 <= len(ledger(tmp_path / "out")) <= 22


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ((), 2, "GOOGLE_API_KEY"),
        (("--mock", "--api_key", KEY), 2, "--mock"),
        (("--mock", "--model", "gemini-9"), 2, "--mock"),
        (("--api_key", KEY, "--model", "gemini-9"), 2, "--price_usd"),
        (("--api_key", "@nowhere.txt"), 2, "nowhere.txt"),
        (("--mock", "--source", "stylegan"), 2, "--source_dir goes with"),
        (("--mock", "--perfect_prob", "2"), 2, "perfect_prob"),
    ],
)
def test_a_wrong_command_is_one_clear_line(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    make_faces(tmp_path / "faces", 1)
    monkeypatch.delenv("GOOGLE_API_KEY")
    assert run(*more) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert KEY not in line
    assert files(tmp_path / "out") == {}


def test_an_unknown_source_lists_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        stage.main(["--mock", "--source", "flickr"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "flickr" in said
    assert all(name in said for name in ("hf", "folder", "stylegan"))


@pytest.mark.parametrize("faces", ["nowhere", "empty"])
def test_a_folder_without_pictures(
    tmp_path: Path, run: Run, cheap: CheapGenerator, faces: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert run("--mock", faces=faces) == 2
    assert (
        f"error: --source_dir {faces}" in (said := capsys.readouterr().err) or "no picture" in said
    )
    assert "Traceback" not in said


def test_a_source_that_breaks_off_loses_nothing(
    tmp_path: Path, run: Run, cheap: CheapGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from proportrait.errors import RetryableError
    from proportrait.generate.sources.folder import FolderSource

    make_faces(tmp_path / "faces", 4)
    real = FolderSource.__iter__
    cheap.delay_s = 0.3

    def broken(self: FolderSource) -> object:
        items = real(self)
        yield next(items)
        yield next(items)
        raise RetryableError("the connection was lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderSource, "__iter__", broken)
        assert run("--mock") == 1
    assert len(cheap.made) == 2  # they were under way when it broke off
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["stopped"] == "the connection was lost"
    assert run("--mock") == 0
    assert len(cheap.made) == len(set(cheap.made)) == 4
    check_whole(tmp_path / "out")


def test_the_same_seed_gives_the_same_bytes_whatever_the_concurrency(
    tmp_path: Path, run: Run, cheap: CheapGenerator
) -> None:
    make_faces(tmp_path / "faces", 10)
    cheap.delay_s = 0.05
    for concurrency in ("1", "8"):
        assert run("--mock", "--concurrency", concurrency, *MIXED, out=concurrency) == 0
        check_whole(tmp_path / concurrency)
    assert files(tmp_path / "1") == files(tmp_path / "8")
    assert {record.timestamp for record in records(tmp_path / "1")} == {None}
    assert cheap.made[:10] == sorted(cheap.made[:10])
    assert cheap.made[10:] != sorted(cheap.made[10:])  # they really overtook each other
    assert run("--mock", "--seed", "1", *MIXED, out="other") == 0
    assert files(tmp_path / "other") != files(tmp_path / "1")


def test_the_key_may_stand_in_a_file_or_in_dotenv(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_faces(tmp_path / "faces", 2)
    monkeypatch.delenv("GOOGLE_API_KEY")
    (tmp_path / "key.txt").write_text(f"{KEY}1\n")
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}2\n")
    with gemini() as server:
        assert run("--base_url", server.url, "--limit", "1", "--api_key", "@key.txt") == 0
        assert run("--base_url", server.url) == 0
        assert [seen.headers["x-goog-api-key"] for seen in server.requests] == [
            KEY + "1",
            KEY + "2",
        ]
    assert "GEMINI_API_KEY" not in os.environ


def test_pictures_of_the_user_stay_as_they_are(
    tmp_path: Path, run: Run, cheap: CheapGenerator
) -> None:
    faces = make_faces(tmp_path / "faces", 2)
    before = {file: file.read_bytes() for file in faces.iterdir()}
    own = tmp_path / "out" / "images" / "face_000_111111.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"somebody's own file")
    assert run("--mock", "--perfect_prob", "1", "--near_perfect_prob", "0") == 0
    assert own.read_bytes() == b"somebody's own file"
    assert {file: file.read_bytes() for file in faces.iterdir()} == before
    assert len(records(tmp_path / "out")) == 2
    good = imaging.read(tmp_path / "out" / "images" / records(tmp_path / "out")[0].output_filename)
    assert np.ptp(good) > 100


def test_png_is_a_format_too(tmp_path: Path, run: Run) -> None:
    make_faces(tmp_path / "faces", 2)
    with gemini() as server:
        assert run("--base_url", server.url, "--format", "png") == 0
    names = [record.output_filename for record in records(tmp_path / "out")]
    assert names
    for name in names:
        assert name.endswith(".png")
        assert (tmp_path / "out" / "images" / name).read_bytes().startswith(b"\x89PNG")
