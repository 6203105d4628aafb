"""Stage 5: pictures -> probabilities and verdicts of the six attributes."""

from proportrait.score.scorer import PACKAGED, Scorer
from proportrait.score.verdicts import Score

__all__ = ["PACKAGED", "Score", "Scorer"]
