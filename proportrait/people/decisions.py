"""What a user decided about people: names, merges, splits; kept in the index, with their history.

The last decision on a face holds. Every decision can be undone, the last one first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.people.faces import FaceKey
from proportrait.rank.index import Index, key

_LISTS = "`proportrait people --photos DIR` lists them"
_LONGEST = 100  # letters of a name


@dataclass(frozen=True)
class State:
    """What all decisions together say.

    Attributes:
        belongs: person by face.
        apart: faces that are not that person.
        names: by person.
    """

    belongs: dict[FaceKey, int] = field(default_factory=dict)
    apart: set[tuple[FaceKey, int]] = field(default_factory=set)
    names: dict[int, str] = field(default_factory=dict)


def state(index: Index) -> State:
    """Go through all decisions from the first to the last."""
    result = State()
    for act, person, name, digest, box in index.rows(
        "SELECT act, person, name, digest, box FROM decisions ORDER BY id"
    ):
        face = (digest, box)
        if act == "name":
            result.names[person] = name
        elif act == "in":
            result.belongs[face] = person
            result.apart.discard((face, person))
        else:
            result.belongs.pop(face, None)
            result.apart.add((face, person))
    for person in [person for person, name in result.names.items() if not name]:
        del result.names[person]
    return result


def members(index: Index) -> dict[FaceKey, int]:
    """The person of each face by the last listing and the decisions since."""
    decided = state(index)
    people = {
        (digest, box): person
        for digest, box, person in index.rows("SELECT digest, box, person FROM members")
    } | decided.belongs
    return {face: person for face, person in people.items() if (face, person) not in decided.apart}


def person_of(index: Index, word: str) -> int:
    """The id of a person by id or name; capitals do not matter.

    Raises:
        ConfigurationError: there is nobody of that id or name.
    """
    names = state(index).names
    if word.isdecimal() and int(word) in {*members(index).values()}:
        return int(word)
    for person, name in names.items():
        if name.casefold() == word.strip().casefold():
            return person
    raise ConfigurationError(f"there is no person {printable(word)!r}: {_LISTS}")


def name(index: Index, names: Mapping[str, str]) -> str:
    """Give people names, by id or name; "" takes one away. Their faces stay theirs from then on.

    Raises:
        ConfigurationError: there is no such person, or the name is another's or cannot be one.
    """
    wanted = {person_of(index, word): _checked(text) for word, text in names.items()}
    after = state(index).names | wanted
    for person, text in wanted.items():
        for other, taken in after.items():
            if text and other != person and taken.casefold() == text.casefold():
                raise ConfigurationError(
                    f"{other} is {printable(taken)} already: --merge {other} {person} if they are "
                    f"the same, or give another name"
                )
    with index.writing() as write:
        number = _number(write)
        for person, text in wanted.items():
            _put(write, number, "name", "name", person, text)
            _hold(index, write, number, "name", person)
    return ", ".join(
        f"{person} is {printable(text) or 'nameless'}" for person, text in wanted.items()
    )


def merge(index: Index, words: Sequence[str]) -> str:
    """Make several people the first one of them, who takes the name of another if it has none.

    Raises:
        ConfigurationError: there is no such person, or only one.
    """
    first, *others = dict.fromkeys(person_of(index, word) for word in words)
    if not others:
        raise ConfigurationError("--merge joins two people or more: name another one")
    names, people = state(index).names, members(index)
    with index.writing() as write:
        number = _number(write)
        _hold(index, write, number, "merge", first)
        for other in others:
            faces = [face for face, person in people.items() if person == other]
            _put_faces(write, number, "merge", "in", first, faces, other)
        given = [names[person] for person in (first, *others) if person in names]
        for other in (other for other in others if other in names):
            _put(write, number, "merge", "name", other, "")
        if given and first not in names:
            _put(write, number, "merge", "name", first, given[0])
    return f"{', '.join(map(str, others))} joined {first}"


def split(index: Index, person: int, faces: Iterable[FaceKey]) -> str:
    """Take faces out of a person: the others stay theirs, these never come back by themselves.

    Faces that are nobody's, but like the person, can be named too: they do not match it any more.

    Raises:
        ConfigurationError: all are taken out, or none.
    """
    people = members(index)
    out = {face for face in faces if people.get(face, person) == person}
    own = {face for face, owner in people.items() if owner == person}
    if not out or not own - out:
        raise ConfigurationError(f"a part of person {person} can be taken out, not all or nothing")
    with index.writing() as write:
        number = _number(write)
        _put_faces(write, number, "split", "out", person, sorted(out), person)
        _put_faces(write, number, "split", "in", person, sorted(own - out), person)
    left = len(out)
    return f"{left} {'face' if left == 1 else 'faces'} left {person}, {len(own - out)} stayed"


def faces_in(index: Index, person: int, paths: Iterable[Path]) -> list[FaceKey]:
    """The faces of a person in some photos.

    Raises:
        ConfigurationError: a photo is not in the index, or does not show the person.
    """
    people = members(index)
    result: list[FaceKey] = []
    for path in paths:
        rows = index.rows("SELECT digest FROM files WHERE path = ?", (key(path),))
        faces = [
            face
            for face, owner in people.items()
            if owner == person and rows and face[0] == rows[0][0]
        ]
        if not faces:
            raise ConfigurationError(f"person {person} is not in {printable(path)}: {_LISTS}")
        result += faces
    return result


def last_command(index: Index) -> str | None:
    """The command of the decision that `undo` would take back: name, merge, split; or None."""
    rows = index.rows("SELECT command FROM decisions ORDER BY number DESC LIMIT 1")
    return str(rows[0][0]) if rows else None


def undo(index: Index) -> str:
    """Take back the last decision.

    Raises:
        ConfigurationError: there is none.
    """
    rows = index.rows(
        "SELECT number, command, person, name, digest, box, before FROM decisions "
        "WHERE number = (SELECT MAX(number) FROM decisions) ORDER BY id"
    )
    if not rows:
        raise ConfigurationError("nothing has been decided yet, so nothing can be undone")
    with index.writing() as write:
        write.executemany(
            "UPDATE members SET person = ? WHERE digest = ? AND box = ?",
            [(before, digest, box) for *_, digest, box, before in rows if digest is not None],
        )
        write.execute("DELETE FROM decisions WHERE number = ?", (rows[0][0],))
    people = sorted({row[2] for row in rows})
    return f"the last {rows[0][1]}, of {', '.join(map(str, people))}, is undone"


def _checked(text: str) -> str:
    text = text.strip()
    if text.isdecimal() or len(text) > _LONGEST or printable(text) != text:
        raise ConfigurationError(
            f"{printable(text)[:_LONGEST]!r} cannot be a name: take up to {_LONGEST} letters, and "
            f"more than a number"
        )
    return text


def _number(write: sqlite3.Connection) -> int:
    """Of a new decision."""
    return int(write.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM decisions").fetchone()[0])


def _hold(index: Index, write: sqlite3.Connection, number: int, command: str, person: int) -> None:
    """Decide that all faces of a person are theirs."""
    decided = state(index).belongs
    faces = [
        face
        for face, owner in members(index).items()
        if owner == person and decided.get(face) != person
    ]
    _put_faces(write, number, command, "in", person, faces, person)


def _put(
    write: sqlite3.Connection, number: int, command: str, act: str, person: int, text: str
) -> None:
    write.execute(
        "INSERT INTO decisions (number, command, act, person, name) VALUES (?, ?, ?, ?, ?)",
        (number, command, act, person, text),
    )


def _put_faces(
    write: sqlite3.Connection,
    number: int,
    command: str,
    act: str,
    person: int,
    faces: Sequence[FaceKey],
    before: int,
) -> None:
    write.executemany(
        "INSERT INTO decisions (number, command, act, person, digest, box, before) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(number, command, act, person, *face, before) for face in faces],
    )
