"""The counts of a verification, added up picture by picture, and how they are shown."""

from __future__ import annotations

import csv
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from proportrait.commandline import printable
from proportrait.generate.offline import OfflineGenerator
from proportrait.labels import KEYS
from proportrait.store.records import Record
from proportrait.verification.bits import Claim, Reading
from proportrait.verification.judge import WORDS, Verdict
from proportrait.verification.limits import limits

EXAMPLES = 6  # of each kind of error
PROBLEMS = 1000  # that are listed one by one


@dataclass(frozen=True, order=True)
class Example:
    """A contradicted bit.

    Attributes:
        sureness: of the contradiction, [0, 1]; examples are ordered by it.
        name: of the picture.
        key: of the attribute.
        label: the bit that the record claims.
        why: the evidence, in words.
    """

    sureness: float
    name: str
    key: str = field(compare=False)
    label: int = field(compare=False)
    why: str = field(compare=False)

    @property
    def title(self) -> str:
        """The label, and what the picture shows instead."""
        words = ("bad", "good")
        return f"{self.key}: labelled {words[self.label]}, is {words[1 - self.label]}"


@dataclass
class Findings:
    """Counts over all pictures; memory does not grow with them.

    Attributes:
        keys: attributes that were judged.
        words: attribute -> word of the verdict -> bits with a claim.
        decided_by: attribute -> "measure" or "model" -> bits that it decided.
        newly_known: attribute -> bits without a claim that the picture shows.
        made_true: contradicted bits that the offline editor made true and measured.
        before, after: attribute -> "1", "0", "unknown" -> pictures.
        requested: attribute -> (requested bit, reading) -> pictures whose record claims the bit,
            without those that were kept good.
        kept_good: attribute -> pictures that stayed good beside a twin, which has the bad bit that
            was asked for.
        examples: (attribute, label) -> the surest contradictions, as a heap.
        pictures: how many were counted.
        unreadable: how many problems there are; `problems` lists the first, one line each.
        sizes: "width x height" -> pictures.
    """

    keys: Sequence[str] = KEYS
    words: dict[str, Counter[str]] = field(init=False)
    decided_by: dict[str, Counter[str]] = field(init=False)
    newly_known: Counter[str] = field(default_factory=Counter)
    kept_good: Counter[str] = field(default_factory=Counter)
    made_true: int = 0
    before: dict[str, Counter[str]] = field(init=False)
    after: dict[str, Counter[str]] = field(init=False)
    requested: dict[str, Counter[tuple[int, Reading]]] = field(init=False)
    examples: dict[tuple[str, int], list[Example]] = field(default_factory=dict)
    pictures: int = 0
    unreadable: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("words", "decided_by", "before", "after", "requested"):
            setattr(self, name, {key: Counter() for key in self.keys})

    def add(self, record: Record, verdicts: Sequence[Verdict], size: tuple[int, int]) -> None:
        """Count one picture; `size` is its (height, width)."""
        self.pictures += 1
        self.sizes[f"{size[1]} x {size[0]}"] += 1
        for verdict in verdicts:
            key, claim, reading = verdict.key, verdict.claim, verdict.reading
            is_clear = reading is not Reading.UNCLEAR
            self.before[key][_count_name(claim)] += 1
            self.after[key][_count_name(reading if is_clear else claim)] += 1
            if verdict.by:
                self.decided_by[key][verdict.by] += 1
            if not verdict.is_claimed:
                self.newly_known[key] += is_clear
                continue
            self.words[key][verdict.word] += 1
            if _is_kept_good(record, key):
                self.kept_good[key] += 1
            else:
                self.requested[key][record.requested[key], reading] += 1
            if verdict.word == "contradicted":
                label = record.labels[key]
                name = record.output_filename
                self.made_true += record.generator == OfflineGenerator.name
                self._keep(Example(_sureness(verdict), name, key, label, _why(verdict)))

    def problem(self, line: str) -> None:
        """Note what is wrong with a file."""
        self.unreadable += 1
        if len(self.problems) < PROBLEMS:
            self.problems.append(line)

    def share(self, key: str, word: str) -> float:
        """Of the bits with a claim; 0 without any."""
        return self.words[key][word] / max(1, self.words[key].total())

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "pictures": self.pictures,
            "attributes": {
                key: {
                    **{word.replace(" ", "_"): self.words[key][word] for word in WORDS},
                    "newly_known": self.newly_known[key],
                    "decided_by": dict(self.decided_by[key]),
                    "before": dict(self.before[key]),
                    "after": dict(self.after[key]),
                    "kept_good": self.kept_good[key],
                    "requested_and_shown": {
                        f"{bit} -> {'?' if reading is Reading.UNCLEAR else reading.value}": count
                        for (bit, reading), count in sorted(self.requested[key].items(), key=str)
                    },
                }
                for key in self.keys
            },
            "contradicted_but_made_true": self.made_true,
            "sizes": dict(self.sizes),
            "problems": self.problems,
            "problems_in_all": self.unreadable,
        }

    def table(self) -> str:
        """For a terminal."""
        rows = [
            f"{'attribute':<12}{'confirmed':>10}{'contradicted':>14}{'cannot tell':>13}"
            f"{'newly known':>13}   {'good : bad before':>18}{'after':>14}"
        ]
        for key in self.keys:
            counts = self.words[key]
            rows.append(
                f"{key:<12}{counts['confirmed']:>10}"
                f"{counts['contradicted']:>7}{self.share(key, 'contradicted'):>7.1%}"
                f"{counts['cannot tell']:>6}{self.share(key, 'cannot tell'):>7.1%}"
                f"{self.newly_known[key]:>13}   "
                f"{self.before[key]['1']:>9} : {self.before[key]['0']:<6}"
                f"{self.after[key]['1']:>7} : {self.after[key]['0']}"
            )
        rows.append(
            "newly known: the picture shows what no label claims; after: what --mode fix leaves"
        )
        if self.made_true:
            rows.append(
                f"caution     {self.made_true} contradicted bits were made true by the offline "
                f"editor and measured then: the verdict may be wrong instead, so look at them in "
                f"report.html before --mode fix"
            )
        return "\n".join(rows)

    def _keep(self, example: Example) -> None:
        kept = self.examples.setdefault((example.key, example.label), [])
        (heapq.heappush if len(kept) < EXAMPLES else heapq.heappushpop)(kept, example)


class Lines:
    """One line of CSV a verdict, written as they come."""

    NAMES = ("file", "attribute", "said", "shown", "verdict", "by", "component", "probability",
             "reason")  # fmt: skip

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(self.NAMES)

    def add(self, name: str, verdicts: Sequence[Verdict]) -> None:
        """Write the verdicts of one picture."""
        for v in verdicts:
            evidence = (v.score, v.probability)
            numbers = ["" if number is None else f"{number:.3f}" for number in evidence]
            bits = ["" if bit.value is None else bit.value for bit in (v.claim, v.reading)]
            row = [printable(name), v.key, *bits, v.word, v.by, *numbers, v.reason]
            self._writer.writerow(row)


def _is_kept_good(record: Record, key: str) -> bool:
    """Whether a bad bit was asked for that only a twin of the picture has."""
    twin_kinds = {"framing": record.framing_type, "sharpness": record.blur_type}
    if key not in twin_kinds or twin_kinds[key] is not None:
        return False
    was_relabelled = key in record.checks.get("relabelled", {})
    return not record.requested[key] and bool(record.labels[key]) and not was_relabelled


def by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """reason -> the attributes that have it, from attribute -> reason."""
    keys: dict[str, list[str]] = {}
    for key, reason in reasons.items():
        keys.setdefault(reason, []).append(key)
    return keys


def _count_name(bit: Claim | Reading) -> str:
    """The name under which a bit is counted: "1", "0", or "unknown"."""
    return "unknown" if bit.value is None else str(bit.value)


def _sureness(verdict: Verdict) -> float:
    """How sure a contradiction is, [0, 1]: 1 for a score of 0 or 100, or a certain model."""
    if verdict.probability is not None and verdict.by == "model":
        return abs(verdict.probability - 0.5) * 2
    limit = limits()[verdict.key]
    score = verdict.score or 0.0
    if verdict.reading is Reading.GOOD:
        return (score - (limit.good_from or 0)) / max(1e-6, 100 - (limit.good_from or 0))
    return 1 - score / max(1e-6, limit.bad_under or 1)


def _why(verdict: Verdict) -> str:
    if verdict.by == "model":
        return f"model: {verdict.probability or 0:.0%} good"
    return f"measured {verdict.score or 0:.0f} of 100"


def ordered(examples: Mapping[tuple[str, int], Sequence[Example]]) -> list[Sequence[Example]]:
    """Rows of examples, the surest first, in the order of the attributes."""
    return [
        sorted(examples[key, label], reverse=True)
        for key in KEYS
        for label in (0, 1)
        if examples.get((key, label))
    ]
