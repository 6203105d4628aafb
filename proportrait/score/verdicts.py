"""The verdicts on one picture, and what they are in words and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proportrait.advice import Reason
from proportrait.labels import KEYS, LabelVector
from proportrait.limits import PASS

if TYPE_CHECKING:
    from proportrait.taste.verdict import TasteVerdict

CLOSE = 10  # marks around it within which a verdict may as well be the other
SCHEMA = 1  # version of `Score.to_json`; a key that is taken away or changed makes it higher
UNASKED = "these limits let everything pass"  # why an attribute is not asked for


@dataclass(frozen=True)
class Score:
    """The verdicts on one picture.

    Attributes:
        path: of the file; "" for an array.
        probabilities: by attribute key, [0, 1], of professional; None where nobody could tell.
        verdicts: by attribute key, 1 professional, 0 not, None where nobody could tell.
        faces: their number; of several the largest is judged.
        box: x0, y0, x1, y1 of its forehead to chin and side to side in shares of the picture as the
            file shows it, may pass 0 and 1; None without a face.
        error: why there is no verdict, or None; verdicts and probabilities are empty then.
        remarks: what is wrong with the file and cost nothing.
        unknown: by attribute key, why it has no verdict.
        reasons: what speaks against the attributes that failed: of each the worst first.
        disagreements: what measures hold against attributes that passed.
        marks: by attribute key, [0, 100]: from `PASS` on the verdict is 1; None without a verdict.
        overall: [0, 100]: half the lowest mark, half their mean; None without all verdicts that are
            asked for.
        fix: what became of each form of a crop, JSON-ready; only by `proportrait score --fix`.
        heat: by the key of an attribute that failed, `Heat.to_json` of what spoke against it; only
            of explanations.
        one_person: whether exactly one person is the subject; None where that cannot be told.
        sure: by attribute key, whether a verdict belongs to those of which at least
            `calibration.SURE` are right on photographs from elsewhere.
        unasked: attribute keys that the limits let pass whatever the picture shows.
        judge: `Scorer.judge`; "" with an error.
        tastes: what each taste says that was asked, beside the six.
    """

    path: str
    probabilities: dict[str, float | None]
    verdicts: dict[str, int | None]
    faces: int = 0
    box: tuple[float, float, float, float] | None = None
    error: str | None = None
    remarks: tuple[str, ...] = ()
    unknown: dict[str, str] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    disagreements: tuple[Reason, ...] = ()
    marks: dict[str, int | None] = field(default_factory=dict)
    fix: tuple[dict[str, Any], ...] = ()
    heat: dict[str, dict[str, str]] = field(default_factory=dict)
    overall: int | None = None
    one_person: bool | None = None
    sure: dict[str, bool] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()
    judge: str = ""
    tastes: tuple[TasteVerdict, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, as `score.schema.json` describes it."""
        if self.error is not None:
            return {"schema": SCHEMA, "path": self.path, "error": self.error}
        return {
            "schema": SCHEMA,
            "path": self.path,
            "overall": self.overall,
            "verdicts": self.verdicts,
            "marks": self.marks,
            "probabilities": self.probabilities,
            "sure": self.sure,
            "words": {key: self.words(key) for key in self.verdicts},
            "failed": self.failed,
            "unasked": list(self.unasked),
            "unknown": self.unknown,
            "reasons": [reason.to_json() for reason in self.reasons],
            "disagreements": [reason.to_json() for reason in self.disagreements],
            "faces": self.faces,
            "box": None if self.box is None else list(self.box),
            "one_person": self.one_person,
            "remarks": list(self.remarks),
            "judge": self.judge,
            **({"fix": list(self.fix)} if self.fix else {}),
            **({"heat": self.heat} if self.heat else {}),
            **(
                {"tastes": {taste.name: taste.to_json() for taste in self.tastes}}
                if self.tastes
                else {}
            ),
        }

    @property
    def remark(self) -> str:
        """What to know beside the verdicts, in one line, or ""."""
        parts = []
        for reason in dict.fromkeys(self.unknown.values()):
            keys = [key for key in KEYS if self.unknown.get(key) == reason]
            parts.append(reason if len(keys) == len(KEYS) else f"{', '.join(keys)}: {reason}")
        return "; ".join([*self._others, *parts, *self.remarks])

    @property
    def notes(self) -> list[str]:
        """What to know of the picture whatever its verdicts are: other faces, and the remarks."""
        return [*self._others, *self.remarks]

    @property
    def _others(self) -> list[str]:
        return [f"{self.faces} faces: the largest is judged"] if self.faces > 1 else []

    def words(self, key: str) -> str:
        """The verdict on an attribute and how sure it is: "good", "likely good", "perhaps good".

        At least `calibration.SURE` of those without a word before them are right on photographs
        from elsewhere; "perhaps" may as well be the other. "cannot tell" without a verdict, "not
        asked" where the limits let everything pass.
        """
        if key in self.unasked:
            return "not asked"
        good, mark = self.verdicts[key], self.marks[key]
        if good is None or mark is None:
            return "cannot tell"
        word = "good" if good else "bad"
        if self.sure[key]:
            return word
        return f"perhaps {word}" if abs(mark - PASS) < CLOSE else f"likely {word}"

    @property
    def failed(self) -> list[str]:
        """The attributes with a verdict of 0, the lowest mark first."""
        keys = [key for key in KEYS if self.verdicts.get(key) == 0]
        return sorted(keys, key=lambda key: self.marks[key] or 0)

    @property
    def failures(self) -> list[Reason]:
        """The first reason of each attribute that failed, the lowest mark first."""
        first = {reason.attribute: reason for reason in reversed(self.reasons)}
        return [first[key] for key in self.failed if key in first]

    @property
    def certain(self) -> bool:
        """Whether it has all six verdicts and shows exactly one person."""
        return self.one_person is True and None not in self.verdicts.values()

    @property
    def labels(self) -> LabelVector:
        """The verdicts as a label vector.

        Raises:
            ValueError: there is no verdict on some attribute.
        """
        values = tuple(value for value in self.verdicts.values() if value is not None)
        if len(values) < len(KEYS):
            why = self.error or self.remark
            raise ValueError(f"{self.path or 'the picture'} lacks verdicts: {why}")
        return LabelVector(values)
