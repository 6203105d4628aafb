"""The command and the call from Python, on a real folder: two photos of one person, and a sky."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import PIL.Image
import pytest
from starlette.testclient import TestClient

from proportrait import cli
from proportrait.errors import ConfigurationError
from proportrait.rank import rank
from proportrait.rank.index import index_path
from proportrait.serve.app import create_app
from proportrait.serve.rank.bodies import API
from proportrait.serve.rank.places import Places
from tests import FACE


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    face = PIL.Image.open(FACE).convert("RGB")
    face.save(folder / "good.png")
    face.resize((150, 150)).resize((512, 512)).crop((60, 60, 512, 512)).save(folder / "soft.png")
    PIL.Image.new("RGB", (300, 300), "skyblue").save(folder / "sky.png")
    return folder


def run(*words: object) -> int:
    return cli.main(["rank", *map(str, words)])


@pytest.fixture(scope="module")
def ranked(photos: Path) -> list[dict[str, object]]:
    """The JSON of the first run, which fills the index that the other tests ask."""
    output = photos.parent / "first.json"
    assert run("--ref", FACE, "--photos", photos, "--output", output) == 0
    result: list[dict[str, object]] = json.loads(output.read_text())
    return result


def test_json_has_the_keys_that_scripts_rely_on(
    ranked: list[dict[str, object]], photos: Path
) -> None:
    assert [Path(str(entry["path"])).name for entry in ranked] == ["good.png", "soft.png"]
    assert [entry["rank"] for entry in ranked] == [1, 2]
    assert [entry["kind"] for entry in ranked] == ["single", "single"]
    for entry in ranked:
        assert {"path", "rank", "score", "similarity", "kind", "reasons"} <= set(entry)
        assert 0.5 <= float(str(entry["similarity"])) <= 1
    assert {file.name for file in photos.iterdir()} == {"good.png", "soft.png", "sky.png"}


@pytest.mark.usefixtures("ranked")
def test_page_opens_with_the_reference_and_the_options(
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[Places] = []
    monkeypatch.setattr("proportrait.commands.serve.open_page", opened.append)
    words = (
        "--photos",
        photos,
        "--page",
        "--top",
        "7",
        "--similarity",
        "0.6",
        "--purpose",
        "social",
    )
    assert run("--ref", FACE, *words, "--copy_to", tmp_path / "best", "--min_face", "50") == 0
    (places,) = opened
    assert (places.photos, places.exports) == ((photos.resolve(),), tmp_path / "best")
    assert (places.smallest, places.index) == (50, index_path())
    answer = TestClient(create_app(None, places), "http://localhost").get(API).json()
    ((person,), start) = answer["start"].pop("people"), answer["start"]
    assert (person["name"], bool(person["key"])) == (FACE.name, True)
    assert start == {
        "person": None, "purpose": "social", "similarity": 0.6, "taste": "", "top": 7,
    }  # fmt: skip
    for more, message in (
        (("--output", tmp_path / "a.html"), "--page shows the ranking"),
        (("--taste", "nobody"), "asks tastes by their names"),
    ):
        assert run("--ref", FACE, *words, *more) == 2
        assert message in capsys.readouterr().err
    assert run("--person", "nobody", *words) == 2
    assert len(opened) == 1


@pytest.mark.usefixtures("ranked")
class TestOnAFinishedIndex:
    @pytest.fixture(autouse=True)
    def _nothing_is_looked_at_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("proportrait.rank.indexing.describe", None)

    def test_from_python(self, photos: Path) -> None:
        best = rank([FACE], photos, top=1)
        assert [photo.path.name for photo in best] == ["good.png"]
        assert best[0].similarity > 0.9

    def test_txt_is_bare_paths_the_best_first(self, photos: Path, tmp_path: Path) -> None:
        output = tmp_path / "ranked.txt"
        assert run("--ref", FACE, "--photos", photos, "--output", output) == 0
        assert output.read_text() == f"{photos / 'good.png'}\n{photos / 'soft.png'}\n"

    def test_csv(self, photos: Path, tmp_path: Path) -> None:
        output = tmp_path / "ranked.csv"
        run("--ref", FACE, "--photos", photos, "--output", output, "--top", 1)
        with output.open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["rank"], row["path"], row["kind"]) == ("1", str(photos / "good.png"), "single")
        assert row["reasons"]

    def test_json_is_printed_and_everything_else_goes_to_the_error_output(
        self, photos: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ("--ref", FACE, "--photos", photos, "--format", "json", "--explain")
        assert run(*words) == 0
        output, error = capsys.readouterr()
        assert len(json.loads(output)) == 2
        assert "good.png: similarity" in error
        assert "1 photos without a face" in error
        assert "person      in 2 photos" in error

    def test_the_page_replaces_an_earlier_one_alone(self, photos: Path, tmp_path: Path) -> None:
        words = ("--ref", FACE, "--photos", photos, "--output", tmp_path / "ranked.html")
        for top, more in ((1, 1), (2, 0)):
            assert run(*words, "--top", top) == 0
            text = (tmp_path / "ranked.html").read_text()
            assert text.count('"rank":') == top
            assert f"&#34;photos&#34;: {top + more}" in text
        (tmp_path / "ranked.html").write_text("mine")
        assert run(*words) == 2
        assert (tmp_path / "ranked.html").read_text() == "mine"

    def test_copies_links_and_stars(
        self, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ("--ref", FACE, "--photos", photos)
        before = {path: path.read_bytes() for path in photos.iterdir()}
        best, links = tmp_path / "best", tmp_path / "links"
        assert run(*words, "--copy_to", best, "--link-to", links, "--xmp") == 0
        error = capsys.readouterr().err
        for folder in (best, links):
            names = sorted(path.name for path in folder.iterdir())
            assert names == ["001_good.png", "002_soft.png"]
            assert f"best        2 photos in {folder}, 2 of them new" in error
        assert "stars       in 2 sidecars, 0 of other programs; taken from 0" in error
        stars = {path for path in photos.iterdir() if path.suffix == ".xmp"}
        assert {path.name for path in stars} == {"good.png.xmp", "soft.png.xmp"}
        assert run(*words, "--top", 1, "--xmp", "short") == 0
        assert "stars       in 1 sidecars, 0 of other programs; taken from 2" in (
            capsys.readouterr().err
        )
        assert run(*words, "--xmp", "--keep_xmp") == 0
        assert len(list(photos.glob("*.xmp"))) == 3
        assert run("--forget", photos, "--keep_xmp", "--index", tmp_path / "other") == 0
        assert len(list(photos.glob("*.xmp"))) == 3
        assert run("--forget", photos, "--index", tmp_path / "other") == 0
        assert f"taken from 3 sidecars in {photos}" in capsys.readouterr().out
        assert {path: path.read_bytes() for path in photos.iterdir()} == before

    def test_a_table_gives_the_reasons(
        self, photos: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run("--ref", FACE, "--photos", photos) == 0
        heading, first, reasons, *_ = capsys.readouterr().out.splitlines()
        assert heading.split() == ["rank", "score", "similarity", "kind", "photo"]
        assert first.endswith("good.png")
        assert "eyes open" in reasons

    def test_nobody_matches(self, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
        blurred = photos.parent / "blurred.png"
        PIL.Image.open(photos / "soft.png").resize((300, 300)).save(blurred)
        words = ("--ref", blurred, "--photos", photos, "--similarity", 1, "--format", "json")
        assert run(*words) == 3
        output, error = capsys.readouterr()
        assert json.loads(output) == []
        assert "nearest     a similarity of 0." in error
        assert "no photo of the person: name a second --ref" in error
        output = photos.parent / "nobody.html"
        best = photos.parent / "nobody"
        words = ("--ref", blurred, "--photos", photos, "--similarity", 1, "--output", output)
        assert run(*words, "--copy_to", best, "--xmp") == 3
        assert not output.exists()
        assert not best.exists()

    def test_a_broken_file_is_named_and_the_rest_is_ranked(
        self, photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.undo()
        broken = photos / "broken.jpg"
        broken.write_text("no picture")
        try:
            assert run("--ref", FACE, "--photos", photos) == 1
        finally:
            broken.unlink()
        output, error = capsys.readouterr()
        assert "good.png" in output
        assert "broken.jpg: the bytes are no picture" in error


def test_forget_empties_the_index_of_a_folder(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, index = tmp_path / "one", tmp_path / "index.sqlite"
    folder.mkdir()
    (folder / "a.png").write_bytes((photos / "good.png").read_bytes())
    run("--ref", FACE, "--photos", folder, "--index", index)
    assert run("--forget", folder, "--index", index) == 0
    assert run("--forget", folder, "--index", index) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[-2:]] == ["1", "0"]


def test_no_cache_leaves_no_index(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROPORTRAIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "sky.png").write_bytes((photos / "sky.png").read_bytes())
    assert run("--ref", FACE, "--photos", tmp_path / "photos", "--no_cache") == 3
    assert not index_path().exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--photos", "."], "--ref is missing"),
        (["--ref", "a.jpg"], "--photos is missing"),
        (
            ["--ref", "a.jpg", "--photos", ".", "--output", "a.pdf"],
            "ends with .txt, .csv, .json, .html",
        ),
        (["--ref", "a.jpg", "--photos", ".", "--output", str(FACE)], "is there already"),
        (["--ref", "a.jpg", "--photos", ".", "--output", "gone/a.txt"], "gone is no folder"),
        (["--ref", "a.jpg", "--photos", ".", "--no_cache", "--index", "i"], "take one of them"),
        (["--ref", "a.jpg", "--photos", ".", "--purpose", "passport"], "the purposes are"),
        (["--ref", "a.jpg", "--photos", ".", "--largest", "--face", "1"], "both choose a face"),
        (["--ref", "a.jpg", "--photos", ".", "--copy_to", "b", "--link_to", "b"], "take two"),
        (["--ref", "a.jpg", "--photos", ".", "--copy_to", "."], "holds photos of yours"),
        (["--ref", str(FACE), "--photos", str(FACE)], "is no folder"),
    ],
)
def test_wrong_options_say_what_to_do(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_photos_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no pictures"):
        rank([FACE], tmp_path)
