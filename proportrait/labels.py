"""The six attributes of a professional headshot, their fixed order, and label vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Attribute:
    """One thing that a headshot is judged on.

    `key` names it in code and files, `title` on screen; `good` and `bad` say what the bits 1 and
    0 mean.
    """

    key: str
    title: str
    good: str
    bad: str


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        "lighting",
        "Lighting Even and Frontal",
        "balanced illumination",
        "harsh shadows, side, top or back light, flash, under- or over-exposed",
    ),
    Attribute(
        "background",
        "Background Clean and Non-Distracting",
        "plain, neutral, or strongly blurred",
        "cluttered, people, patterns, text",
    ),
    Attribute(
        "attire",
        "Business or Professional Attire Visible",
        "suit, blazer, dress shirt, blouse, tie",
        "casual, sportswear, costume, none visible",
    ),
    Attribute(
        "expression",
        "Neutral Professional Facial Expression",
        "calm, neutral, slight or polite smile",
        "exaggerated emotion",
    ),
    Attribute(
        "framing",
        "Face Properly Framed and Centered",
        "head and shoulders, centred, headroom",
        "off-centre, too close, too far, head cut",
    ),
    Attribute(
        "sharpness",
        "Image Sharpness High",
        "crisp face",
        "blurred, soft, low resolution",
    ),
)
KEYS: tuple[str, ...] = tuple(attribute.key for attribute in ATTRIBUTES)


@dataclass(frozen=True)
class LabelVector:
    """Six bits in the order of `ATTRIBUTES`; 1 is professional, 0 is degraded.

    >>> LabelVector.from_code("111101")["framing"]
    0
    """

    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(KEYS) or any(v not in (0, 1) for v in self.values):
            raise ValueError(f"a label vector is {len(KEYS)} bits of 0 or 1, not {self.values!r}")

    @classmethod
    def from_code(cls, code: str) -> LabelVector:
        """Read six characters such as "011111"."""
        if len(code) != len(KEYS) or set(code) - {"0", "1"}:
            raise ValueError(f"a label code is {len(KEYS)} characters of 0 or 1, not {code!r}")
        return cls(tuple(int(c) for c in code))

    @classmethod
    def ones(cls) -> LabelVector:
        """The vector of a perfect headshot."""
        return cls((1,) * len(KEYS))

    @classmethod
    def of(cls, keys: Iterable[str]) -> LabelVector:
        """A vector whose bits are 1 for the attributes named and 0 for the others."""
        wanted = set(keys)
        for key in wanted:
            _index(key)
        return cls(tuple(int(key in wanted) for key in KEYS))

    @property
    def code(self) -> str:
        """The six bits as they stand in a file name."""
        return "".join(map(str, self.values))

    def replace(self, **bits: int) -> LabelVector:
        """A copy in which the named attributes have the given bits."""
        values = list(self.values)
        for key, bit in bits.items():
            values[_index(key)] = bit
        return LabelVector(tuple(values))

    def __and__(self, other: LabelVector) -> LabelVector:
        """The bits that are 1 in both."""
        return LabelVector(tuple(a & b for a, b in zip(self, other, strict=True)))

    def __getitem__(self, key: str) -> int:
        return self.values[_index(key)]

    def __iter__(self) -> Iterator[int]:
        return iter(self.values)


def _index(key: str) -> int:
    try:
        return KEYS.index(key)
    except ValueError:
        known = ", ".join(KEYS)
        raise ValueError(f"unknown attribute {key!r}; the attributes are {known}") from None


def stream(seed: int, *names: str) -> np.random.Generator:
    """A random generator that is a pure function of a run's seed and of names.

    Every choice about a source draws from `stream(seed, source_id, purpose)`, so that it does not
    depend on order, concurrency, or how often a run was resumed.
    """
    digest = hashlib.sha256("\x1f".join((str(seed), *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
