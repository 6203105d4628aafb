"""Open a page that judges photos, and a REST endpoint.

Photos stay in the memory of this machine and are forgotten with the answer. The page is at the
printed address, the endpoint at /api/v1/score, its OpenAPI document at /api/v1/openapi.json. Where
others can reach the server, it asks for a token. With --photos there is also the page /rank, which
finds the best photos of one person; the index behind it is that of proportrait rank. And there is
/taste, where pictures of these folders are labelled and a taste is learnt, as with taste label."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import threading
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from proportrait.commandline import count, positive, printable
from proportrait.errors import ConfigurationError
from proportrait.score import PACKAGED
from proportrait.serve.settings import Settings, is_local

if TYPE_CHECKING:
    from proportrait.serve.rank.places import Places

EXAMPLES = """
proportrait serve --photos photos                        # for this machine; also ranks photos
proportrait serve --host 0.0.0.0 --token @token.txt      # for others too
"""
TOKEN_VARIABLE = "PROPORTRAIT_TOKEN"
_ANY = ("0.0.0.0", "::")
_OPEN_S = 0.5  # from the announcement until the browser is told: the server begins to answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait serve`."""
    # fmt: off
    add = parser.add_argument
    add("--host", default="127.0.0.1",
        help="address to listen at (default 127.0.0.1, for this machine)")
    add("--port", type=int, choices=range(65536), default=8000, metavar="PORT",
        help="default 8000; 0 takes a free one")
    add("--token",
        help=f"what requests have to send. It would stand in the process list: better set "
             f"{TOKEN_VARIABLE}, or give @FILE; default: none on 127.0.0.1, a new one elsewhere")
    add("--photos", type=Path, action="append", default=[], metavar="DIR",
        help="a folder whose photos the page /rank ranks by person, and /taste asks about; may be "
             "repeated; nothing outside these folders is read")
    add("--exports", type=Path, metavar="DIR",
        help="where these pages may copy photos to (default: nowhere)")
    add("--index", type=Path, metavar="FILE",
        help="index of faces, as of proportrait rank (default: in the user's cache directory)")
    add("--labels", type=Path, metavar="FILE",
        help="labels of tastes, as of taste label (default: in the user's data directory)")
    add("--max_mb", type=positive, default=25.0, metavar="MB", help="of a picture (default 25)")
    add("--max_pictures", type=count, default=20, metavar="N", help="of a request (default 20)")
    add("--timeout", type=positive, default=30.0, metavar="S", help="of a picture (default 30 s)")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; requests under way are answered first."""
    from proportrait.looks.look import WORKER_BYTES
    from proportrait.score import Scorer
    from proportrait.serve.app import create_app
    from proportrait.serve.listen import listen
    from proportrait.serve.rank.places import checked_places
    from proportrait.serve.taste.places import taste_places
    from proportrait.workers import fitting_workers

    Scorer(options.model)  # a missing or damaged model is an error now, not in a worker
    settings = Settings(
        options.host, _token(options), options.model,
        fitting_workers(options.workers, WORKER_BYTES), options.timeout,
        round(options.max_mb * 1e6), round(4 * options.max_mb * 1e6), options.max_pictures,
    )  # fmt: skip
    places = tastes = None
    if options.photos:
        workers = max(1, settings.workers - (options.workers is None))
        places = checked_places(options.photos, options.exports, options.index, workers)
        tastes = taste_places(options.photos, options.exports, workers, options.labels)
    elif options.exports or options.index or options.labels:
        raise ConfigurationError("--photos is missing: name the folder with the photos")
    announce = partial(_announce, settings, places)
    listen(create_app(settings, places, tastes), options.host, options.port, announce)
    return 0


def open_page(places: Places) -> None:
    """Open the page of ranking in the browser, at a free port of this machine, until Ctrl-C."""
    from proportrait.serve.app import create_app
    from proportrait.serve.listen import listen

    settings = Settings(token=secrets.token_urlsafe(16))

    def announce(port: int) -> None:
        address = _address(settings, port, "rank")
        print(address, flush=True)
        print("            open it in a browser of this machine; Ctrl-C here ends it",
              file=sys.stderr, flush=True)  # fmt: skip
        threading.Timer(_OPEN_S, webbrowser.open, [address]).start()

    listen(create_app(settings, places), settings.host, 0, announce)


def _token(options: argparse.Namespace) -> str:
    """The chosen token, or a new one where others can reach the server and none was chosen.

    Raises:
        ConfigurationError: its file cannot be read, or it is no line of printable ASCII.
    """
    text = options.token or os.environ.get(TOKEN_VARIABLE, "")
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the token cannot be read from {text[1:]}: {error}") from None
        if not text:
            raise ConfigurationError("the file of the token is empty")
    if not text:
        return "" if is_local(options.host) else secrets.token_urlsafe(24)
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ConfigurationError("a token is one word of printable ASCII")
    return text


def _announce(settings: Settings, places: Places | None, port: int) -> None:
    print(_address(settings, port), flush=True)
    print("\n".join(_notes(settings)), file=sys.stderr, flush=True)
    if places:
        print(f"  /rank: the best photos of one person. Index: {printable(places.index)}\n"
              f"  /taste: label photos, and teach what you like.",
              file=sys.stderr, flush=True)  # fmt: skip


def _address(settings: Settings, port: int, page: str = "") -> str:
    """Where the page is; behind # stands what only the browser reads."""
    host = "localhost" if settings.host in _ANY else settings.host
    host = f"[{host}]" if ":" in host else host
    secret = f"#token={quote(settings.token, safe='')}" if settings.token else ""
    return f"http://{host}:{port}/{page}{secret}"


def _notes(settings: Settings) -> list[str]:
    """What stands below the address: what it is, where photos go, how others reach it."""
    if is_local(settings.host):
        reach, phone = "for this machine alone", "run it with --host 0.0.0.0, which adds a token"
    else:
        reach, phone = "for who has the token behind #", "open this address"
    if settings.host in _ANY:
        phone += ", name or IP for localhost"
    return [
        f"  A page that judges photos, {reach}. For programs: POST /api/v1/score.",
        "  Photos stay in memory and are forgotten with the answer: none is stored or sent on.",
        f"  Ctrl-C ends it. From a phone in the same network: {phone}.",
    ]
