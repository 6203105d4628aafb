"""Learn one person's two-class judgement of pictures from a few labels."""

from proportrait.taste.ensemble import Ensemble
from proportrait.taste.evaluate import Evaluation, evaluate
from proportrait.taste.taste import Judgement, Taste

__all__ = ["Ensemble", "Evaluation", "Judgement", "Taste", "evaluate"]
