"""Sidecars beside photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from proportrait.errors import StoreError
from proportrait.rank.outputs import sidecars, xmp
from proportrait.rank.ranking import Ranked
from tests.rank.outputs.test_xmp import DIGIKAM, LIGHTROOM

LIMITS = (45.0, 65.0, 80.0, 90.0)


class Folder:
    """Photos and their sidecars."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        for name in ("a.jpg", "b.jpg", "deep/c.png"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(b"a photo")

    def write(self, naming: sidecars.Naming = "full", **scores: float) -> dict[str, bool]:
        """Write stars, as a run does that lists these photos, the others go."""
        names = {"a": "a.jpg", "b": "b.jpg", "c": "deep/c.png"}
        photos = [
            Ranked(self.path / names[name], rank, score, 1.0, "single", ())
            for rank, (name, score) in enumerate(scores.items(), 1)
        ]
        self.notes = []
        written = sidecars.write(photos, LIMITS, self.notes.append, naming)
        self.remove(written)
        return {path.relative_to(self.path).as_posix(): kind for path, kind in written.items()}

    def remove(self, but: dict[Path, bool] | None = None) -> int:
        return sidecars.remove(self.path, self.notes.append, but or {})

    @property
    def others(self) -> set[str]:
        """What is there beside the photos."""
        files = (path for path in self.path.rglob("*") if path.is_file())
        return {
            file.relative_to(self.path).as_posix()
            for file in files
            if file.suffix not in (".jpg", ".png")
        }

    def rating(self, name: str) -> str | None:
        return xmp.rating_of((self.path / name).read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "photos")


@pytest.mark.parametrize(
    ("score", "stars"), [(0, 1), (44.9, 1), (45, 2), (65, 3), (80, 4), (89.9, 4), (90, 5), (100, 5)]
)
def test_stars_follow_from_the_score(score: float, stars: int) -> None:
    assert sidecars.stars_of(score, LIMITS) == stars


def test_sidecars_are_written_beside_the_photos_and_renewed(folder: Folder) -> None:
    assert folder.write(a=95, c=50) == {"a.jpg.xmp": False, "deep/c.png.xmp": False}
    assert (folder.rating("a.jpg.xmp"), folder.rating("deep/c.png.xmp")) == ("5", "2")
    folder.write(a=70, b=85)  # of c, which is not listed any more, nothing is left
    assert folder.others == {"a.jpg.xmp", "b.jpg.xmp"}
    assert (folder.rating("a.jpg.xmp"), folder.rating("b.jpg.xmp")) == ("3", "4")
    assert folder.remove() == 2
    assert folder.others == set()
    assert (folder.path / "a.jpg").read_bytes() == b"a photo"


def test_the_short_name_is_that_of_lightroom_and_the_best_photo_has_it(folder: Folder) -> None:
    (folder.path / "a.png").write_bytes(b"another photo")
    photos = [
        Ranked(folder.path / name, rank, 100.0 / rank, 1.0, "single", ())
        for rank, name in enumerate(("a.png", "a.jpg"), 1)
    ]
    written = sidecars.write(photos, LIMITS, print, "short")
    assert list(written) == [folder.path / "a.xmp"]
    assert folder.rating("a.xmp") == "5"
    assert folder.write("full", a=95) == {"a.jpg.xmp": False}
    assert folder.others == {"a.jpg.xmp"}  # that of the other name is stale


@pytest.mark.parametrize("data", [LIGHTROOM, DIGIKAM])
def test_a_foreign_sidecar_is_kept_with_a_copy_and_comes_back(folder: Folder, data: bytes) -> None:
    place, copy = folder.path / "a.jpg.xmp", folder.path / "a.jpg.xmp.bak"
    place.write_bytes(data)
    place.chmod(0o600)
    for score in (95, 70, 70):
        assert folder.write(a=score) == {"a.jpg.xmp": True}
        assert copy.read_bytes() == data
        assert place.read_bytes() == xmp.rated(data, 5 if score == 95 else 3)
        assert place.stat().st_mode & 0o777 == 0o600
    folder.write(b=50)
    assert place.read_bytes() == data
    assert folder.others == {"a.jpg.xmp", "b.jpg.xmp"}
    assert folder.notes == []


def test_what_another_program_has_written_since_is_not_lost(folder: Folder) -> None:
    place = folder.path / "a.jpg.xmp"
    place.write_bytes(LIGHTROOM)
    folder.write(a=95)
    place.write_bytes(place.read_bytes().replace(b"+0.35", b"+0.70"))
    changed = place.read_bytes()
    assert folder.write(a=95) == {"a.jpg.xmp": True}
    assert place.read_bytes() == changed  # it has the stars already
    folder.write(a=70)
    assert (folder.path / "a.jpg.xmp.bak").read_bytes() == LIGHTROOM
    assert (folder.path / "a.jpg.xmp-2.bak").read_bytes() == changed
    assert b"+0.70" in place.read_bytes()
    folder.write()
    assert (folder.rating("a.jpg.xmp"), b"+0.70" in place.read_bytes()) == ("2", True)


def test_a_new_sidecar_that_another_program_took_over_stays(folder: Folder) -> None:
    folder.write(a=95)
    place = folder.path / "a.jpg.xmp"
    ours = place.read_bytes()
    place.write_bytes(ours.replace(b"<rdf:Description", b'<rdf:Description xmlns:d="d:" d:x="1"'))
    assert folder.remove() == 1
    assert folder.rating("a.jpg.xmp") is None
    assert b'd:x="1"' in place.read_bytes()


def test_what_is_no_sidecar_stays_and_is_named(folder: Folder) -> None:
    (folder.path / "a.jpg.xmp").write_bytes(b"my notes")
    (folder.path / "b.jpg.xmp").symlink_to("a.jpg.xmp")
    assert folder.write(a=95, b=95, c=95) == {"deep/c.png.xmp": False}
    assert (folder.path / "a.jpg.xmp").read_bytes() == b"my notes"
    assert (folder.path / "b.jpg.xmp").is_symlink()
    assert [note.partition(": ")[2] for note in folder.notes] == [
        "it is no XML: syntax error: line 1, column 0", "it is no file of its own",
    ]  # fmt: skip
    assert "a.jpg.xmp.bak" not in folder.others


def test_a_folder_that_cannot_be_written_is_a_clear_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder.path / "a.jpg.xmp"))

    monkeypatch.setattr("proportrait.rank.outputs.sidecars.add_file", refuse)
    with pytest.raises(StoreError, match=r"a\.jpg\.xmp cannot be read or written"):
        folder.write(a=95)


def test_subfolders_and_folders_that_are_gone(folder: Folder) -> None:
    folder.write(a=95, c=95)
    assert sidecars.remove(folder.path, print, recursive=False) == 1
    assert folder.others == {"deep/c.png.xmp"}
    assert sidecars.remove(folder.path / "gone", print) == 0
