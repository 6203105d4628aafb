"""Limits of one's own: from when on an attribute passes, and which measured values do."""

from proportrait.limits.limits import PRESETS, Limit, Limits, Range
from proportrait.limits.marks import PASS

__all__ = ["PASS", "PRESETS", "Limit", "Limits", "Range"]
