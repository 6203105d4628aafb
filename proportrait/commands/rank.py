"""Find the photos of one person in a folder of everything, the best first.

--ref is a photo that shows the person alone; a second one makes it surer. Every face of the folder
is indexed once, at about a second a photo; later runs, for other people or by other weights, answer
at once. Of near-duplicates and bursts the best is listed, the others under it. The index is
identity data: it stays on this machine, in the user's cache directory, and `proportrait rank
--forget DIR` deletes what it holds of a folder. Photos are never changed, and nothing is left
among them but the sidecars that --xmp asks for. Exit code 1: a file could not be read. Exit code
3: nobody in the folder is the person."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from proportrait.commandline import count, printable
from proportrait.commands.face_index import (
    add_index_options,
    forget,
    opened,
    similarity_option,
    skipped,
    update,
    with_bar,
    write,
)
from proportrait.errors import ConfigurationError

if TYPE_CHECKING:
    from proportrait.arrays import Float
    from proportrait.rank.ranking import Ranked, Ranking

EXAMPLES = """
proportrait rank --ref me.jpg --photos photos                          # the 20 best of me
proportrait rank --ref me.jpg --photos photos --output ranked.html     # one page with pictures
"""
_SUFFIXES = ("txt", "csv", "json", "html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait rank`."""
    # fmt: off
    add = parser.add_argument
    add("--ref", type=Path, action="append", default=[], metavar="FILE",
        help="a photo of the person alone; may be repeated")
    add("--person", metavar="WHO",
        help="number or name of one of the people that `proportrait people` finds, in place of "
             "--ref")
    add("--photos", type=Path, metavar="DIR", help="the folder of everything")
    add("--top", type=count, default=20, metavar="N", help="how many at most (default 20)")
    add("--format", choices=("table", "json"), default="table",
        help="of what is printed (default: table)")
    add("--output", type=Path, metavar="FILE",
        help="write to a new file instead: .txt (bare paths, best first), .csv, .json, or .html "
             "(one page with pictures, which replaces an earlier one)")
    add("--copy_to", type=Path, metavar="DIR",
        help="also copy the photos that are listed to DIR, as 001_NAME and so on; nothing in it is "
             "replaced or deleted, and what an earlier run put there gets its new number")
    add("--link_to", type=Path, metavar="DIR", help="the same with links instead of copies")
    add("--xmp", nargs="?", const="full", choices=("full", "short"), metavar="NAME",
        help="also write stars for the photos that are listed, 1 to 5 by their score: an XMP "
             "sidecar beside each photo, the one thing that is ever left there. full (default): "
             "me.jpg.xmp, for darktable and digiKam; short: me.xmp, as of Lightroom. Of a sidecar "
             "that is there the rating alone changes, and a copy is kept; stars of earlier runs "
             "on other photos of the folder are taken away")
    add("--keep_xmp", action="store_true",
        help="leave the stars of earlier runs, with --xmp or --forget")
    add("--purpose", default="headshot", metavar="NAME",
        help="headshot (default), social, group, or a purpose of --weights")
    add("--weights", type=Path, metavar="FILE",
        help="weights of your own (TOML); docs/rank.md says how to write them")
    add("--taste", metavar="NAME",
        help="a taste that `proportrait taste train` learnt, a name or a file, counts too: as the "
             "weight `taste` of the weights says")
    add("--similarity", type=similarity_option, metavar="X",
        help="from 0 to 1: from which on it is the same person (default 0.5: at most 0.5 %% of "
             "other made-up people pass); lower finds more, and more of others")
    add("--face", type=count, action="append", default=[], metavar="N",
        help="of a --ref with several faces the one who is meant, counted from the left; repeated "
             "for each such photo, in their order")
    add("--largest", action="store_true", help="take the largest face of a --ref with several")
    add("--explain", action="store_true",
        help="also print why photos match or do not, on the standard error output")
    add("--page", action="store_true",
        help="open the ranking as a page in the browser instead, for this machine alone: with "
             "sliders for the weights, two side by side, people and their names; --copy_to says "
             "below which folder it may copy photos")
    add("--forget", type=Path, metavar="DIR",
        help="delete all that the index holds of the photos of a folder and the stars that --xmp "
             "wrote there, and do nothing else")
    # fmt: on
    add_index_options(parser)


def execute(options: argparse.Namespace) -> int:
    """Print or write the ranking; returns 0, 1 if a file cannot be read, 3 without a match."""
    from proportrait.people import whose
    from proportrait.rank.describe import SMALLEST
    from proportrait.rank.embedding import checked
    from proportrait.rank.match import SIMILARITY, references
    from proportrait.rank.output import FORMATS, explained
    from proportrait.rank.outputs import sheet, sidecars
    from proportrait.rank.outputs.best import Best
    from proportrait.rank.ranking import query
    from proportrait.rank.tastes import TastePart
    from proportrait.rank.weights import read_stars, read_weights

    note = partial(print, file=sys.stderr)
    if options.forget:
        forget(options, note)
        count = 0 if options.keep_xmp else sidecars.remove(options.forget, note)
        if count:
            print(f"stars       taken from {count} sidecars in {printable(options.forget)}")
        return 0
    kind = _checked(options)
    if options.page:
        return _open_page(options)
    folders = [
        Best(folder, options.photos, links)
        for folder, links in ((options.copy_to, False), (options.link_to, True))
        if folder
    ]
    taste = None
    if options.taste:
        taste = TastePart(
            options.taste, options.workers, partial(with_bar, what="asking the taste")
        )
    weights = read_weights(options.purpose, options.weights, taste is not None)
    limits = read_stars(options.weights)
    similarity = SIMILARITY if options.similarity is None else options.similarity
    smallest = options.min_face or SMALLEST
    people, known = None, None
    if options.ref:
        kind_of_embedding = checked(options.embedding)
        people = references(options.ref, options.largest, options.face, kind_of_embedding)
    with opened(options, note) as index:
        contents = update(index, options, smallest, note)
        if people is None:
            people, known = whose(index, options.person, smallest=smallest)
        ranking = query(
            index, contents, people, weights, similarity, smallest, whose=known, taste=taste
        )
    photos = ranking.photos[: options.top]
    if photos and kind == "html":
        question = sheet.Question(options.ref, options.photos, options.purpose, options.top)
        sheet.write(ranking, question, options.output)
    elif photos or options.format == "json":
        write(FORMATS[kind](photos), options.output)
    for best in folders if photos else ():
        new = best.take(photos)
        note(f"best        {len(photos)} photos in {printable(best.folder)}, {new} of them new")
    if photos and options.xmp:
        stars = sidecars.write(photos, limits, note, options.xmp)
        stale = 0
        if not options.keep_xmp:
            stale = sidecars.remove(options.photos, note, stars, options.recursive)
        note(f"stars       in {len(stars)} sidecars, {sum(stars.values())} of other programs; "
             f"taken from {stale} of earlier runs")  # fmt: skip
    for line in explained(ranking, photos, similarity) if options.explain else ():
        note(line)
    for line in _summary(ranking, photos):
        note(line)
    return 1 if photos and ranking.failures else 0 if photos else 3


def _open_page(options: argparse.Namespace) -> int:
    """Serve the page of `proportrait serve` for this ranking until Ctrl-C or SIGTERM."""
    from proportrait.commands.serve import open_page
    from proportrait.looks.look import WORKER_BYTES
    from proportrait.people.decisions import person_of
    from proportrait.rank.match import SIMILARITY, references
    from proportrait.rank.weights import read_weights
    from proportrait.serve.rank.places import Start, checked_places
    from proportrait.taste.verdict.library import models_folder, taste_names
    from proportrait.workers import fitting_workers

    if options.taste and options.taste not in taste_names():
        raise ConfigurationError(
            f"--page asks tastes by their names: put the file into {printable(models_folder())}"
        )
    weights = read_weights(options.purpose, options.weights, bool(options.taste))
    person: int | None = None
    people: Sequence[Float] = ()
    if options.ref:
        people = list(references(options.ref, options.largest, options.face))
    else:
        with opened(options, partial(print, file=sys.stderr)) as index:
            person = person_of(index, options.person)
    start = Start(
        options.purpose, weights, SIMILARITY if options.similarity is None else options.similarity,
        options.top, people, [printable(path.name) for path in options.ref], person,
        options.taste or "",
    )  # fmt: skip
    workers = max(1, fitting_workers(options.workers, WORKER_BYTES) - (options.workers is None))
    places = checked_places([options.photos], options.copy_to, options.index, workers)
    smallest = places.smallest if options.min_face is None else options.min_face
    open_page(replace(places, smallest=smallest, start=start))
    return 0


def _checked(options: argparse.Namespace) -> str:
    """The format, by the suffix of --output; options that lack something raise."""
    from proportrait.rank.outputs.sheet import is_sheet
    from proportrait.score.places import check_folder

    if not options.ref and options.person is None:
        raise ConfigurationError(
            "--ref is missing: name a photo of the person alone, or --person, one of those whom "
            "`proportrait people` finds"
        )
    if options.ref and options.person is not None:
        raise ConfigurationError("--ref and --person both say who it is: take one of them")
    if options.photos is None:
        raise ConfigurationError("--photos is missing: name the folder to find the person in")
    if options.no_cache and options.index:
        raise ConfigurationError("--index keeps an index, --no_cache keeps none: take one of them")
    if options.face and options.largest:
        raise ConfigurationError("--face and --largest both choose a face: take one of them")
    if options.copy_to and options.link_to and options.copy_to == options.link_to:
        raise ConfigurationError("--copy_to and --link_to name one folder: take two")
    if options.no_cache and options.person is not None:
        raise ConfigurationError("--person is in the index, --no_cache keeps none: leave it out")
    if options.page and (
        options.output or options.xmp or options.link_to or options.explain or options.no_cache
        or not options.recursive or options.format == "json"
    ):  # fmt: skip
        raise ConfigurationError(
            "--page shows the ranking, and writes only what you ask for there: leave out --output, "
            "--format, --xmp, --link_to, --explain, --no_cache, and --no_recursive"
        )
    if options.output is None:
        return str(options.format)
    suffix = options.output.suffix.lower()[1:]
    if os.path.lexists(options.output) and not (suffix == "html" and is_sheet(options.output)):
        raise ConfigurationError(f"{printable(options.output)} is there already: name another file")
    if suffix not in _SUFFIXES:
        raise ConfigurationError(f"--output ends with .{', .'.join(_SUFFIXES)}, not .{suffix}")
    check_folder(options.output)
    return str(suffix)


def _summary(ranking: Ranking, photos: Iterable[Ranked]) -> Iterator[str]:
    yield from skipped(ranking.failures)
    alike = sum(1 + len(photo.similar) for photo in ranking.photos)
    if not alike:
        for _, value in ranking.nearest[:1]:
            yield f"nearest     a similarity of {value:.2f}"
        yield "no photo of the person: name a second --ref, or lower --similarity"
        return
    yield f"person      in {alike} photos, {len(ranking.photos)} without near-duplicates"
