"""Photoreal portraits of people who do not exist, from a seed, with no network."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Float
from proportrait.edit.synthesis.directions import presentable
from proportrait.edit.synthesis.network import FaceSynthesizer, shared_synthesizer
from proportrait.edit.synthesis.traits import COMPLEXIONS, People
from proportrait.generate.base import Portrait, SourceItem
from proportrait.generate.sources.names import SKIN_TONES
from proportrait.store.licence import BUILT_IN

SOURCE = BUILT_IN  # the seed follows
SEEDS_PER_RUN = 10_000_000  # runs with different seeds show different people
_CHECKED = 8  # faces that tell whether a folder was begun with the same skin tones
_AT_ONCE = 64  # seeds; drawing their styles one by one would take five times as long


@dataclass(frozen=True)
class StyleganItem:
    """One face of the built-in source; `latent_seed` is all that it is made from."""

    latent_seed: int

    @classmethod
    def from_source_id(cls, source_id: str) -> StyleganItem | None:
        """The face of that name; None for any other source."""
        number = source_id.removeprefix(SOURCE)
        item = cls(int(number)) if number.isdecimal() else None
        return item if item is not None and item.source_id == source_id else None

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
    by its style alone, before anything is drawn: faces turned far to a side, children, hard light.

    Args:
        seed: of the run.
        skin_tones: "natural" takes faces as FFHQ has them, of which one in 170 is dark; "even"
            passes over more of them, so that light, tan, and dark ones take turns.
    """

    name = "stylegan"

    def __init__(self, seed: int = 0, skin_tones: str = "natural") -> None:
        """
        Raises:
            ValueError: `skin_tones` is none of `SKIN_TONES`.
        """
        if skin_tones not in SKIN_TONES:
            raise ValueError(f"skin_tones is {' or '.join(SKIN_TONES)}, not {skin_tones!r}")
        self.seed, self.skin_tones = seed, skin_tones

    def __iter__(self) -> Iterator[SourceItem]:
        # Only its small mapping network is used here, and the caller waits for it.
        synthesizer = FaceSynthesizer(threads=os.cpu_count() or 1)
        blocks = self._presentable(synthesizer)
        if self.skin_tones == "natural":
            for seeds, _ in blocks:
                yield from map(StyleganItem, seeds)
        people = People(synthesizer)
        waiting = [deque[int](maxlen=_AT_ONCE) for _ in COMPLEXIONS]
        for turn in itertools.cycle(waiting):
            while not turn:
                seeds, styles = next(blocks)
                complexions = people.traits(styles)["complexion"]
                bands = (complexions[:, None] >= [least for _, least in COMPLEXIONS]).argmax(1)
                for seed, band in zip(seeds, bands, strict=True):
                    waiting[band].append(seed)
            yield StyleganItem(turn.popleft())

    def continues(self, source_ids: Iterable[str]) -> bool:
        """Whether faces that earlier runs with this seed took are those that this one takes first.

        Natural faces are taken in the order of their seeds; even ones have few of the first. One
        that is missing, as after a run that was killed, changes nothing.
        """
        start = self.seed * SEEDS_PER_RUN
        items = filter(None, map(StyleganItem.from_source_id, source_ids))
        known = {i.source_id for i in items if 0 <= i.latent_seed - start < SEEDS_PER_RUN}
        checked = min(_CHECKED, len(known))

        def count(skin_tones: str) -> int:
            first = itertools.islice(StyleganSource(self.seed, skin_tones), checked)
            return len({item.source_id for item in first} & known)

        if not known:
            return True
        natural = count("natural")
        if self.skin_tones == "natural":
            return 2 * natural > checked or natural >= count("even")
        # A few faces may be the first of both; many natural ones hold the first even ones too.
        return 2 * natural <= checked or (len(known) <= _CHECKED and natural <= count("even"))

    def _presentable(self, synthesizer: FaceSynthesizer) -> Iterator[tuple[list[int], Float]]:
        """Seeds that are not passed over and their styles (n, 512), some at a time, without end."""
        for start in itertools.count(self.seed * SEEDS_PER_RUN, _AT_ONCE):
            styles = synthesizer.styles(range(start, start + _AT_ONCE))
            fit = np.flatnonzero(presentable(styles))
            yield (start + fit).tolist(), styles[fit]
