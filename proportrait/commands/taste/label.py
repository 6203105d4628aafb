"""`proportrait taste label`: open a page that asks which pictures you like, and learns it."""

from __future__ import annotations

import argparse
import secrets
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from proportrait.commandline import count, printable

if TYPE_CHECKING:
    from proportrait.taste.labels import Labels

DESCRIPTION = """The page is at the printed address, for this machine alone. It asks about one
picture after the other, learns meanwhile, and sifts the folder. Pictures are never moved, changed,
or deleted; every answer is kept, with all that you took back, in one SQLite file. proportrait serve
--photos DIR has the same page at /taste, beside those that judge and rank."""
_HOST = "127.0.0.1"
_OPEN_S = 0.5  # from the announcement until the browser is told: the server begins to answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait taste label`."""
    # fmt: off
    add = parser.add_argument
    add("--folder", type=Path, required=True, metavar="DIR",
        help="with the pictures; they stay as they are")
    add("--task", required=True, metavar="NAME",
        help="what you judge, such as composition; labels of the same name go on")
    add("--rater", metavar="NAME", help="who you are (default: your login)")
    add("--labels", type=Path, metavar="FILE",
        help="SQLite file of the labels (default: in your data directory)")
    add("--exports", type=Path, metavar="DIR", default=Path("taste"),
        help="where copies of sifted pictures go, each time into a new folder (default taste/)")
    add("--import", dest="source", type=Path, metavar="PATH",
        help="begin with the labels of a CSV, or of a folder with positive/ and negative/ or a "
             "metadata.csv")
    add("--port", type=int, choices=range(65536), default=8001, metavar="PORT",
        help="default 8001; 0 takes a free one")
    add("--no_browser", action="store_true", help="print the address, open nothing")
    add("--workers", type=count, metavar="N",
        help="processes that compute features (default: one a core, but one)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or SIGTERM."""
    from proportrait.looks.look import WORKER_BYTES
    from proportrait.serve.app import create_app
    from proportrait.serve.listen import listen
    from proportrait.serve.settings import Settings
    from proportrait.serve.taste.places import taste_places
    from proportrait.taste.labels import Labels
    from proportrait.workers import fitting_workers

    workers = max(1, fitting_workers(options.workers, WORKER_BYTES) - (options.workers is None))
    places = taste_places([options.folder], options.exports, workers, options.labels, options.rater)
    settings = Settings(_HOST, secrets.token_urlsafe(16))
    with Labels(options.labels) as labels:
        labels.put_folder(options.task, *places.photos)
        if options.source is not None:
            _import(labels, options.task, places.rater, options.source)
        print(f"labels      {printable(labels.path)}", file=sys.stderr)

    def announce(port: int) -> None:
        page = f"taste/{quote(options.task, safe='')}"
        address = f"http://{_HOST}:{port}/{page}#token={settings.token}"
        print(address, flush=True)
        print("            open it in a browser of this machine; Ctrl-C here ends it, and the same "
              "command goes on", file=sys.stderr)  # fmt: skip
        if not options.no_browser:
            threading.Timer(_OPEN_S, webbrowser.open, [address]).start()

    app = create_app(settings, tastes=places, is_judging=False)
    listen(app, _HOST, options.port, announce)
    return 0


def _import(labels: Labels, task: str, rater: str, source: Path) -> None:
    from proportrait.taste.exchange import add_entries, read_entries

    result = add_entries(labels, task, rater, read_entries(source))
    undo = "; Z on the page takes them back at once" if result.count else ""
    print(f"imported    {result.count} labels from {printable(source)}{undo}", file=sys.stderr)
    for problem in result.problems:
        print(f"left out    {problem}", file=sys.stderr)
