"""The page within `proportrait serve`, with the quick features of `hooks`, as a process of its own.

Photos are in DIR/photos and DIR/more, labels and exports beside them; nothing is judged or ranked.
"""

import sys
from pathlib import Path


def main(home: Path) -> None:
    # Imported here, so that worker processes, which import this module, begin quickly.
    from proportrait.serve import judges
    from proportrait.serve.app import create_app
    from proportrait.serve.listen import listen
    from proportrait.serve.taste import work
    from proportrait.serve.taste.places import TastePlaces
    from tests.serve.taste import hooks

    work.features, judges.prepare = hooks.features, hooks.prepare
    photos = (home / "photos", home / "more")
    places = TastePlaces(photos, home / "exports", "anna", home / "labels.sqlite", drawers=1)
    app = create_app(tastes=places)
    listen(app, "127.0.0.1", 0, lambda port: print(f"http://127.0.0.1:{port}", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
