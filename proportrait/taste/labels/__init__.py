"""Labels of a taste: every answer of every task and rater, in one SQLite file."""

from proportrait.taste.labels.answers import Kind, Place, Undone, Value
from proportrait.taste.labels.file import default_path
from proportrait.taste.labels.store import Labels

__all__ = ["Kind", "Labels", "Place", "Undone", "Value", "default_path"]
