"""Photos as people have them, through the commands: formats, profiles, folders, names."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import verify_labels
from proportrait import cli
from proportrait.imaging import each_file, read
from proportrait.labels import KEYS
from proportrait.looks.look import look
from tests import FACE
from tests.imaging.drawn import encoded
from tests.imaging.profiles import ADOBE_RGB, DISPLAY_P3, PROPHOTO, rgb_profile


@pytest.fixture(scope="module")
def face() -> PIL.Image.Image:
    return PIL.Image.fromarray(read(FACE))


def listed(paths: list[Path]) -> list[Path]:
    return list(each_file(paths, print))


def verify(*arguments: object) -> int:
    return verify_labels.main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.heic", "HEIF"), ("renamed.jpg", "HEIF"), ("a.avif", "AVIF"), ("a.webp", "WEBP"),
        ("a.jfif", "JPEG"), ("a.jpe", "JPEG"), ("a.mpo", "MPO"), ("a.gif", "GIF"),
        ("a.jp2", "JPEG2000"), ("a.bmp", "BMP"), ("a.tif", "TIFF"),
    ],
)  # fmt: skip
def test_every_format_is_looked_at_alone_and_in_a_folder(
    face: PIL.Image.Image, name: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / name).write_bytes(encoded(face, kind, quality=95))
    taken = look(tmp_path / "photos" / name)
    assert (taken.error, taken.faces, taken.size) == ("", 1, (512, 512))
    assert listed([tmp_path / "photos"]) == [tmp_path / "photos" / name]
    # Every loss of detail moves the landmarks a little.
    assert taken.scores["framing"] == pytest.approx(look(FACE).scores["framing"], abs=6)


@pytest.mark.parametrize(
    ("primaries", "gamma", "most"),
    [(DISPLAY_P3, None, 3), (ADOBE_RGB, 2.2, 3), (PROPHOTO, 1.8, 8)],
    ids=["Display P3", "Adobe RGB", "ProPhoto"],
)
def test_a_profile_changes_no_verdict_of_the_measures(
    face: PIL.Image.Image, primaries: object, gamma: float | None, most: float, tmp_path: Path
) -> None:
    """The same light, stored in the colours of another profile, scores alike."""
    profile = rgb_profile(primaries, gamma)  # type: ignore[arg-type]
    from PIL import ImageCms

    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    stored = transform.apply(face)
    (tmp_path / "a.png").write_bytes(encoded(stored, "PNG", icc_profile=profile))
    own, other = look(FACE), look(tmp_path / "a.png")
    assert np.abs(read(tmp_path / "a.png").astype(int) - read(FACE)).mean() < 1.5
    for key in set(KEYS) - {"attire"}:
        assert other.scores[key] == pytest.approx(own.scores[key], abs=most), key


def test_a_jpeg_without_its_end_is_judged_with_a_remark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").write_bytes(FACE.read_bytes()[:-2])
    (tmp_path / "half.jpg").write_bytes(FACE.read_bytes()[: FACE.stat().st_size // 2])
    assert cli.main(["score", str(tmp_path), "--format", "json"]) == 1
    whole, half = json.loads(capsys.readouterr().out)
    assert set(whole["verdicts"]) == set(KEYS)
    assert "the end of the file is missing" in whole["remarks"][0]
    assert "truncated" in half["error"]
    assert cli.main(["score", str(tmp_path / "a.jpg")]) == 0
    assert "the end of the file is missing" in capsys.readouterr().out


def test_folders_are_gone_down_into_and_what_is_left_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "2024" / "may").mkdir(parents=True)
    photo = tmp_path / "2024" / "may" / "a.jpg"
    photo.write_bytes(FACE.read_bytes())
    (tmp_path / "b.cr2").write_bytes(b"raw")
    (tmp_path / ".hidden.jpg").write_bytes(FACE.read_bytes())
    assert listed([tmp_path]) == [photo]
    assert capsys.readouterr().out == "left out: 1 .cr2 (convert them to JPEG first)\n"
    photo.unlink()
    assert cli.main(["score", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "holds no pictures that can be read (left out: 1 .cr2" in message


def test_of_a_data_set_its_images_are_judged(tmp_path: Path) -> None:
    for folder in ("images", "metadata", "augmentation"):
        (tmp_path / folder).mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(FACE.read_bytes())
    (tmp_path / "contact_sheet.png").write_bytes(FACE.read_bytes())
    assert listed([tmp_path]) == [tmp_path / "images" / "a.jpg"]


NAMES = [b"M\xfcller.jpg", b"two\nlines.jpg", b"esc\x1b[31m.jpg", "é \U0001f600.jpg".encode()]


@pytest.mark.skipif(sys.platform == "darwin", reason="its disks take UTF-8 names alone")
@pytest.mark.parametrize("raw", NAMES, ids=["latin-1", "newline", "escape", "emoji"])
def test_a_name_of_any_bytes_has_its_row_everywhere(
    raw: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / os.fsdecode(raw)).write_bytes(FACE.read_bytes())
    sheet = tmp_path / "sheet.png"
    assert cli.main(["score", str(photos), "--format", "table", "--picture", str(sheet)]) == 0
    table = capsys.readouterr().out
    assert len(table.splitlines()) == 2
    assert "\x1b" not in table
    table.encode()  # no half of a surrogate pair is left
    assert sheet.exists()
    monkeypatch.chdir(tmp_path)
    assert verify("--input", photos, "--no-model") == 0
    capsys.readouterr().out.encode()
    (run,) = (p for p in (tmp_path / "verification").iterdir() if p.is_dir())
    rows = (run / "verdicts.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(KEYS)
    assert (run / "report.html").exists()
    assert [file.name for file in photos.iterdir()] == [os.fsdecode(raw)]


def test_reports_of_photos_never_lie_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    (photos / "inner").mkdir(parents=True)
    (photos / "a.jpg").write_bytes(FACE.read_bytes())
    monkeypatch.chdir(photos / "inner")
    assert verify("--input", photos, "--no-model") == 2
    assert "--output" in capsys.readouterr().err
    assert verify("--input", photos, "--no-model", "--output", tmp_path / "reports") == 0
    assert {p.name for p in photos.iterdir()} == {"a.jpg", "inner"}
    assert len(list((tmp_path / "reports").iterdir())) == 1


def test_a_place_that_cannot_be_written_names_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("images", "metadata"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    (tmp_path / "set" / "verification").write_text("in the way")
    assert verify("--input", tmp_path / "set", "--no-model") == 2
    assert "name another folder with --output" in capsys.readouterr().err
    assert verify("--input", tmp_path / "set", "--no-model", "-o", tmp_path / "reports") == 0


def test_undo_leaves_a_folder_of_photos_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").write_bytes(FACE.read_bytes())
    assert verify("--input", tmp_path, "--undo", "last") == 2
    assert "photos without records" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.skipif(sys.platform == "darwin", reason="its disks take UTF-8 names alone")
def test_a_row_with_an_error_is_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(b"e\x1b[31m\xfc\nz.jpg")
    (tmp_path / name).write_bytes(FACE.read_bytes()[:2000])
    paths = str(tmp_path), str(tmp_path / ("n" * 300)), "no\x1b.jpg"
    assert cli.main(["score", *paths, "--format", "table"]) == 1
    table = capsys.readouterr().out
    table.encode()
    assert "\x1b" not in table
    assert len(table.splitlines()) == 1 + 3


@pytest.mark.skipif(sys.platform == "darwin", reason="its disks take UTF-8 names alone")
def test_a_folder_of_any_name_is_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, reports = (tmp_path / os.fsdecode(name) for name in (b"M\xfcd", b"M\xfcout"))
    photos.mkdir()
    (photos / "a.jpg").write_bytes(FACE.read_bytes())
    assert verify("--input", photos, "--no-model", "--output", reports) == 0
    capsys.readouterr().out.encode()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may look everywhere")
def test_folders_that_may_not_be_entered_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "b.jpg").write_bytes(FACE.read_bytes())
    (tmp_path / "a.jpg").write_bytes(FACE.read_bytes())
    for mode in (0o000, 0o644):  # not to be listed; to be listed, but not entered
        (tmp_path / "shut").chmod(mode)
        try:
            assert listed([tmp_path])[0] == tmp_path / "a.jpg"
            assert cli.main(["score", str(tmp_path / "shut" / "b.jpg")]) == 1
        finally:
            (tmp_path / "shut").chmod(0o755)
    assert "shut (no right to list it)" in capsys.readouterr().err
