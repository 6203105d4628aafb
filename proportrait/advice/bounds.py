"""From which value of a measure on a sentence is true: one table, held against labels by a command.

`python -m tools.fit_reasons` prints of every bound of `FITTED` how many pictures beyond it are bad,
and where the rule of that command would put it. Of the other bounds no label speaks: they say
which of several sentences is the right one, or when a measure can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """A value of a measure beyond which an attribute is bad.

    Attributes:
        attribute: its key.
        measure: "attribute.Name".
        side: -1 where values below it are bad, 1 where those above it are.
        value: in the measure's unit.
    """

    attribute: str
    measure: str
    side: int
    value: float

    def passed(self, value: float) -> bool:
        """Whether a value lies beyond it."""
        return self.side * (value - self.value) > 0


# Eye widths: the eyes are shut, so that nobody can tell where they look. By the rule 0.15;
# stricter, for a face may be bad before nobody can tell.
SHUT = Bound("expression", "expression.EyeOpenness", -1, 0.12)
# Probability of a strong emotion that is not joy. By the rule 0.35; stricter, for of bad faces
# between the two most are bad for another reason.
TENSE = Bound("expression", "expression.Agitation", 1, 0.4)
# Steps at the borders of JPEG blocks that an eye sees; by the rule.
BLOCKS = Bound("sharpness", "sharpness.CompressionArtifacts", 1, 0.47)
# Share of neighbours that are equal. By the rule 0.26, where an eye does not see the pixels yet.
EQUAL = Bound("sharpness", "sharpness.RepeatedPixels", 1, 0.38)
# Head heights above the eyes: the head is cut off, or touches the border. By the rule 0.95;
# stricter, for in photos between the two a head may be whole.
CROWDED = Bound("framing", "framing.MarginAboveOfTheFaceImage", -1, 0.9)
FITTED = {"shut": SHUT, "tense": TENSE, "blocks": BLOCKS, "equal": EQUAL, "crowded": CROWDED}

DETAIL = 0.2  # cycles/px; by made blurs: below it detail is gone in every direction
DIRECTED = 1.0  # decades; by made blurs: nine of ten of those by motion exceed it
LATERAL = 0.2  # picture widths from the middle, by eye: "on the left" is then the right word
FAR = 35.0  # deg; by eye: the angle of a head turned so far is not measured well
TURNED = 28.0  # deg; by eye: nor are a mouth and an eye that are turned farther away
SMALL = 6.6  # log2 px; by eye: nor those of a smaller face
PARTED = 0.06  # head heights; by eye: one sees into a mouth only where lips are apart
LIT = 0.3  # of full brightness; by eye: darker skin has hardly any colour
CAP = 2.6  # stops a face; by eye: a cap or a beard, where light alone does not differ so much
DIM = -2.5  # stops; by eye: skin whose highlights are darker is dark as a whole
