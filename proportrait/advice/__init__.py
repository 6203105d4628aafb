"""Why a verdict is what it is, in plain words with numbers, and what to do about it."""

from proportrait.advice.reason import Reason, disagreements, reasons

__all__ = ["Reason", "disagreements", "reasons"]
