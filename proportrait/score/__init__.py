"""Stage 5: pictures -> probabilities and verdicts of the six attributes."""

from proportrait.score.scorer import PACKAGED, Score, Scorer

__all__ = ["PACKAGED", "Score", "Scorer"]
