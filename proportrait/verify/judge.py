"""What is said of every bit of a record: confirmed, contradicted, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from proportrait.labels import KEYS, LabelVector
from proportrait.looks.look import Look
from proportrait.verify.limits import limits

Word = Literal["confirmed", "contradicted", "cannot tell"]
WORDS: tuple[Word, ...] = ("confirmed", "contradicted", "cannot tell")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one bit.

    Attributes:
        key: of the attribute.
        said: the bit of the record, or None where it made no claim.
        shown: the bit that the picture shows, or None where nobody can tell.
        by: "measure", "model", or "" with nobody.
        component: what was measured, [0, 100], or None.
        probability: the model's, of a 1, or None.
        reason: why nobody can tell, where that is known.
    """

    key: str
    said: int | None
    shown: int | None
    by: str = ""
    component: float | None = None
    probability: float | None = None
    reason: str = ""

    @property
    def word(self) -> Word:
        """For a bit without a claim, "confirmed" says that it is known now."""
        if self.shown is None:
            return "cannot tell"
        return "confirmed" if self.said in (None, self.shown) else "contradicted"


def judge(
    labels: LabelVector,
    known: LabelVector,
    look: Look,
    opinion: Mapping[str, float],
    keys: tuple[str, ...] = KEYS,
) -> list[Verdict]:
    """One verdict an attribute.

    Where the model has an opinion it knows the component too, and decides; else the measure does.

    Args:
        labels, known: of the record.
        look: at its picture.
        opinion: the model's probability of a 1, by attribute; only where it has one.
        keys: attributes that are judged.
    """
    verdicts = []
    for key in keys:
        said = labels[key] if known[key] else None
        component, probability = look.scores.get(key), opinion.get(key)
        shown, by = limits()[key].measured(component), "measure"
        if probability is not None and not np.isnan(probability):
            shown, by = _decided(probability, said, limits()[key].doubt), "model"
        else:
            probability = None
        reason = look.error or look.reasons.get(key, "") or "not a clear case"
        verdicts.append(
            Verdict(key, said, shown, by, component, probability)
            if shown is not None
            else Verdict(key, said, None, "", component, probability, reason)
        )
    return verdicts


def _decided(probability: float, said: int | None, doubt: float) -> int | None:
    """The bit that the model shows; None between doubt and certainty."""
    if said is None:
        likely = probability >= 0.5
        return int(likely) if max(probability, 1 - probability) > 1 - doubt else None
    own = probability if said else 1 - probability
    if own < doubt:
        return 1 - said
    return said if own > 1 - doubt else None
