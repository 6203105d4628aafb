"""Find out who is in a folder of photos, without a reference.

Faces that are alike are one person, who gets a number that stays when photos are added. The sheet
(--output people.html) shows one tile a person. What the faces alone got wrong, you decide:
--name 3=Anna gives a name, --merge Anna 7 says that 7 is Anna too, --split Anna group.jpg that she
is not in this photo. Later runs keep to it, and --undo takes the last decision back. These work on
what was listed last, with or without --photos. Then `proportrait rank --person Anna --photos DIR`
finds the best photos of a person.

Every face of the folder is indexed once, at about a second a photo, in the index of `proportrait
rank`. It is identity data: it stays on this machine, in the user's cache directory, and --forget
deletes what it holds of a folder, names and decisions too. Photos are never changed. Faces too
small or too blurred to know are counted, but are no people of their own. Exit code 1: a file could
not be read. Exit code 3: nobody is in the folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
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
    write,
)
from proportrait.errors import ConfigurationError

if TYPE_CHECKING:
    from proportrait.people.finding import People
    from proportrait.rank.index import Index

EXAMPLES = """
proportrait people --photos photos --output people.html     # one tile a person
proportrait people --name 3=Anna --name 5=Ben               # names for two of them
"""
_SUFFIXES = ("html", "json", "txt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait people`."""
    # fmt: off
    add = parser.add_argument
    add("--photos", type=Path, metavar="DIR", help="the folder of everything")
    add("--format", choices=("table", "json", "html"), default="table",
        help="of what is printed (default: table)")
    add("--output", type=Path, metavar="FILE",
        help="write to a file instead: .html (one tile a person), .json, or .txt (the table)")
    add("--min_photos", type=count, default=1, metavar="N",
        help="leave out who is in fewer photos (default 1: nobody)")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--name", action="append", default=[], metavar="WHO=NAME",
        help="give a person, by number or name, a name; may be repeated; nothing behind = "
             "takes it away")
    act.add_argument("--merge", nargs="+", metavar="WHO",
        help="two people or more are the first of them")
    act.add_argument("--split", nargs="+", metavar=("WHO", "PHOTO"),
        help="take photos out of a person, or, without photos, the faces that are least alike")
    act.add_argument("--undo", action="store_true",
        help="take the last of these decisions back; may be given again")
    act.add_argument("--forget", type=Path, metavar="DIR",
        help="delete all that the index holds of the photos of a folder, names and decisions too, "
             "and do nothing else")
    add("--similarity", type=similarity_option, metavar="X",
        help="from 0 to 1: from which on it is the same person (default 0.55); higher makes more "
             "people of fewer photos")
    # fmt: on
    add_index_options(parser)


def execute(options: argparse.Namespace) -> int:
    """Decide, print, or write; returns 0, 1 if a file cannot be read, 3 if nobody is there."""
    from proportrait.people.finding import SIMILARITY, found
    from proportrait.people.output import to_json, to_table
    from proportrait.people.sheet import to_html
    from proportrait.rank.describe import SMALLEST

    note = partial(print, file=sys.stderr)
    if options.forget:
        forget(options, note)
        return 0
    kind = _checked(options)
    alike = SIMILARITY if options.similarity is None else options.similarity
    smallest = options.min_face or SMALLEST
    with opened(options, note) as index:
        if _decides(options):
            note(f"decided     {_decided(index, options, alike, smallest)}")
        if options.photos is None:
            return 0
        contents = update(index, options, smallest, note)
        result = found(index, contents, alike, smallest)
    people = [person for person in result.people if len(person.photos) >= options.min_photos]
    if kind == "html":
        place = options.output.parent if options.output else Path()
        text = to_html(people, place, options.photos, result.unclear)
    else:
        text = (to_json if kind == "json" else to_table)(people)
    if people or kind == "json":
        write(text, options.output)
    for line in _summary(result, len(people)):
        note(line)
    return 1 if people and result.failures else 0 if people else 3


def _decides(options: argparse.Namespace) -> bool:
    return bool(options.name or options.merge or options.split or options.undo)


def _decided(index: Index, options: argparse.Namespace, alike: float, smallest: float) -> str:
    """Decide what the options say, and tell it in words."""
    from proportrait.people import decisions
    from proportrait.people.finding import parts_of_person

    if options.undo:
        return decisions.undo(index)
    if options.merge:
        return decisions.merge(index, options.merge)
    if options.name:
        names = {}
        for text in options.name:
            who, equals, name = text.rpartition("=")
            if not equals:
                raise ConfigurationError(
                    f"--name is WHO=NAME, such as 3=Anna, not {printable(text)}"
                )
            names[who] = name
        return decisions.name(index, names)
    word, *photos = options.split
    person = decisions.person_of(index, word)
    if photos:
        faces = decisions.faces_in(index, person, map(Path, photos))
    else:
        faces = parts_of_person(index, person, alike, smallest)
    return decisions.split(index, person, faces)


def _checked(options: argparse.Namespace) -> str:
    """The format, by the suffix of --output; options that lack something raise."""
    from proportrait.people.sheet import is_sheet

    if options.photos is None and not _decides(options):
        raise ConfigurationError("--photos is missing: name the folder whose people you look for")
    if options.no_cache and (options.index or _decides(options)):
        raise ConfigurationError("--no_cache keeps no index, so nothing can be decided or kept")
    if options.output is None:
        return str(options.format)
    if options.photos is None:
        raise ConfigurationError("--output needs --photos: name the folder whose people it lists")
    suffix = options.output.suffix.lower()[1:]
    if suffix not in _SUFFIXES:
        raise ConfigurationError(f"--output ends with .{', .'.join(_SUFFIXES)}, not .{suffix}")
    if os.path.lexists(options.output) and not is_sheet(options.output):
        raise ConfigurationError(f"{printable(options.output)} is there already: name another file")
    return "table" if suffix == "txt" else str(suffix)


def _summary(result: People, listed: int) -> Iterator[str]:
    yield from skipped(result.failures)
    photos = {path for person in result.people for path in person.photos}
    yield f"people      {len(result.people)} in {len(photos)} photos"
    if left := len(result.people) - listed:
        yield f"left out    {left} people in fewer photos (--min_photos)"
    if result.unclear:
        yield f"unclear     {result.unclear} faces, too small or too blurred to tell whose they are"
    if result.faceless:
        yield f"faceless    {result.faceless} photos without a face of that size (--min_face)"
