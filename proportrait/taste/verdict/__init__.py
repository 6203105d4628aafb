"""What a taste says of one picture, and why."""

from proportrait.taste.verdict.judge import NamedTaste, joint_extractor, load_tastes
from proportrait.taste.verdict.reasons import TasteReason, TasteVerdict

__all__ = ["NamedTaste", "TasteReason", "TasteVerdict", "joint_extractor", "load_tastes"]
