"""The best photos of one person, out of a folder of everything."""

from proportrait.rank.ranking import Ranked, rank

__all__ = ["Ranked", "rank"]
