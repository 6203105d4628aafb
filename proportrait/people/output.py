"""People as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from proportrait.commandline import printable
from proportrait.people.finding import Person


def to_table(people: Sequence[Person]) -> str:
    """A line a person: id, number of photos, name, and the photo that shows the person best."""
    wide = max([4, *(len(printable(person.name or "")) for person in people)])
    lines = [f"{'id':>6s} {'photos':>7s}  {'name':{wide}s}  best photo"]
    for person in people:
        lines.append(
            f"{person.id:6d} {len(person.photos):7d}  {printable(person.name or '-'):{wide}s}  "
            f"{printable(person.photos[0])}"
        )
    return "\n".join(lines) + "\n"


def to_json(people: Sequence[Person]) -> str:
    """A list of objects with the keys of `Person`."""
    return json.dumps([person.to_json() for person in people], indent=2) + "\n"
