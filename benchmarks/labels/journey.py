"""What true labels are worth: three trainings on the same people, judged by the same test pictures.

    proportrait generate -o DIR --mock --limit 700
    python -m benchmarks.labels.journey --images DIR --work DIR2

1. As requested: an image model ignores what it is told to spoil, 83 % of the time for framing (the
   share that was published) and less often for the rest (`IGNORED`). That is simulated: as many
   good pictures are labelled bad as such a model would have delivered, and so many truly bad ones
   are left out.
2. Verified: `proportrait verify --mode fix` on that.
3. Balanced: then `proportrait balance --blur`.

A fifth of the people is set aside first, with its true labels; nothing is learnt, verified, or
chosen on it. The model knows the backbone's features alone (no measures): what is compared is the
labels. Writes journey.json to DIR2; what is there already is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from proportrait import cli
from proportrait.commandline import exit_code, seed
from proportrait.errors import ConfigurationError, ProPortraitError
from proportrait.labels import KEYS
from proportrait.model.saved import load
from proportrait.store import RecordStore
from proportrait.store.records import Record, parse_file_stem
from proportrait.train.data import Pictures
from proportrait.train.evaluate import judge
from proportrait.train.run import MODEL, run
from proportrait.train.settings import Settings
from proportrait.verification.repair import renamed

# Share of the requests for a 0 that an image model ignored: framing as published, the rest assumed.
IGNORED = {
    "lighting": 0.3, "background": 0.2, "attire": 0.15, "expression": 0.25, "framing": 0.83,
    "sharpness": 0.5,
}  # fmt: skip
STEPS = ("as requested", "+ verified", "+ balanced")
_TEST = 0.2


def as_requested(records: Sequence[Record], seed: int) -> list[Record]:
    """Records as a generator that ignores requests would label them.

    Of each attribute, good bits are called bad until the asked share of the zeros is wrong. Of
    framing and sharpness as many truly bad pictures are left out. No more than half of the good
    bits are called bad.
    """
    rng = np.random.default_rng(seed)
    bits = np.array([r.labels.values for r in records])
    known = np.array([r.known.values for r in records], bool)
    kept = np.ones(len(records), bool)
    for column, key in enumerate(KEYS):
        share = IGNORED[key]
        bad = np.flatnonzero(known[:, column] & (bits[:, column] == 0))
        good = np.flatnonzero(known[:, column] & (bits[:, column] == 1))
        if key in ("framing", "sharpness"):
            # Mostly twins of good pictures: where the request was ignored there was none.
            ignored = rng.choice(bad, round(share * len(bad)), replace=False)
            kept[ignored] = False
            count = len(ignored)
        else:
            count = round(share / (1 - share) * len(bad))
        turned = rng.choice(good, min(count, len(good) // 2), replace=False)
        bits[turned, column] = 0
    return [
        replace(
            record,
            labels=type(record.labels)(tuple(map(int, row))),
            requested=type(record.labels)(tuple(map(int, row))),
        )
        for record, row, keep in zip(records, bits, kept, strict=True)
        if keep
    ]


def write(store: RecordStore, records: Sequence[Record], folder: Path) -> None:
    """A data set with the pictures of a store, and these records.

    Pictures keep their names (stem, kind, and tags, so that they stay unique), with the bits of the
    new labels, and their sources keep the stems that the store's ledger has.
    """
    stems = {entry.source_id: entry.stem for entry in store.history()}
    by_source: dict[str, list[Record]] = {}
    for record in records:
        by_source.setdefault(record.source_id, []).append(record)
    with RecordStore(folder) as fresh:
        for source, group in by_source.items():
            if fresh.is_finished(source):
                continue
            pictures = [
                (
                    replace(record, output_filename=_name(record), parent=None),
                    (store.images / record.output_filename).read_bytes(),
                )
                for record in group
            ]
            fresh.commit(source, stems[source], pictures)


def walk(images: Path, work: Path, settings: Settings, seed: int = 0) -> dict[str, Any]:
    """The three trainings; returns what stands in journey.json."""
    store = RecordStore(images)
    records = sorted(store.records(), key=lambda r: r.output_filename)
    people = np.unique([r.source_id for r in records])
    held = set(np.random.default_rng(seed).permutation(people)[: round(_TEST * len(people))])
    test = work / "test"
    write(store, [r for r in records if r.source_id in held], test)
    folders = [work / name for name in ("requested", "verified", "balanced")]
    learn = as_requested([r for r in records if r.source_id not in held], seed)
    for folder in folders:
        write(store, learn, folder)
    wrong = {
        key: round(float(np.mean([
            truth.labels[key] for truth, said in _pairs(records, learn)
            if said.known[key] and not said.labels[key]
        ])), 3) for key in KEYS
    }  # fmt: skip
    for folder in folders[1:]:
        done = folder / ".verified"  # a second verification would learn from the first one's labels
        if not done.exists():
            _succeed(cli.run("verify", ["--input", str(folder), "--mode", "fix"]))
            done.touch()
    _succeed(cli.run("balance", ["--input", str(folders[2]), "--blur"]))
    rows = []
    judged_on = Pictures.from_folder(test)
    for step, folder in zip(STEPS, folders, strict=True):
        print(f"\n{step}")
        model = folder / "model"
        if not (model / MODEL).exists():
            run([folder], settings, model)
        trained = load(model / MODEL)
        if trained.about["settings"]["epochs"] != settings.epochs or (
            trained.about["settings"]["size"] != settings.size
        ):
            raise ConfigurationError(f"{model} was trained with other settings: delete it")
        found = judge(trained, judged_on).report()
        rows.append({
            "step": step,
            "pictures": len(Pictures.from_folder(folder)),
            "framing": found.attributes["framing"].accuracy.value,
            "overall": found.overall.value,
            "exact_match": found.exact_match.value,
            "report": found.to_json(),
        })  # fmt: skip
    return {
        "ignored": IGNORED,
        "zeros_that_are_wrong": wrong,
        "people": len(people),
        "test_people": len(held),
        "test_pictures": len(judged_on),
        "settings": vars(settings),
        "rows": rows,
    }


def _succeed(code: int) -> None:
    if code:
        raise ProPortraitError("the step before failed: see what it says above")


def table(found: dict[str, Any]) -> str:
    """The rows for people."""
    lines = [f"{'':16s}{'pictures':>10s}{'framing':>10s}{'overall':>10s}{'exact':>10s}"]
    for row in found["rows"]:
        lines.append(
            f"{row['step']:16s}{row['pictures']:10d}{row['framing']:10.1%}{row['overall']:10.1%}"
            f"{row['exact_match']:10.1%}"
        )
    lines.append(
        f"judged on {found['test_pictures']} pictures of {found['test_people']} other people, "
        f"true labels"
    )
    return "\n".join(lines)


def _name(record: Record) -> str:
    """The file name of a record with the bits of its labels; one that has none stays."""
    name = record.output_filename
    try:
        _, _, before = parse_file_stem(name)
    except ValueError:
        return name
    return renamed(name, before, record.labels)


def _pairs(records: Sequence[Record], learn: Sequence[Record]) -> list[tuple[Record, Record]]:
    true = {record.sha256: record for record in records}
    return [(true[said.sha256], said) for said in learn]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if a step failed, or 2 for other settings than those of a run before."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.journey", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the true set")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR2", help="for the copies")
    parser.add_argument("--backbone", default="auto", metavar="NAME")
    parser.add_argument("--epochs", type=int, default=4, metavar="N")
    parser.add_argument("--size", type=int, default=160, metavar="PX")
    parser.add_argument("--seed", type=seed, default=0)
    options = parser.parse_args(argv)
    settings = Settings(
        backbone=options.backbone, epochs=options.epochs, size=options.size, measures=False,
        max_lr=3e-4, seed=options.seed,
    )  # fmt: skip

    def work() -> int:
        found = walk(options.images, options.work, settings, options.seed)
        print("\n" + table(found))
        path = options.work / "journey.json"
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(f"written to {path}")
        return 0

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
