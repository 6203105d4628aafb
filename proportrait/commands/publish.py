"""Publish a data set, a model, or both on the Hugging Face Hub.

A data set goes out as the parquet of DIR/export/parquet, which is written anew, with a card
(counts, splits, licence, how the labels came about, known faults) and Croissant metadata; a model
goes out with its card. Look first: --dry_run shows every file and the card, and touches no
network. A new repository is private, unless you say --public. The token is that of HF_TOKEN, of a
file, or of `hf auth login`. The same command goes on with an upload that was cut off, and sends
nothing twice."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError

if TYPE_CHECKING:
    from proportrait.publish.publication import Publication

EXAMPLES = """
proportrait publish output --to hub me/portraits --dry_run             # what would go out
proportrait publish --model model.safetensors --to hub me/headshots    # a model alone
"""
_PLACES = ("hub",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait publish`."""
    # fmt: off
    add = parser.add_argument
    add("folder", nargs="?", type=Path, metavar="DIR",
        help="data set that `proportrait generate` wrote")
    add("--model", type=Path, metavar="FILE",
        help="model.safetensors of `proportrait train`, for a model repository of the same name")
    add("--to", nargs=2, required=True, metavar=("hub", "OWNER/NAME"),
        help="where: hub, and your user name or organisation with the name of the repository")
    add("--dry_run", action="store_true",
        help="say what would go out, with its card, and send nothing")
    add("--public", action="store_true",
        help="everyone can see it, once it is complete (default: private)")
    add("--replace", action="store_true",
        help="bring a repository with other content to this one; its history keeps what it had")
    add("--token_file", type=Path, metavar="FILE",
        help="with a token that may write (default: HF_TOKEN)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Publish, or say what would be published."""
    place, repo = options.to
    if place not in _PLACES:
        raise ConfigurationError(f"--to hub OWNER/NAME is expected, not {place!r}")
    if options.folder is None and options.model is None:
        raise ConfigurationError("name the folder of a data set, or --model FILE, or both")
    publications = _publications(options, repo)
    if options.dry_run:
        for publication in publications:
            print("\n".join(_preview(publication, options.public)))
        print("Nothing was sent. The same command without --dry_run sends it.")
        return 0
    _send(publications, options)
    return 0


def _publications(options: argparse.Namespace, repo: str) -> list[Publication]:
    from proportrait.publish.prepare import data_set, model
    from proportrait.publish.publication import check_name
    from proportrait.store import RecordStore

    check_name(repo)
    publications = []
    if options.folder is not None:
        publications.append(data_set(RecordStore(options.folder), repo))
    if options.model is not None:
        publications.append(model(options.model, repo, repo if publications else None))
    return publications


def _preview(publication: Publication, public: bool) -> Iterator[str]:
    from proportrait.publish.publication import CARD

    texts = publication.texts(datetime.datetime.now(datetime.UTC).date())
    sizes = {path: file.size for path, file in publication.data.items()}
    sizes |= {path: len(text) for path, text in texts.items()}
    yield f"{publication.kind:<11} {publication.address}"
    yield f"visibility  {'public, once it is complete' if public else 'private'}"
    yield f"licence     {publication.licence}"
    yield from (f"mind        {caution}" for caution in publication.cautions)
    yield f"files       {len(sizes)} of {sum(sizes.values()):,} bytes:"
    yield from (f"{size:>15,}  {printable(path)}" for path, size in sizes.items())
    yield from ("", texts[CARD].decode())


def _send(publications: list[Publication], options: argparse.Namespace) -> None:
    from proportrait.publish.hub import read_token, upload

    token = read_token(options.token_file)
    for publication in publications:
        for caution in publication.cautions:
            print(f"mind        {caution}", file=sys.stderr)
        done = upload(
            publication, token, public=options.public, replace=options.replace,
            say=lambda line: print(f"sending     {line}", file=sys.stderr),
        )  # fmt: skip
        text = f"sent        {done.sent} files of {done.sent_bytes:,} bytes"
        if done.kept:
            text += f"; {done.kept} were there already"
        if done.deleted:
            text += f"; {done.deleted} of before were deleted"
        print(text)
        print(f"published   {publication.address} ({'public' if options.public else 'private'})")
