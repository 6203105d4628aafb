"""One rater's work at one task: the labels that hold, and the model that they taught."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Float, Mask
from proportrait.errors import ConfigurationError
from proportrait.serve.taste.album import Album
from proportrait.serve.taste.rows import Rows
from proportrait.serve.taste.start import Start
from proportrait.taste.choose import suspects
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.features import DEFAULT, Features, column_names
from proportrait.taste.labels import Kind, Labels, Undone, Value
from proportrait.taste.taste import Taste

_FEWEST = 3  # labels of each class until a model is trained by itself
_NEWS = 5  # labels since the last training until the next one, at least
_NEWS_SHARE = 0.1  # likewise, of the labels
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Trained:
    """A model and the labels that it learnt from.

    Attributes:
        taste: the model, ready to be saved.
        digests: of the pictures, in the order of `ensemble.labels`.
        accuracy: share of labels that models without them predict, at the threshold; NaN where
            there are too few.
    """

    taste: Taste
    digests: tuple[str, ...]

    @property
    def ensemble(self) -> Ensemble:
        return self.taste.ensemble

    @property
    def validated(self) -> Float:
        return self.ensemble.validated

    @property
    def labels(self) -> Mask:
        return self.ensemble.labels

    @property
    def accuracy(self) -> float:
        known = np.isfinite(self.validated)
        if not known.any():
            return float("nan")
        predicted = self.validated[known] >= self.ensemble.threshold
        return float((predicted == self.labels[known]).mean())


class Session:
    """Labels, model, and predictions; threads may share it.

    Attributes:
        values: the answer that holds for each picture, by digest, the earliest first.
        trained: the model, or None.
        problem: why the last training failed, or "".
        predictions: probability of positive by picture, of the present model.
        start: chooses pictures before there is a model.
        version: grows with every change that a page could show.
    """

    def __init__(self, labels: Labels, album: Album, rows: Rows, task: str, rater: str) -> None:
        self.labels, self.album, self.rows = labels, album, rows
        self.task, self.rater = task, rater
        self.values = labels.current(task, rater)
        self.trained: Trained | None = None
        self.problem = ""
        self.predictions: dict[int, float] = {}
        self.is_training = False
        self.start = Start(rows)
        self.repeated = {digest for digest, _, _ in labels.repeats(task, rater)}
        self.version = 0
        self._training = threading.Lock()

    def answer(self, answers: list[tuple[str, Value]], kind: Kind) -> None:
        """Write answers, and let them hold.

        Raises:
            StoreError: they cannot be written.
        """
        places = {digest: self.album.place(digest) for digest, _ in answers}
        self.labels.answer(self.task, self.rater, answers, kind, places)
        for digest, value in answers:
            self.values.pop(digest, None)
            self.values[digest] = value
            if kind == Kind.REPEAT:
                self.repeated.add(digest)
        self.version += 1

    def undo(self) -> list[Undone]:
        """Take back the last key press or import; [] where there is none.

        A model most of whose labels were taken back is forgotten.
        """
        undone = self.labels.undo(self.task, self.rater)
        self.values = self.labels.current(self.task, self.rater)
        if (trained := self.trained) is not None:
            pairs = zip(trained.digests, trained.labels.tolist(), strict=True)
            stand = sum(self.values.get(digest) is label for digest, label in pairs)
            if 2 * stand < len(trained.digests):
                self.trained, self.predictions = None, {}
        self.version += 1
        return undone

    def is_labelled(self, number: int) -> bool:
        """Whether a picture has an answer, a skip included, as far as its content is known."""
        digest = self.album.digest(number)
        return digest != "" and digest in self.values

    def open_count(self) -> int:
        """How many pictures have no answer, as far as their contents are known."""
        return len(self.album) - self.album.count(list(self.values))

    def labelled(self) -> list[int]:
        """Numbers of the pictures here that are positive or negative."""
        return [
            number
            for digest, value in list(self.values.items())
            if value is not None and (number := self.album.number(digest)) is not None
        ]

    def lessons(self) -> list[tuple[str, int, bool]]:
        """Digest, number, and label of the pictures that a model can learn from now."""
        return [
            (digest, number, value)
            for digest, value in list(self.values.items())
            if value is not None
            and (number := self.album.number(digest)) is not None
            and number in self.rows
        ]

    def is_due(self) -> bool:
        """Whether there is enough news for a training."""
        lessons = {digest: value for digest, _, value in self.lessons()}
        positive = sum(lessons.values())
        if min(positive, len(lessons) - positive) < _FEWEST or self.is_training:
            return False
        before = {}
        if self.trained:
            before = dict(zip(self.trained.digests, self.trained.labels.tolist(), strict=True))
        news = len(lessons.items() ^ before.items())
        return news >= max(_NEWS, _NEWS_SHARE * len(lessons))

    def train(self) -> None:
        """Teach a model the labels whose features are known; `problem` says why it cannot be."""
        with self._training:
            self.is_training = True
            try:
                self._train()
                self.problem = ""
            except ConfigurationError as error:
                self.problem = str(error)
            finally:
                self.is_training = False
                self.version += 1

    def _train(self) -> None:
        lessons = self.lessons()
        if not lessons:
            raise ConfigurationError(
                "no labelled picture has its features yet: wait until they are computed, or label "
                "some pictures"
            )
        digests, numbers, wanted = zip(*lessons, strict=True)
        paths = tuple(self.album.paths[number] for number in numbers)
        features = Features(paths, self.rows.values(numbers), column_names(DEFAULT), {})
        self.trained = Trained(Taste.learn(features, wanted, DEFAULT), digests)
        self.predictions = {}
        if np.isfinite(accuracy := self.trained.accuracy):
            self.labels.put_training(self.task, self.rater, len(lessons), accuracy)
        _log.info("task %s: trained on %d labels", self.task, len(lessons))

    def predict(self) -> bool:
        """Predict pictures that have features and no prediction yet; whether all are done.

        It ends early where another model was trained meanwhile.
        """
        trained, predictions = self.trained, self.predictions
        if trained is None:
            return True
        if len(predictions) >= len(self.rows):
            return True
        for numbers, values in self.rows.blocks():
            if self.trained is not trained:
                return False
            new = [place for place, number in enumerate(numbers) if number not in predictions]
            if new:
                likely = trained.ensemble.probabilities(values[new])
                predictions.update(
                    (numbers[place], float(value)) for place, value in zip(new, likely, strict=True)
                )
                self.version += 1
        return True

    def mistakes(self) -> list[tuple[int, float]]:
        """Pictures whose label is a likely mistake, the likeliest first, with what is expected."""
        if self.trained is None:
            return []
        rows = suspects(self.trained.ensemble, self.trained.labels)
        pairs = []
        for row in rows:
            digest = self.trained.digests[row]
            number = self.album.number(digest)
            still = self.values.get(digest) is bool(self.trained.labels[row])
            if number is not None and still:
                pairs.append((number, float(self.trained.validated[row])))
        return pairs
