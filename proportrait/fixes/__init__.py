"""Crops of head and shoulders, straightened and levelled, that are no worse than the photo."""

from proportrait.fixes.crop import ASPECTS, SMALLEST
from proportrait.fixes.propose import Fix, fix

__all__ = ["ASPECTS", "SMALLEST", "Fix", "fix"]
