"""A ranking as a table, JSON, CSV, or bare paths."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence

from proportrait.advice.numbers import apart
from proportrait.commandline import printable
from proportrait.rank.ranking import Ranked, Ranking
from proportrait.score.formats import path_cell

COLUMNS = ("rank", "path", "score", "similarity", "kind", "reasons", "similar")


def to_table(photos: Sequence[Ranked]) -> str:
    """Two lines a photo: numbers and name, then the reasons."""
    lines = [f"{'rank':>4s} {'score':>6s} {'similarity':>10s}  kind    photo"]
    for photo in photos:
        lines.append(
            f"{photo.rank:4d} {photo.score:6.1f} {photo.similarity:10.2f}  {photo.kind:6s}  "
            f"{printable(photo.path)}"
        )
        lines.append(f"{'':31s}{'; '.join(photo.reasons)}")
        lines += [f"{'':31s}like it: {printable(path)}" for path in photo.similar]
    return "\n".join(lines) + "\n"


def to_json(photos: Sequence[Ranked]) -> str:
    """A list of objects with the keys of `Ranked`."""
    return json.dumps([photo.to_json() for photo in photos], indent=2) + "\n"


def to_csv(photos: Sequence[Ranked]) -> str:
    """The columns of `COLUMNS`; several reasons or paths have "; " between them."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for photo in photos:
        row = photo.to_json()
        cells = {name: "; ".join(map(printable, row[name])) for name in ("reasons", "similar")}
        table.writerow([{**row, **cells, "path": path_cell(row["path"])}[key] for key in COLUMNS])
    return text.getvalue()


def to_paths(photos: Sequence[Ranked]) -> str:
    """Bare paths, the best first, each in a line."""
    return "".join(f"{photo.path}\n" for photo in photos)


FORMATS: dict[str, Callable[[Sequence[Ranked]], str]] = {
    "table": to_table, "json": to_json, "csv": to_csv, "txt": to_paths,
}  # fmt: skip


def explained(ranking: Ranking, photos: Sequence[Ranked], similarity: float) -> Iterator[str]:
    """Lines: of each photo the parts of its score, then the photos of others, the nearest first."""
    for photo in photos:
        parts = ", ".join(f"{name} {value:.0f}" for name, value in photo.parts.items())
        sign = ">=" if photo.similarity >= similarity else "<"  # then it is one of --person
        alike = f" {sign} ".join(apart(photo.similarity, similarity))
        through = f", as in {printable(photo.through)}" if photo.through else ""
        yield f"{printable(photo.path)}: similarity {alike}{through}; {parts}"
    for path, value in ranking.nearest:
        alike = " < ".join(apart(value, similarity))
        yield f"{printable(path)}: no match, similarity {alike}"
    if more := ranking.others - len(ranking.nearest):
        yield f"{more} more photos of others, less similar"
    if ranking.faceless:
        yield f"{ranking.faceless} photos without a face that is large enough (--min_face)"
