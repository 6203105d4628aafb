"""One bit of a picture's labels: what its record claims, and what the picture shows.

Values are what stands in files: 0, 1, or null.
"""

from __future__ import annotations

from enum import Enum


class Claim(Enum):
    """What a record says of a bit."""

    BAD = 0
    GOOD = 1
    NONE = None  # the record leaves it open (`Record.known` is 0)


class Reading(Enum):
    """What a measure or the model reads off the picture."""

    BAD = 0
    GOOD = 1
    UNCLEAR = None  # it is not sure enough, or could not look
