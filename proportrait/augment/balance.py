"""A run of stage three: verified record -> degraded twins, until an attribute is balanced."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from tqdm import tqdm

from proportrait.augment import plan
from proportrait.augment.make import can_be_drawn_again, make
from proportrait.augment.plan import KINDS, counts, wanted
from proportrait.generate import offline
from proportrait.looks.look import WORKER_BYTES
from proportrait.store import RecordStore
from proportrait.store.records import Record
from proportrait.workers import fitting_workers, spread


def balance(
    store: RecordStore, attribute: str, options: argparse.Namespace, unreadable: dict[str, str]
) -> list[Record]:
    """Add twins of one attribute; returns their records.

    Args:
        unreadable: takes the pictures that cannot be read, by name, with the reason.
    """
    records = list(store.records())
    own = [r for r in records if store.owner(r.output_filename) == r.source_id]
    before, twins = plan.split(records, attribute)
    total = wanted(*counts(before, attribute), options.balance)
    missing = max(0, total - len(twins))
    good, bad = counts([*before, *twins], attribute)
    kinds = [kind for kind in KINDS[attribute] if kind in options.kinds]
    queues = plan.queues(own, attribute, kinds, options.seed, total)
    print(
        f"{attribute}: {good} good, {bad} bad; {missing} bad ones are missing until "
        f"{options.balance:.0%} are bad; {sum(len(q) for q, _ in queues)} twins can be tried"
    )
    if options.dry_run or not missing:
        return []
    added: list[Record] = []
    reasons: Counter[str] = Counter()
    with tqdm(total=missing, unit="twin", desc=attribute, smoothing=0.05) as bar:
        short = 0
        for ready, quota in queues:
            records_of_twins = kept(store, ready, options, reasons, unreadable, bar)
            chosen = list(itertools.islice(records_of_twins, max(0, quota + short)))
            short += quota - len(chosen)
            added += chosen
    print_end(attribute, added, reasons, missing)
    return added


def kept(
    store: RecordStore,
    ready: list[plan.Task],
    options: argparse.Namespace,
    reasons: Counter[str],
    unreadable: dict[str, str],
    bar: Any,
) -> Iterator[Record]:
    """The records of twins that were made and saved, one after the other."""
    heavy = any(t.attribute == "framing" and can_be_drawn_again(t.parent) for t in ready)
    each = offline.WORKER_BYTES if heavy else WORKER_BYTES
    workers = fitting_workers(options.workers, each)
    # In order: which twins are kept depends on no timing.
    with contextlib.closing(spread(partial(make, images=store.images), ready, workers)) as results:
        for task, made in results:
            if made.is_unreadable:
                unreadable[task.parent.output_filename] = made.reason
            elif made.record is None:
                reasons[f"{task.kind}: {made.reason}"] += 1
                bar.set_postfix(given_up=reasons.total(), refresh=False)
            else:
                record = named(store, task, made.record)
                (record,) = store.add(task.parent.source_id, [(record, made.data)])
                bar.update()
                yield record


def named(store: RecordStore, task: plan.Task, record: Record) -> Record:
    """The record under a name that no picture of another source can get."""
    stem = store.unique_stem(task.parent.source_id, task.stem)
    return replace(record, output_filename=stem + record.output_filename.removeprefix(task.stem))


def print_end(attribute: str, added: list[Record], reasons: Counter[str], missing: int) -> None:
    """Print what was added and what could not be made."""
    kinds = Counter(r.framing_type if attribute == "framing" else r.blur_type for r in added)
    print(
        f"added       {len(added)}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    )
    if reasons:
        print(f"not kept    {reasons.total()}, most often:")
        for reason, count in reasons.most_common(5):
            print(f"            {count} x {reason}")
    if len(added) < missing:
        print(
            f"short       {missing - len(added)} more are wanted, but no picture is left that can "
            f"show them: add pictures, or ask for a lower --balance"
        )
