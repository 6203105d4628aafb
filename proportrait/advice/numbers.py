"""Numbers in words: short, but long enough to see on which side of a limit they lie."""

from __future__ import annotations

_DIGITS = 2  # significant digits of a number, where they are enough


def apart(value: float, *ends: float, digits: int = _DIGITS, exact: bool = False) -> list[str]:
    """A value and the ends of its range, with as few significant digits as tell them apart.

    >>> apart(1204, 1176), apart(0.5, 0.16, 0.38), apart(0.2, 0.1875, exact=True)
    (['1200', '1180'], ['0.5', '0.16', '0.38'], ['0.2', '0.1875'])

    Args:
        value: in any unit.
        ends: in the same one.
        digits: the least.
        exact: whether the ends are written in full, as whoever set them did.
    """
    different = len({value, *ends})
    while len({_rounded(number, digits) for number in (value, *ends)}) < different or (
        exact and any(_rounded(end, digits) != end for end in ends)
    ):
        digits += 1
    return [f"{_rounded(n, digits):.15g}".replace("-", "\u2212") for n in (value, *ends)]


def kept_apart(value: float, *ends: float | None, decimals: int = 4) -> float:
    """A value with as few decimals as leave it on its side of every end, at least `decimals`."""
    while any(_side(round(value, decimals), end) != _side(value, end) for end in ends):
        decimals += 1
    return round(value, decimals)


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")


def _side(value: float, end: float | None) -> int:
    return 0 if end is None else int(value > end) - int(value < end)
