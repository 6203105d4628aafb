"""How many twins are wanted, and of which pictures, in which order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from proportrait.edit.draws import in_turn
from proportrait.edit.retouch.blur import BLURS
from proportrait.edit.retouch.framing import BAD_KINDS, SHARES
from proportrait.labels import stream
from proportrait.store.records import Record, parse_file_stem

KINDS: Mapping[str, tuple[str, ...]] = {"framing": BAD_KINDS, "sharpness": tuple(BLURS)}


@dataclass(frozen=True)
class Task:
    """One twin that may be made.

    Attributes:
        parent: record of the picture that it is made of.
        attribute: "framing" or "sharpness", the bit that it breaks.
        kind: of the framing or the blur.
        seed: of the run.
    """

    parent: Record
    attribute: str
    kind: str
    seed: int

    @property
    def stem(self) -> str:
        """Start of the twin's file name, which no other twin shares."""
        try:
            stem, tags, _ = parse_file_stem(self.parent.output_filename)
        except ValueError:
            stem, tags = self.parent.output_filename.rpartition(".")[0], ()
        return "_".join([stem, *tags, self.kind])


def wanted(good: int, bad: int, balance: float) -> int:
    """How many bad pictures are missing until they are a share `balance` of all.

    A lack of at most 1 % of all, or of one picture, counts as balanced, so that repeated runs do
    not chase rounding errors.

    >>> wanted(80, 20, 0.5), wanted(80, 79, 0.5)
    (60, 0)
    """
    missing = math.ceil((balance * (good + bad) - bad) / (1 - balance) - 1e-9)
    return missing if missing > max(1.0, 0.01 * (good + bad)) else 0


def counts(records: Sequence[Record], attribute: str) -> tuple[int, int]:
    """(good, bad) pictures whose bit is known."""
    known = Counter(r.labels[attribute] for r in records if r.known[attribute])
    return known[1], known[0]


def split(records: Sequence[Record], attribute: str) -> tuple[list[Record], list[Record]]:
    """The records before twins of an attribute were added, and these twins.

    What is wanted follows from the former alone, so that a run that was killed comes to the same
    end. Framing is balanced first, so that blurred twins are no part of what it had before.
    """
    added = [r for r in records if "augmented" in r.checks]
    blurred = [r for r in added if r.blur_type and not r.labels["sharpness"]]
    reframed = [r for r in added if not r.blur_type and not r.labels["framing"]]
    twins, others = (reframed, blurred) if attribute == "framing" else (blurred, [])
    names = {r.output_filename for r in (*twins, *others)}
    return [r for r in records if r.output_filename not in names], twins


def queues(
    records: Sequence[Record], attribute: str, kinds: Sequence[str], seed: int, total: int
) -> list[tuple[list[Task], int]]:
    """Twins that could be made, in the order that they are tried, and how many of them are wanted.

    Every picture gets a first twin before any gets a second, each time of another kind, so that all
    are used about equally; kinds of framing that look less real come later. Twins that exist are
    left out; the order does not depend on them. Badly framed pictures have a queue of their own, in
    proportion to their number, so that blurring does not change the balance of framing.

    Args:
        total: twins that are wanted, those that `split` finds included; a queue that has more than
            its part of them wants a negative number.
    """
    before, twins = split(records, attribute)
    parents = [r for r in records if is_parent(r, attribute)]
    badly = [r for r in parents if not r.labels["framing"]]
    well = [r for r in parents if r.labels["framing"]]
    good, bad = counts(before, "framing")
    share = bad / max(1, good + bad) if badly else 0.0
    of_badly = round(share * total)
    made_badly = sum(not r.labels["framing"] for r in twins) if attribute == "sharpness" else 0
    return [
        (list(_tasks(badly, records, attribute, kinds, seed)), of_badly - made_badly),
        (
            list(_tasks(well, records, attribute, kinds, seed)),
            total - of_badly - (len(twins) - made_badly),
        ),
    ]


def _tasks(
    parents: Sequence[Record],
    records: Sequence[Record],
    attribute: str,
    kinds: Sequence[str],
    seed: int,
) -> Iterator[Task]:
    made = {
        (r.parent, r.framing_type if attribute == "framing" else r.blur_type)
        for r in records
        if r.parent
    }
    streams = [stream(seed, r.source_id, r.sha256 or r.output_filename, attribute) for r in parents]
    orders = [in_turn(rng, kinds, SHARES) for rng in streams]
    places = [float(rng.random()) for rng in streams]
    for turn in range(len(kinds)):
        for i in sorted(range(len(parents)), key=places.__getitem__):
            parent, kind = parents[i], orders[i][turn]
            if (parent.output_filename, kind) not in made:
                yield Task(parent, attribute, kind, seed)


def is_parent(record: Record, attribute: str) -> bool:
    """Whether a twin can be made of a picture.

    It is sharp, and for a framing twin also well framed and no twin itself.
    """
    if not (record.labels["sharpness"] and record.known["sharpness"] and record.known["framing"]):
        return False
    return attribute == "sharpness" or bool(record.labels["framing"] and record.parent is None)
