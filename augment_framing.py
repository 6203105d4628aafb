#!/usr/bin/env python3
"""Stage 3: verified record -> degraded twins, until framing and sharpness are balanced.

Adds badly framed twins of good pictures until the asked share is badly framed, and with --blur
unsharp ones likewise:

    python augment_framing.py --input output --dry_run          what would be made
    python augment_framing.py --input output --blur             half of each

A built-in face is drawn again from its record, so that a twin shows what is beside and below the
picture. Of other photos a part is shown, or a plain background goes on beyond the border: nothing
is padded with grey or mirrored. Every twin is measured, and kept only where its label is true. The
pictures themselves are not touched, a second run adds nothing, and one that is killed goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from tqdm import tqdm

from proportrait.augment import plan
from proportrait.augment.arguments import parse
from proportrait.augment.make import can_be_drawn_again, make
from proportrait.augment.plan import KINDS, counts, wanted
from proportrait.commandline import exit_code
from proportrait.disk import disk_errors
from proportrait.errors import ConfigurationError
from proportrait.generate import offline, report
from proportrait.imaging import is_data_set
from proportrait.looks.look import WORKER_BYTES
from proportrait.sheets import listing
from proportrait.store import RecordStore
from proportrait.store.records import Record
from proportrait.workers import fitting_workers, spread


def balance(store: RecordStore, attribute: str, options: argparse.Namespace) -> list[Record]:
    """Add twins of one attribute; returns their records."""
    records = list(store.records())
    own = [r for r in records if store.owner(r.output_filename) == r.source_id]
    good, bad = counts(records, attribute)
    missing = wanted(good, bad, options.balance)
    kinds = [kind for kind in KINDS[attribute] if kind in options.kinds]
    queues = plan.queues(own, attribute, kinds, options.seed, missing)
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
            found = list(itertools.islice(kept(store, ready, options, reasons, bar), quota + short))
            short += quota - len(found)
            added += found
    tell(attribute, added, reasons, missing)
    return added


def kept(
    store: RecordStore,
    ready: list[plan.Task],
    options: argparse.Namespace,
    reasons: Counter[str],
    bar: Any,
) -> Iterator[Record]:
    """The records of twins that were made and saved, one after the other."""
    heavy = any(t.attribute == "framing" and can_be_drawn_again(t.parent) for t in ready)
    each = offline.WORKER_BYTES if heavy else WORKER_BYTES
    workers = fitting_workers(options.workers, each)
    # In order: which twins are kept depends on no timing.
    with contextlib.closing(spread(partial(make, images=store.images), ready, workers)) as results:
        for task, made in results:
            if made.record is None:
                reasons[f"{task.kind}: {made.reason}"] += 1
                bar.set_postfix(given_up=reasons.total(), refresh=False)
                continue
            record = named(store, task, made.record)
            (record,) = store.add(task.parent.source_id, [(record, made.data)])
            bar.update()
            yield record


def named(store: RecordStore, task: plan.Task, record: Record) -> Record:
    """The record under a name that no picture of another source can get."""
    stem = store.unique_stem(task.parent.source_id, task.stem)
    return replace(record, output_filename=stem + record.output_filename.removeprefix(task.stem))


def tell(attribute: str, added: list[Record], reasons: Counter[str], missing: int) -> None:
    """What was added and what could not be made."""
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


def execute(options: argparse.Namespace) -> int:
    """Balance a folder; returns the exit code."""
    if not is_data_set(options.input):
        raise ConfigurationError(
            f"{options.input} holds no records: name the folder that "
            f"synthetic_dataset_generator.py wrote with -o"
        )
    added: list[Record] = []
    with contextlib.ExitStack() as stack:
        store = RecordStore(options.input)
        if not any(True for _ in store.records()):  # before anything is written there
            raise ConfigurationError(f"{options.input}/metadata holds no readable record")
        if not options.dry_run:
            stack.enter_context(store)
        for attribute in options.attributes:
            added += balance(store, attribute, options)
        problems = [str(error) for error in store.problems]
        problems += [
            f"{r.output_filename}: the ledger does not name it as a picture of {r.source_id}"
            for r in store.records()
            if store.owner(r.output_filename) != r.source_id
        ]
        for problem in problems[:10]:
            print(f"passed over {problem}")
        if added:
            folder = options.input / "augmentation"
            with disk_errors(folder):
                folder.mkdir(exist_ok=True)
            pages = report.contact_sheet(store, added, folder / "twins.png", "degraded twins")
            report.refresh(store)
            print(f"pictures    {listing(pages)}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Returns 0, or 1 for a folder that cannot be used, 2 for wrong options, 130 after Ctrl-C."""
    return exit_code(lambda: execute(parse(argv, __doc__)))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
