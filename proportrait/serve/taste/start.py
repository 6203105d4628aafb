"""What is asked before there is a model: pictures that are typical of many others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from proportrait.serve.taste.rows import Rows
from proportrait.taste.choose import first_batch
from proportrait.taste.features import DEFAULT, column_names
from proportrait.taste.space import Space

FEWEST = 16  # pictures with features until some are typical
_CLUSTERS = 8  # kinds of pictures, at first
_MOST = 64  # kinds; with so many answers there is a model, or chance does as well
_SAMPLE = 128  # pictures that are compared: more take longer than a key press


class Start:
    """The centres of clusters, that of the largest first, and finer clusters when all are asked.

    Args:
        rows: features of the pictures, which grow meanwhile.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._numbers: list[int] = []
        self._clusters, self._known = _CLUSTERS, 0

    @property
    def is_ready(self) -> bool:
        """Whether features of enough pictures are known."""
        return len(self._rows) >= FEWEST

    def next(self, is_open: Callable[[int], bool], rng: np.random.Generator) -> int | None:
        """The number of a typical picture that is open; None where there is none to tell.

        Args:
            is_open: whether a picture may be asked.
            rng: of chance.
        """
        if not self.is_ready:
            return None
        if len(self._rows) >= 2 * self._known:  # what is typical of twice as many may differ
            self._choose(rng)
        while True:
            for number in self._numbers:
                if is_open(number):
                    return number
            if self._clusters == _MOST:
                return None
            self._clusters *= 2
            self._choose(rng)

    def _choose(self, rng: np.random.Generator) -> None:
        numbers = rng.permutation(self._rows.numbers())[:_SAMPLE].tolist()
        values = self._rows.values(numbers)
        space = Space.fit(values, column_names(DEFAULT))
        places = first_batch(space, values, rng, min(self._clusters, len(numbers)))
        self._numbers = [numbers[place] for place in places]
        self._known = len(self._rows)
