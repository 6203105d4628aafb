"""Photoreal portraits of people who do not exist, from a seed, with no network."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from proportrait.edit.directions import presentable
from proportrait.edit.stylegan import FaceSynthesizer, shared_synthesizer
from proportrait.generate.base import Portrait, SourceItem

SOURCE = "stylegan:mobile-ffhq/"  # of every source_id; the seed follows
SEEDS_PER_RUN = 10_000_000  # runs with different seeds show different people
_AT_ONCE = 64  # seeds; drawing their styles one by one would take five times as long


@dataclass(frozen=True)
class StyleganItem:
    """One face of the built-in source; `latent_seed` is all that it is made from."""

    latent_seed: int

    @property
    def source_id(self) -> str:
        """The network and the seed, so that the same face is the same source everywhere."""
        return f"{SOURCE}{self.latent_seed}"

    @property
    def stem(self) -> str:
        """Start of its file names."""
        return f"stylegan_{self.latent_seed:08d}"

    @property
    def filename(self) -> str:
        """A name for the record."""
        return f"{self.latent_seed}.stylegan"

    def open(self) -> Portrait:
        """Render the network's own tight crop, (1024, 1024, 3)."""
        synthesizer = shared_synthesizer()
        return Portrait(self.source_id, synthesizer.portrait(synthesizer.style(self.latent_seed)))


class StyleganSource:
    """An endless stream of faces; the seed of the run chooses where it starts.

    Seeds are taken in order, starting at `seed * SEEDS_PER_RUN`. About every second is passed over,
    told by the style alone before anything is drawn: faces turned far to a side, children, and hard
    light.
    """

    name = "stylegan"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def __iter__(self) -> Iterator[SourceItem]:
        # Only its small mapping network is used here, and the caller waits for it.
        synthesizer = FaceSynthesizer(threads=os.cpu_count() or 1)
        for start in itertools.count(self.seed * SEEDS_PER_RUN, _AT_ONCE):
            seeds = range(start, start + _AT_ONCE)
            for place in np.flatnonzero(presentable(synthesizer.styles(seeds))):
                yield StyleganItem(start + int(place))
