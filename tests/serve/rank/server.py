"""A server of made photos with the quick work of `hooks`, as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from proportrait.serve import judges
from proportrait.serve.app import create_app
from proportrait.serve.listen import listen
from proportrait.serve.rank import work
from proportrait.serve.rank.places import Places
from tests.rank.samples import VERSION
from tests.serve.rank import hooks


def places_in(folder: Path) -> Places:
    """Photos in `photos`, nothing in `more`, beside them the index and `exports`."""
    photos = (folder / "photos", folder / "more")
    return Places(photos, folder / "exports", folder / "faces.sqlite", VERSION, drawers=1)


if __name__ == "__main__":
    judges.prepare = work.prepare_behind = hooks.prepare
    work.describe, work.references = hooks.describe, hooks.references
    work.tastes = hooks.tastes
    app = create_app(None, places_in(Path(sys.argv[1])))
    listen(app, "127.0.0.1", 0, lambda port: print(f"http://127.0.0.1:{port}", flush=True))
