"""What a run would make or has made, for people: a forecast, a table, and a contact sheet."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from operator import length_hint
from pathlib import Path

import numpy as np

from proportrait import sheets
from proportrait.commandline import printable
from proportrait.disk import disk_errors, replace_file
from proportrait.generate import overview
from proportrait.generate.base import PortraitSource
from proportrait.labels import ATTRIBUTES, KEYS
from proportrait.store import RecordStore
from proportrait.store.records import Record

SHEET_LIMIT = 200  # pictures on one contact sheet
_REASONS = 3  # failures that the summary tells of
_NOTE = "Six labels a picture:   ✓ green: good (1)   ✗ red: bad (0)   ? grey: unknown"


@dataclass
class Tally:
    """What one run did so far.

    Attributes:
        made, failed: sources.
        passed_over: sources that failed in an earlier run and were not tried again.
        spent_before_usd: dollars that the folder had cost when the run began.
        stopped: why the run ended before all portraits were made; None if it did not.
        interrupted: whether that was Ctrl-C.
        started: moment of `time.monotonic`.
    """

    made: int = 0
    failed: int = 0
    passed_over: int = 0
    spent_before_usd: float = 0.0
    stopped: str | None = None
    interrupted: bool = False
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Summary:
    """The figures of a run and of the folder that it wrote to.

    Attributes:
        generator: name of the generator.
        sources_done, sources_failed, sources_rejected: of the whole folder.
        made, failed, passed_over: sources of this run, as in `Tally`.
        pictures: of the whole folder, twins included.
        labels: attribute -> how many pictures have its bit at 1, at 0, and unknown.
        failures: error class -> how often, of the whole folder.
        reasons: of the first of them: the source and why.
        redone: attribute -> share of the finished sources whose edit was contradicted by its
            measure and done again; only attributes whose edits count their tries.
        given_up: attribute -> sources that failed because its bit could not be made true.
        cost_usd: of the whole folder; `run_cost_usd` of this run. Requests that were cut off, and
            may have been paid, count too.
        seconds: duration of this run; `stopped` as in `Tally`.
    """

    generator: str
    sources_done: int
    sources_failed: int
    sources_rejected: int
    made: int
    failed: int
    pictures: int
    labels: Mapping[str, Mapping[str, int]]
    failures: Mapping[str, int]
    reasons: Sequence[str]
    redone: Mapping[str, float]
    given_up: Mapping[str, int]
    cost_usd: float
    run_cost_usd: float
    seconds: float
    stopped: str | None = None
    passed_over: int = 0


def publish(store: RecordStore, generator: str, tally: Tally) -> str:
    """Write summary.json, summary.txt, and the overview of all pictures; returns what to show.

    After Ctrl-C there is no overview: it takes seconds.

    Raises:
        StoreError: one of them cannot be written.
    """
    records = list(map(_brief, store.records()))
    summary = summarize(store, records, generator, tally)
    write_summary(store.path, summary)
    text = format_summary(summary)
    if not tally.interrupted:
        pages = _draw_overview(store, records)
        text += f"\npictures    {sheets.listing(pages)}" if pages else ""
    return text


def refresh(store: RecordStore) -> None:
    """Bring all that the folder says of its pictures up to date, after a stage has changed them.

    Raises:
        StoreError: a file cannot be written.
    """
    records = list(map(_brief, store.records()))
    if summary := last_summary(store.path):
        pictures, labels = len(records), label_counts(records)
        write_summary(store.path, replace(summary, pictures=pictures, labels=labels))
    _draw_overview(store, records)


def last_summary(folder: Path) -> Summary | None:
    """What `publish` wrote to a folder, None where it did not, or that of another version."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Summary(**json.loads((folder / "summary.json").read_bytes()))
    return None


def _brief(record: Record) -> Record:
    """The part of a record that an overview tells of: a data set has very many of them."""
    tries = {
        key: {"tries": edit["tries"]}
        for key, edit in record.edits.items()
        if isinstance(edit, Mapping) and "tries" in edit
    }
    return replace(record, prompt_text="", edits=tries, checks={}, extra={})


def _draw_overview(store: RecordStore, records: Sequence[Record]) -> list[Path]:
    """README.md, labels.csv, and contact_sheet.png of all pictures; returns the pages of that."""
    overview.write(store.path, records)
    twins = sum(record.parent is not None for record in records)
    path = store.path / "contact_sheet.png"
    return contact_sheet(store, records, path, f"pictures, {twins:,} of them degraded twins")


def forecast(
    store: RecordStore,
    source: PortraitSource,
    generator: str,
    price_usd: float,
    limit: int | None,
    retry_failed: bool,
) -> str:
    """What a run would make, and the most that it would cost, in words."""
    if source.name == "folder":  # it is listed at once, so each portrait can be looked up
        items = list(islice(iter(source), limit))
        total = len(items)
        left = sum(not store.is_finished(item.source_id, retry_failed) for item in items)
    else:
        counts = store.counts() if store.path.exists() else Counter[str]()
        finished = counts["done"] + (0 if retry_failed else counts["failed"] + counts["rejected"])
        total = limit or length_hint(source)
        left = max(0, total - finished)
    if not total:
        return "the source does not tell its size: give --limit to see what it would cost"
    left_to_make = f"{left} of {total} portraits are left to make"
    if not price_usd:
        return f"{left_to_make}, by {generator}, which costs nothing"
    return (
        f"{left_to_make}, by {generator}\n"
        f"at most ${left * price_usd:.2f} (${price_usd:.3f} a picture, each paid try; "
        f"twins are free); ${store.spent_usd:.2f} spent on this folder before"
    )


def label_counts(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """attribute -> {"1": , "0": , "unknown": } over records."""
    counts = {key: {"1": 0, "0": 0, "unknown": 0} for key in KEYS}
    for record in records:
        for key in KEYS:
            bit = str(record.labels[key]) if record.known[key] else "unknown"
            counts[key][bit] += 1
    return counts


def redone_shares(records: Sequence[Record]) -> dict[str, float]:
    """attribute -> share of sources whose edit took several tries, where edits count them."""
    sources = {record.source_id: record for record in records}
    shares = {}
    for key in KEYS:
        edits = (record.edits.get(key) for record in sources.values())
        tries = [edit["tries"] for edit in edits if isinstance(edit, Mapping) and "tries" in edit]
        if tries:
            shares[key] = round(float(np.mean(np.array(tries) > 1)), 4)
    return shares


def summarize(
    store: RecordStore,
    records: Sequence[Record],
    generator: str,
    tally: Tally,
) -> Summary:
    """Put the figures together; `records` are those of the whole folder."""
    counts = store.counts()
    return Summary(
        generator=generator,
        sources_done=counts["done"],
        sources_failed=counts["failed"],
        sources_rejected=counts["rejected"],
        made=tally.made,
        failed=tally.failed,
        pictures=len(records),
        labels=label_counts(records),
        failures=dict(Counter(entry.error or "unknown" for entry in store.failures())),
        reasons=[
            f"{printable(entry.source_id)}: {printable(entry.message or entry.error or 'unknown')}"
            for entry in store.failures()[:_REASONS]
        ],
        redone=redone_shares(records),
        given_up=dict(
            Counter(
                attribute
                for entry in store.failures()
                if (attribute := (entry.message or "").split(":")[0]) in KEYS
            )
        ),
        cost_usd=round(store.spent_usd, 6),
        run_cost_usd=round(store.spent_usd - tally.spent_before_usd, 6),
        seconds=round(time.monotonic() - tally.started, 1),
        stopped=tally.stopped,
        passed_over=tally.passed_over,
    )


def format_summary(summary: Summary) -> str:
    """The summary as a table of plain text."""
    rows = [f"{'attribute':<12}{'good (1)':>10}{'bad (0)':>10}{'unknown':>10}{'bad share':>11}"]
    for attribute in ATTRIBUTES:
        bits = summary.labels[attribute.key]
        known = bits["1"] + bits["0"]
        share = f"{bits['0'] / known:.0%}" if known else "-"
        rows.append(
            f"{attribute.key:<12}{bits['1']:>10}{bits['0']:>10}{bits['unknown']:>10}{share:>11}"
        )
    sources = f"{summary.sources_done} done"
    for count, word in ((summary.sources_failed, "failed"), (summary.sources_rejected, "rejected")):
        sources += f", {count} {word}"
    rate = summary.made / summary.seconds if summary.seconds else 0.0
    rows += [
        "",
        f"portraits   {sources}",
        f"pictures    {summary.pictures} (with degraded twins)",
        f"cost        ${summary.cost_usd:.2f} in all, ${summary.run_cost_usd:.2f} in this run",
        f"time        {summary.seconds:.0f} s for {summary.made} new portraits ({rate:.2f}/s)",
    ]
    if summary.failures:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(summary.failures.items()))
        rows.append(f"failures    {kinds}; all reasons stand in ledger.jsonl")
        rows += [f"            {reason}" for reason in summary.reasons]
    if summary.passed_over:
        rows.append(
            f"passed over {summary.passed_over} portraits that failed in an earlier run: "
            f"--retry_failed tries them again"
        )
    if summary.redone:
        shares = ", ".join(f"{key} {share:.1%}" for key, share in summary.redone.items())
        lost = ", ".join(f"{count} {key}" for key, count in sorted(summary.given_up.items()))
        rows.append(f"edits       done again: {shares}; given up: {lost or 'none'}")
    if summary.stopped:
        rows.append(f"stopped     {summary.stopped}")
    return "\n".join(rows)


def write_summary(folder: Path, summary: Summary) -> None:
    """summary.json and summary.txt in the output folder."""
    data = json.dumps(asdict(summary), indent=2) + "\n"
    with disk_errors(folder):
        replace_file(folder / "summary.json", data.encode())
        replace_file(folder / "summary.txt", (format_summary(summary) + "\n").encode())


def contact_sheet(
    store: RecordStore, records: Sequence[Record], path: Path, what: str
) -> list[Path]:
    """Draw every picture with its six bits, at most `SHEET_LIMIT`, evenly picked beyond that.

    Args:
        store: of the pictures.
        records: of what is drawn.
        path: of the first page; no page is written where there are no records.
        what: the records are, for the title: "degraded twins".

    Returns:
        the pages.

    Raises:
        StoreError: a page cannot be written.
    """
    if not records:
        return []
    title = f"{len(records):,} {what}"
    if len(records) > SHEET_LIMIT:
        title += f": {SHEET_LIMIT} of them, evenly picked"
        picked = np.linspace(0, len(records) - 1, SHEET_LIMIT).round().astype(int)
        records = [records[i] for i in picked]
    return sheets.save(path, title, records, partial(_tile, store.images), _NOTE)


def _tile(images: Path, record: Record) -> sheets.Tile:
    return sheets.Tile(
        sheets.thumbnail(images / record.output_filename),
        flags=[_flag(key, record.labels[key] if record.known[key] else None) for key in KEYS],
        name=record.output_filename,
    )


def _flag(key: str, bit: int | None) -> tuple[str, str]:
    mark, colour = {1: ("✓", sheets.GOOD), 0: ("✗", sheets.BAD), None: ("?", sheets.UNKNOWN)}[bit]
    return f"{mark} {key}", colour
