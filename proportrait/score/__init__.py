"""Stage 5: pictures -> probabilities and verdicts of the six attributes."""

from proportrait.score.scorer import Score, Scorer

__all__ = ["Score", "Scorer"]
