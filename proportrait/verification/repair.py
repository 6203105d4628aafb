"""What is done about contradicted labels: relabel or set aside, and undo that exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from proportrait.errors import StoreError
from proportrait.labels import KEYS, LabelVector
from proportrait.store import RecordStore
from proportrait.store.ledger import Entry
from proportrait.store.records import Change, Record, SetAside
from proportrait.verification.bits import Reading
from proportrait.verification.judge import Verdict

FOLDER = "verification"
_UNDONE, _OTHER = "-undone", "pictures were added"
_THREADS = 8  # sources that wait for the disk together

Layer = tuple[str, Entry, Entry]  # a change of a source: its run, its entry, the entry before


@dataclass
class Outcome:
    """What a repair or an undo did.

    Attributes:
        changed: pictures.
        renamed: (old, new) names of pictures.
        refused: why a source was left as it was, one line each.
    """

    changed: int = 0
    renamed: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def relabelled(record: Record, verdicts: Sequence[Verdict], run: str) -> Record:
    """The record with every bit that its picture shows, under the name that goes with it.

    The same record where the picture shows nothing that it does not claim.
    """
    changes = [verdict for verdict in verdicts if verdict.changes_record]
    if not changes:
        return record
    bits = {v.key: int(v.reading is Reading.GOOD) for v in changes}
    labels = record.labels.replace(**bits)
    known = LabelVector(tuple(int(key in bits or record.known[key]) for key in KEYS))
    reasons = {
        v.key: {"from": v.claim.value, "to": v.reading.value, "by": v.by, **_evidence(v)}
        for v in changes
    }
    return replace(
        record,
        labels=labels,
        known=known,
        output_filename=renamed(record.output_filename, record.labels, labels),
        checks={**record.checks, "relabelled": {"run": run, **reasons}},
    )


def renamed(name: str, before: LabelVector, after: LabelVector) -> str:
    """The name with other bits; one that does not end in its bits stays."""
    path = PurePath(name)
    if not path.stem.endswith(f"_{before.code}"):
        return name
    return path.stem.removesuffix(before.code) + after.code + path.suffix


def apply(
    store: RecordStore,
    changes: Mapping[str, Change],
    run: str,
    done: Callable[[], object] = lambda: None,
) -> Outcome:
    """Write new records, or set pictures aside.

    All of one source happens at once; a twin follows the new name of the picture it comes from.

    Args:
        store: opened for writing.
        changes: by the present name of the picture.
        run: name of this run's folder, where replaced files go.
        done: called after each source.
    """
    outcome = Outcome()
    sources: dict[str, list[str]] = {}
    for name in changes:
        owner = store.owner(name)
        if owner is None:
            outcome.refused.append(f"{name}: the ledger does not know it; it stays as it is")
        else:
            sources.setdefault(owner, []).append(name)

    def amend(source_id: str, names: Sequence[str]) -> Outcome:
        own = {name: changes[name] for name in names}
        try:
            for name in store.files_of(source_id):
                own.update(_follow(store, name, changes, own))
            store.amend(source_id, own, f"{FOLDER}/{run}")
        except StoreError as error:
            return Outcome(refused=[f"{source_id}: {error}"])
        names_after = [
            (name, change.output_filename)
            for name, change in own.items()
            if isinstance(change, Record) and change.output_filename != name
        ]
        return Outcome(len(names), names_after)

    return _each(amend, list(sources.items()), done, outcome)


def undo(store: RecordStore, run: str, done: Callable[[], object] = lambda: None) -> Outcome:
    """Put everything back that a run of `apply` changed.

    Raises:
        StoreError: no such run is in the ledger, or it was undone before.
    """

    def revert(source_id: str, stack: Sequence[Layer]) -> Outcome:
        newest, entry, before = stack[-1]
        try:
            if newest != run:
                hint = "" if newest == _OTHER else f": undo {newest} first"
                raise StoreError(f"{source_id} has changed since{hint}")
            store.revert(entry, before, aside=f"{FOLDER}/{run}{_UNDONE}")
        except StoreError as error:
            return Outcome(refused=[str(error)])
        names_after = [
            (PurePath(new).name, PurePath(old).name)
            for old, new in entry.moves
            if old.startswith("images/") and new.startswith("images/")
        ]
        return Outcome(sum(old.startswith("metadata/") for old, _ in entry.moves), names_after)

    return _each(revert, list(changes_of(store, run).items()), done)


def changes_of(store: RecordStore, run: str) -> dict[str, list[Layer]]:
    """By source that a run changed, all changes in force, oldest first. Writes nothing.

    Raises:
        StoreError: no such run is in the ledger, or it was undone before.
    """
    last: dict[str, Entry] = {}
    in_force: dict[str, list[Layer]] = {}
    for entry in store.history():
        stack = in_force.setdefault(entry.source_id, [])
        undone, made = _runs(entry)
        if undone:
            stack[:] = [layer for layer in stack if layer[0] not in undone]
        elif made and entry.source_id in last:
            stack += [(name, entry, last[entry.source_id]) for name in made]
        elif entry.source_id in last:
            stack.append((_OTHER, entry, last[entry.source_id]))
        last[entry.source_id] = entry
    ours = {key: stack for key, stack in in_force.items() if run in (name for name, *_ in stack)}
    if not ours:
        raise StoreError(f"nothing of the run {run} is left to undo in {store.path}")
    return ours


def last_run(store: RecordStore) -> str:
    """The newest run that changed something and was not undone.

    Raises:
        StoreError: there is none.
    """
    gone: set[str] = set()
    for entry in reversed(store.history()):
        undone, made = _runs(entry)
        gone |= undone
        if left := made - gone:
            return left.pop()
    raise StoreError(f"no run has changed anything in {store.path}")


def _runs(entry: Entry) -> tuple[set[str], set[str]]:
    """Runs that an entry undoes, and runs that made it."""
    undone, made = (
        {PurePath(move[side]).parts[1] for move in entry.moves if move[side].startswith(FOLDER)}
        for side in (0, 1)
    )
    return undone, set() if undone else made


def _each(
    work: Callable[..., Outcome],
    items: Sequence[tuple[object, object]],
    done: Callable[[], object],
    total: Outcome | None = None,
) -> Outcome:
    """What `work` did to all sources, in their order, added to a total."""
    total = total or Outcome()
    with ThreadPoolExecutor(_THREADS) as threads:
        for part in threads.map(lambda item: work(*item), items):
            total.changed += part.changed
            total.renamed += part.renamed
            total.refused += part.refused
            done()
    return total


def _follow(
    store: RecordStore,
    name: str,
    changes: Mapping[str, Change],
    own: Mapping[str, Change],
) -> dict[str, Record]:
    """The record of a twin whose parent gets another name; `own` are the changes of its source."""
    change = own.get(name)
    if isinstance(change, SetAside):
        return {}
    record = change or store.read(name)
    parent = changes.get(record.parent) if record.parent else None
    if not isinstance(parent, Record) or parent.output_filename == record.parent:
        return {}
    return {name: replace(record, parent=parent.output_filename)}


def _evidence(verdict: Verdict) -> dict[str, float]:
    numbers = {"component": verdict.score, "probability": verdict.probability}
    return {name: round(value, 3) for name, value in numbers.items() if value is not None}
