"""The verdict on every bit of a record: confirmed, contradicted, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from proportrait.labels import KEYS, LabelVector
from proportrait.looks.look import Look
from proportrait.verification.bits import Claim, Reading
from proportrait.verification.limits import limits

Word = Literal["confirmed", "contradicted", "cannot tell"]
WORDS: tuple[Word, ...] = ("confirmed", "contradicted", "cannot tell")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one bit.

    Attributes:
        key: of the attribute.
        claim: what the record says.
        reading: what the picture shows.
        by: who read it, "measure" or "model"; "" where it is unclear.
        score: of the measure, [0, 100]; None where it could not be taken.
        probability: of a 1, by the model; None where the model has no opinion.
        reason: why it is unclear; "" where it is not.
    """

    key: str
    claim: Claim
    reading: Reading
    by: str = ""
    score: float | None = None
    probability: float | None = None
    reason: str = ""

    @property
    def word(self) -> Word:
        """For a bit without a claim, "confirmed" says that it is known now."""
        if self.reading is Reading.UNCLEAR:
            return "cannot tell"
        return "contradicted" if self.changes_record and self.is_claimed else "confirmed"

    @property
    def is_claimed(self) -> bool:
        """Whether the record says anything of the bit."""
        return self.claim is not Claim.NONE

    @property
    def changes_record(self) -> bool:
        """Whether the picture shows a bit that the record does not claim."""
        return self.reading is not Reading.UNCLEAR and self.reading.value != self.claim.value


def judge(
    labels: LabelVector,
    known: LabelVector,
    look: Look,
    opinion: Mapping[str, float],
    keys: tuple[str, ...] = KEYS,
) -> list[Verdict]:
    """One verdict an attribute.

    Where the model has an opinion it knows the score too, and decides; else the measure does.

    Args:
        labels, known: of the record.
        look: at its picture.
        opinion: the model's probability of a 1, by attribute; only where it has one.
        keys: attributes that are judged.
    """
    verdicts = []
    for key in keys:
        claim = Claim(labels[key]) if known[key] else Claim.NONE
        score, probability = look.scores.get(key), opinion.get(key)
        if probability is None:
            reading, by = limits()[key].read_score(score), "measure"
        else:
            reading, by = limits()[key].read_probability(probability), "model"
        reason = ""
        if reading is Reading.UNCLEAR:
            by, reason = "", look.error or look.reasons.get(key, "") or "not a clear case"
        verdicts.append(Verdict(key, claim, reading, by, score, probability, reason))
    return verdicts
