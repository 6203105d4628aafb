"""Whether explanations point at what spoke against a picture.

    python -m benchmarks.advice.explanations DIR [--limit N]

DIR is a folder of the offline generator, whose records tell what was made bad. Two games, of every
attribute that failed and was made bad:

deletion: the hottest tenth of the picture is painted over from its surroundings (Telea's
inpainting), then the same shape at another place. How much does the probability of good rise? In
how many pictures does it rise more than by the other place?

pointing: does the hottest place lie where the fault was planted: background beside the person,
expression, lighting, and sharpness on the face, attire on the person below the chin? Beside it the
share of the picture that this region takes, which is what a blind finger hits.

Ends with 1 if a map of the network or of a measure does not beat the other place, or the blind
finger.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from proportrait.arrays import Float, Image, Mask
from proportrait.commandline import exit_code
from proportrait.explanations import Explanation, explain
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS
from proportrait.measures import Subject
from proportrait.score import PACKAGED, Scorer
from proportrait.store import RecordStore

SHARE = 0.1  # of the picture that is painted over
_SMALL = 256  # px of the longer side while painting
_RADIUS = 5  # px of inpainting
_TRIES = 2  # other places, of which the mean counts


class Trial(NamedTuple):
    """One attribute of one picture.

    Attributes:
        key: of the attribute.
        source: of the map.
        rise, blind: of the probability of good, when the hottest tenth is painted over, and when
            other places of its shape are.
        hit: whether the hottest place lies in the region of the fault; None without a region.
        share: of the picture that the region takes.
    """

    key: str
    source: str
    rise: float
    blind: float
    hit: bool | None
    share: float


def hottest(heat: Float, share: float = SHARE) -> Mask:
    """The places (h, w) of the greatest values that make up a share of a map."""
    count = max(1, round(share * heat.size))
    mask = np.zeros(heat.size, bool)
    mask[np.argsort(heat, axis=None, kind="stable")[-count:]] = True
    return mask.reshape(heat.shape)


def painted(image: Image, mask: Mask) -> Image:
    """A picture (H, W, 3) of which a small mask (h, w) is filled from its surroundings."""
    height, width = image.shape[:2]
    scale = _SMALL / max(height, width)
    small = cv2.resize(image, (round(width * scale), round(height * scale)),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    area = cv2.resize(mask.astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.inpaint(small, area, _RADIUS, cv2.INPAINT_TELEA)
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    weight = cv2.resize(area.astype(np.float32), (width, height))[..., None]
    return np.asarray((image * (1 - weight) + large * weight).round(), np.uint8)


def shifted(mask: Mask, generator: np.random.Generator) -> Mask:
    """The same shape at another place, around the border."""
    height, width = mask.shape
    down, right = generator.integers(height // 4, height), generator.integers(width // 4, width)
    return np.roll(mask, (int(down), int(right)), (0, 1))


def regions(subject: Subject, size: tuple[int, int]) -> dict[str, Mask]:
    """Where a fault of an attribute lies, by its key: (h, w)."""
    height, width = size
    person = cv2.resize(subject.mask, (width, height), interpolation=cv2.INTER_AREA) > 0.5
    x0, y0, x1, y1 = subject.face.box(*subject.image.shape[1::-1])
    y, x = (np.arange(height)[:, None] + 0.5) / height, (np.arange(width) + 0.5) / width
    face = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    return {
        "background": ~person, "attire": person & (y > y1), "lighting": face, "expression": face,
        "sharpness": face,
    }  # fmt: skip


def trials(
    explanation: Explanation, bad: Sequence[str], scorer: Scorer, seed: int
) -> Iterator[Trial]:
    """The trials of one picture: the map of each attribute that failed, and that of the network.

    Args:
        bad: the keys of what was made bad.
        seed: of the other places.
    """
    picture, score = explanation.picture, explanation.score
    subject = Subject(picture, shared_analyzer())
    generator = np.random.default_rng(seed)

    def probability(mask: Mask, key: str) -> float:
        after = scorer.image(painted(picture, mask)).probabilities.get(key)
        return 0.0 if after is None else after  # of no face nobody can tell: that is no rise

    for key in (key for key in bad if key in explanation.heat):
        heat, before = explanation.heat[key], score.probabilities[key] or 0.0
        maps = {heat.source: heat.map}
        if explanation.log_odds is not None:
            maps["network"] = -explanation.log_odds[KEYS.index(key)]
        region = regions(subject, heat.map.shape).get(key)
        for source, values in maps.items():
            mask = hottest(values)
            rise = probability(mask, key) - before
            others = [probability(shifted(mask, generator), key) for _ in range(_TRIES)]
            place = np.unravel_index(values.argmax(), values.shape)
            yield Trial(
                key, source, rise, float(np.mean(others)) - before,
                None if region is None else bool(region[place]),
                0.0 if region is None else float(region.mean()),
            )  # fmt: skip


def report(every: Sequence[Trial]) -> tuple[list[str], bool]:
    """Lines of a table, and whether both kinds of maps beat chance in both games."""
    groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in every:
        groups[trial.source, trial.key].append(trial)
        groups[trial.source, "all"].append(trial)
    lines = [
        f"{'map':<9}{'attribute':<12}{'n':>4}{'rise':>8}{'elsewhere':>11}{'more':>6}"
        f"{'points':>8}{'blind':>7}"
    ]
    passed = True
    for source in ("measure", "network"):
        for key in (*KEYS, "all"):
            if not (group := groups[source, key]):
                continue
            rise, blind = (np.mean([getattr(t, n) for t in group]) for n in ("rise", "blind"))
            more = np.mean([trial.rise > trial.blind for trial in group])
            pointed = [trial for trial in group if trial.hit is not None]
            hits = np.mean([trial.hit for trial in pointed]) if pointed else np.nan
            share = np.mean([trial.share for trial in pointed]) if pointed else np.nan
            lines.append(
                f"{source:<9}{key:<12}{len(group):>4}{rise:>+8.3f}{blind:>+11.3f}{more:>6.0%}"
                f"{hits:>8.0%}{share:>7.0%}"
            )
            passed &= key != "all" or bool(rise > blind and not hits <= share)
    return lines, passed


def measured(folder: Path, scorer: Scorer, limit: int | None) -> Iterator[Trial]:
    """The trials of a folder."""
    records = sorted(RecordStore(folder).records(), key=lambda record: record.output_filename)
    step = max(1, len(records) // (limit or len(records)))  # neighbours show the same person
    for number, record in enumerate(tqdm(records[::step][:limit], unit="picture", leave=False)):
        bad = [key for key in KEYS if record.known[key] and not record.labels[key]]
        path = folder / "images" / record.output_filename
        if bad:
            yield from trials(explain(path, scorer), bad, scorer, number)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 where a map does not beat chance, or 2 where the folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.advice.explanations", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--limit", type=int, metavar="N", help="pictures (default: all)")
    parser.add_argument("--model", default=PACKAGED, metavar="FILE")
    options = parser.parse_args(argv)

    def call() -> int:
        scorer = Scorer(options.model)
        lines, passed = report(list(measured(options.folder, scorer, options.limit)))
        print("\n".join(lines))
        return int(not passed)

    return exit_code(call)


if __name__ == "__main__":
    sys.exit(main())
