"""Whether anything but the thing itself gives a label away, in a folder of generated pictures.

    proportrait generate -o DIR --mock --limit 700      about 1,000 pictures
    python -m benchmarks.labels.giveaways --images DIR

A classifier sees only what should not matter, such as the border of the picture for its framing. On
people that it has not learnt from its balanced accuracy stays near chance, at most 0.60. Labels
are made independent of each other by weights, framing is judged among sharp pictures, sharpness
among well framed ones, and everything else on one good picture a person. A cue that a camera would
give as well (a dark picture makes a small file) is "honest": it is shown, and held against no bar.
Controls show what should matter; a classifier that is blind to that proves nothing. Ends with 1 if
a cue misses the bar. 1,000 pictures take about three minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.labels.classify import Accuracy, accuracy
from benchmarks.labels.cues import VIEWS, Sets, Shown
from benchmarks.labels.folder import balance, describe, finished, rows
from proportrait.errors import AssessmentError, StoreError
from proportrait.faces import FaceAnalyzer
from proportrait.labels import KEYS
from proportrait.looks.features import Backbone
from proportrait.store.records import Record

BAR = 0.60
SEEN = 0.70  # what a control reaches at least
SMALLEST_CLASS = 30  # pictures; with fewer of a kind a share says nothing: no bar
# Lights that change how bright or how coloured the whole face is.
EXPOSING = frozenset(
    {
        "dark", "over", "flash", "back", "monochrome",
        "stage", "tungsten", "fluorescent", "evening",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Cue:
    """What the classifier sees, and which labels it may not tell from it.

    Attributes:
        name: for the table.
        view: of `cues.VIEWS`.
        keys: of the attributes.
        honest: why a photograph would give it away too, by attribute.
        without: kinds of edits that are left out.
        control: it shall tell the label, which proves that the classifier can see.
    """

    name: str
    view: str
    keys: tuple[str, ...]
    honest: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    control: bool = False


def _but(*keys: str) -> tuple[str, ...]:
    return tuple(key for key in KEYS if key not in keys)


CUES: tuple[Cue, ...] = (
    Cue(
        "border", "border", ("framing",),
        {"framing": "whoever stands at the border is seen there"},
    ),
    Cue("border beside the person", "border_background", ("framing",)),
    Cue("all but the face", "without_face", ("expression",)),
    Cue(
        "mean skin colour", "skin", ("lighting",),
        {"lighting": "exposure and coloured light show on the skin"},
    ),
    Cue("skin, exposed alike", "skin", ("lighting",), without=EXPOSING),
    Cue("face alone", "face", ("background", "attire")),
    Cue("form of the file", "file_form", _but("sharpness")),
    Cue(
        "size of the file", "file_size", _but("sharpness"),
        {
            "lighting": "dark and blown-out pictures compress well",
            "background": "clutter fills the file",
            "attire": "patterned cloth fills the file",
            "framing": "an enlarged face is smooth, and a small one leaves room",
        },
    ),
    Cue("rim of the person", "band_inside", ("background",)),
    Cue("edge of the head", "band_of_head", ("attire",)),
    Cue(
        "edge of the person", "band", ("background", "attire"),
        {
            "background": "half of the band is background",
            "attire": "a third of the band is clothing",
        },
    ),
    Cue("place and size of the face", "place", _but("framing")),
    Cue("control: face alone", "face", ("lighting", "expression"), control=True),
    Cue("control: all but the face", "without_face", ("background", "attire"), control=True),
    Cue("control: place and size", "place", ("framing",), control=True),
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What one cue tells of one attribute; with its verdict in a word."""

    cue: str
    attribute: str
    accuracy: float
    low: float
    high: float
    pictures: int
    left_out: int
    verdict: str
    note: str

    def __str__(self) -> str:
        interval = f"[{self.low:.2f}, {self.high:.2f}]"
        counted = f"{self.pictures:>6}{self.left_out:>6}"
        return (
            f"{self.cue:<28}{self.attribute:<12}{self.accuracy:>6.3f} {interval:<14}"
            f"{counted}  {self.verdict:<8} {self.note}"
        ).rstrip()


Views = dict[tuple[int, str], Sets]  # by index of the record and name of the view


def look(folder: Path, records: Sequence[Record], shown: Mapping[int, Sequence[str]]) -> Views:
    """Take the views of the pictures: `shown` names those that are needed, by index."""
    network = Backbone()
    analyzer = FaceAnalyzer()
    views: Views = {}
    for index in tqdm(sorted(shown), unit="picture", disable=None):
        path = folder / "images" / records[index].output_filename
        picture = Shown(path.read_bytes(), analyzer, network)
        for view in shown[index]:
            try:
                views[index, view] = VIEWS[view](picture)
            except AssessmentError:  # no face: the row is left out, and counted
                continue
    return views


def judge(cue: Cue, key: str, records: Sequence[Record], views: Views) -> Finding:
    """Try one cue on one attribute."""
    wanted = [i for i in rows(records, key) if kind_of(records[i], key) not in cue.without]
    used = [i for i in wanted if (i, cue.view) in views]
    truth = np.array([bool(records[i].labels[key]) for i in used], bool)
    few = min(truth.sum(), (~truth).sum()) if len(truth) else 0
    if few < 5:
        nothing = float("nan")
        left_out = len(wanted) - len(used)
        return Finding(cue.name, key, nothing, nothing, nothing, len(used), left_out, "too few", "")
    first = views[used[0], cue.view]
    sets = {name: np.stack([views[i, cue.view][name] for i in used]) for name in first}
    weights = balance([records[i].requested for i in used])
    groups = [records[i].source_id for i in used]
    found = accuracy(
        {name: values.astype(np.float64) for name, values in sets.items()}, truth, weights, groups
    )
    if cue.control:
        verdict = "seen" if found.value >= SEEN else "UNSEEN"
    elif found.value <= BAR:
        verdict = "pass"
    else:
        verdict = "honest" if key in cue.honest else "FAIL"
    verdict = verdict if few >= SMALLEST_CLASS else "too few"
    note = ""
    if found.value > BAR and not cue.control:
        note = _note(cue, key, [records[i] for i in used], truth, found)
    return Finding(
        cue.name, key, round(found.value, 4), round(found.low, 4), round(found.high, 4),
        len(used), len(wanted) - len(used), verdict, note,
    )  # fmt: skip


def kind_of(record: Record, key: str) -> str:
    """The kind of edit that made a bit what it is, as the record names it."""
    edit = record.edits.get(key, {})
    if not isinstance(edit, Mapping):
        return ""
    return str(edit.get("kind") or edit.get("finish") or "")


def _note(
    cue: Cue, key: str, records: Sequence[Record], truth: np.ndarray[Any, Any], found: Accuracy
) -> str:
    """Why it is honest, and which kinds of edit were told best."""
    hits: dict[str, list[bool]] = {}
    for record, true, said in zip(records, truth, found.said, strict=True):
        hits.setdefault(kind_of(record, key) or "?", []).append(bool(true == said))
    shares = {kind: float(np.mean(h)) for kind, h in hits.items() if len(h) >= 5}
    best = sorted(shares, key=lambda kind: -shares[kind])[:4]
    told = ", ".join(f"{kind} {shares[kind]:.2f}" for kind in best)
    reason = cue.honest.get(key, "")
    return "; ".join(part for part in (reason, f"told best: {told}" if told else "") if part)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a cue gives a label away, or 2 if the folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labels.giveaways",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="output folder")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there too")
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    try:
        records = finished(options.images)
    except StoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(describe(options.images, records), flush=True)
    needed: dict[int, list[str]] = {}
    for cue in CUES:
        for index in sorted({int(i) for key in cue.keys for i in rows(records, key)}):
            if cue.view not in needed.setdefault(index, []):
                needed[index].append(cue.view)
    views = look(options.images, records, needed)
    print(f"{'only seen':<28}{'label':<12}balanced accuracy    used  left  at most {BAR:.2f}")
    findings = []
    for cue in CUES:
        for key in cue.keys:
            findings.append(judge(cue, key, records, views))
            print(findings[-1], flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(f) for f in findings], indent=1) + "\n")
    missed = [f"{f.cue} for {f.attribute}" for f in findings if f.verdict in ("FAIL", "UNSEEN")]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nno label is given away")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
