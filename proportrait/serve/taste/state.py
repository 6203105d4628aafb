"""What the page shows of a session, JSON-ready."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from proportrait.serve.taste.session import Session, Trained
from proportrait.taste.agreement import Agreement, agreement, between

BINS = 20  # of the histogram
STEPS = 100  # of the threshold by which a folder is sifted
_MOST = 100  # pictures that cannot be used which are named


def state(session: Session) -> dict[str, Any]:
    """Everything that the page shows beside pictures."""
    album, labels = session.album, session.labels
    values = list(session.values.values())
    failures = list(album.failures.items())
    return {
        "task": session.task,
        "rater": session.rater,
        "folder": {
            "name": album.folder.name,
            "pictures": len(album),
            "is_listed": album.is_listed,
            "problem": album.problem,
            "failures": len(failures),
            "failed": [
                {"name": album.name(number), "reason": reason}
                for number, reason in failures[:_MOST]
            ],
        },
        "features": len(session.rows),
        "chooses": "model" if session.trained else "types" if session.start.is_ready else "chance",
        "labels": {
            "positive": values.count(True),
            "negative": values.count(False),
            "skip": values.count(None),
        },
        "is_training": session.is_training,
        "problem": session.problem,
        "model": _model(session, session.trained) if session.trained else None,
        "curve": labels.trainings(session.task, session.rater),
        "steady": _agreement(
            agreement(
                (earlier, later)
                for _, earlier, later in labels.repeats(session.task, session.rater)
            )
        ),
        "others": [
            {"rater": other}
            | _agreement(between(session.values, labels.current(session.task, other)))
            for other in labels.raters(session.task)
            if other != session.rater
        ],
    }


def _model(session: Session, trained: Trained) -> dict[str, Any]:
    ensemble = trained.ensemble
    known = np.isfinite(trained.validated)
    edges = np.linspace(0, 1, BINS + 1)
    histogram = {
        name: np.histogram(trained.validated[known & (trained.labels == value)], edges)[0].tolist()
        for name, value in (("positive", True), ("negative", False))
    }
    likely = np.sort(np.fromiter(list(session.predictions.values()), np.float64))
    below = np.searchsorted(likely, np.arange(STEPS + 1) / STEPS)
    return {
        "labels": len(trained.labels),
        "accuracy": _number(trained.accuracy),
        "threshold": ensemble.threshold,
        "precision": _number(ensemble.precision),
        "recall": _number(ensemble.recall),
        "histogram": histogram,
        "mistakes": len(session.mistakes()),
        "predictions": len(likely),
        # How many pictures reach each threshold.
        "reach": (len(likely) - below).tolist(),
    }


def _agreement(result: Agreement) -> dict[str, Any]:
    return {
        "count": result.count, "raw": _number(result.raw), "kappa": _number(result.kappa),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None
