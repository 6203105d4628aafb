"""How a folder is indexed behind the page: what is ready is served, and a restart goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError
from proportrait.people import decisions
from proportrait.rank.describe import PhotoEntry
from proportrait.rank.index import Index
from proportrait.serve.rank import shelf as module
from proportrait.serve.rank.desk import Desk
from proportrait.serve.rank.places import checked_places
from proportrait.serve.rank.shelf import Shelf, Stopped
from tests.rank.samples import VERSION
from tests.serve.rank import hooks
from tests.serve.rank.server import places_in


class Spread:
    """Describes photos in this process, and stops before one of them."""

    def __init__(self, folder: Path, shelf: Shelf, stop_at: int | None = None) -> None:
        self.folder, self.shelf, self.stop_at = folder, shelf, stop_at
        self.states: list[dict[str, object]] = []

    def __call__(
        self, task: Callable[[Path], PhotoEntry], paths: Iterable[Path], _: int,
        known: Callable[[Path], PhotoEntry | None],
    ) -> Generator[tuple[Path, PhotoEntry], None, None]:  # fmt: skip
        for number, path in enumerate(paths):
            if number == self.stop_at:
                raise Stopped
            yield path, known(path) or hooks.describe(self.folder, task, path)
            self.states.append(self.shelf.state())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    hooks.write_photos(tmp_path / "photos")
    return tmp_path / "photos"


def run(photos: Path, shelf: Shelf, stop_at: int | None = None) -> Spread:
    spread = Spread(photos, shelf, stop_at)
    with Index(photos.parent / "faces.sqlite", VERSION, print) as index:
        shelf.update(index, 40.0, spread)
    return spread


def test_a_restart_goes_on_where_the_server_was_killed(photos: Path) -> None:
    first = Shelf(photos)
    with pytest.raises(Stopped):
        run(photos, first, stop_at=5)
    again = Shelf(photos)
    spread = run(photos, again)
    assert len(spread.states) == 12 - 5
    assert spread.states[0]["ready"] == 5  # what is known is served at once
    assert again.state()["ready"] == 11
    assert [state["people"] for state in spread.states] == [None] * 7  # known when all are
    assert again.state()["people"]["count"] == 3
    assert run(photos, Shelf(photos)).states == []


def test_who_was_known_before_is_there_at_once(photos: Path) -> None:
    kept = (photos / "ben_1.jpg").read_bytes()
    (photos / "ben_1.jpg").unlink()
    run(photos, Shelf(photos))
    (photos / "ben_1.jpg").write_bytes(kept)
    shelf = Shelf(photos)
    (state,) = run(photos, shelf).states
    assert isinstance(state["people"], dict)
    assert (state["people"]["count"], state["people"]["loose"]) == (3, 0)
    after = shelf.state()["people"]
    assert after["version"] > state["people"]["version"]


def test_a_folder_that_is_to_be_forgotten_is_left_at_once(photos: Path) -> None:
    shelf = Shelf(photos)
    with Index(photos.parent / "faces.sqlite", VERSION, print) as index:
        shelf.is_leaving = True
        with pytest.raises(Stopped):
            shelf.update(index, 40.0, Spread(photos, shelf))


def test_a_forgotten_folder_leaves_nothing(photos: Path) -> None:
    desk = Desk(places_in(photos.parent))
    shelf = desk.shelves[0]
    run(photos, shelf)

    async def decide() -> str:
        return await desk.crowds.decide(decisions.name, {"1": "Zarathustra"})

    files = [photos.parent / name for name in ("faces.sqlite", "faces.sqlite-wal")]
    assert asyncio.run(decide()) == "1 is Zarathustra"
    assert any(b"Zarathustra" in file.read_bytes() for file in files)
    assert asyncio.run(desk.forget(0)) == 12
    assert not any(b"Zarathustra" in file.read_bytes() for file in files)
    state = shelf.state()
    assert (state["is_forgotten"], state["faces"], state["photos"], state["people"]) == (
        True, 0, 0, None,
    )  # fmt: skip
    with Index(photos.parent / "faces.sqlite", VERSION, print) as index:
        assert index.rows("SELECT * FROM faces") == index.rows("SELECT * FROM members") == []


def test_the_page_works_with_what_is_ready_and_tells_how_far_it_is(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RENEW_S", 0.0)
    monkeypatch.setattr(module, "_RENEW_SHARE", 0.0)
    states = run(photos, Shelf(photos)).states
    ready = [state["ready"] for state in states]
    assert ready == sorted(ready)  # type: ignore[type-var]
    assert len(set(ready)) > 8
    progress = states[-1]["progress"]
    assert isinstance(progress, dict)
    assert (progress["done"], progress["total"]) == (12, 12)
    assert progress["rate"] > 0
    assert progress["seconds_left"] == 0


def test_a_folder_that_is_gone_is_an_error_that_says_so(photos: Path) -> None:
    shelf = Shelf(photos.parent / "nothing")
    with pytest.raises(ConfigurationError, match="cannot be listed"):
        run(photos, shelf)


def test_places_have_no_exports_and_no_index_among_the_photos(photos: Path) -> None:
    outside = photos.parent / "out"
    (photos.parent / "link").symlink_to(photos)
    with pytest.raises(ConfigurationError, match="copies would lie among the photos"):
        checked_places([photos], photos / "chosen", None, 1)
    with pytest.raises(ConfigurationError, match="copies would lie among the photos"):
        checked_places([photos], photos.parent / "link" / "chosen", None, 1)
    with pytest.raises(ConfigurationError, match="the index would lie among the photos"):
        checked_places([photos], None, photos / "faces.sqlite", 1)
    with pytest.raises(ConfigurationError, match="is no folder"):
        checked_places([photos / "anna_best.jpg"], None, None, 1)
    places = checked_places([photos, photos.parent / "link"], outside, outside / "i.sqlite", 1)
    assert (places.photos, places.exports) == ((photos,), outside)
