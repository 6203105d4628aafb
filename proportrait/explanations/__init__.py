"""Where in a picture a verdict comes from: maps, and one picture that shows them."""

from proportrait.explanations.explanation import Explanation, explain
from proportrait.explanations.heat import Heat

__all__ = ["Explanation", "Heat", "explain"]
