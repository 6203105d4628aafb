"""How often `proportrait score --fix` cures bad framing, and what it costs.

    python -m benchmarks.advice.fix DIR [--smallest PX] [--pairs DIR2]

DIR holds photos, with a labels.csv or without. Of those that are badly framed, by the raters where
there are any and else by the model, every crop is counted: made or refused and why, framing good
after by the model and by the measures, other verdicts lost. The share of cured ones is of all that
the model too calls badly framed and that have room and pixels enough: a crop refused because it
would be worse, or still badly framed, counts as a failure. --pairs writes the photos beside their
crops, to be looked at. Ends with 1 if fewer than 90 % are cured, or more than 2 % lose another
verdict.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.faces import shared_analyzer
from proportrait.fixes import ASPECTS, SMALLEST, Fix, fix
from proportrait.labels import KEYS
from proportrait.measures import Subject, assess, framing
from proportrait.score import Score, Scorer
from proportrait.train.data import TABLE, Pictures

CURED, LOST = 0.9, 0.02  # bars
_FAULTS = ("a crop would be worse", "no crop makes the framing good")
_TILE, _ROWS = 360, 6  # px of a picture, and rows of a page, of --pairs


def badly_framed(folder: Path, scorer: Scorer) -> list[Score]:
    """The scores of the photos that are badly framed, by labels.csv or else by the model."""
    if (folder / TABLE).is_file():
        pictures, place = Pictures.from_folder(folder), KEYS.index("framing")
        bad = pictures.known[:, place] & (pictures.labels[:, place] == 0)
        return list(tqdm(scorer.files(pictures.paths[bad].tolist()), desc="judging", leave=False))
    scores = tqdm(scorer.files(folder), desc="judging", leave=False)
    return [score for score in scores if score.error is None and not score.verdicts["framing"]]


def report(fixes: Sequence[Fix]) -> tuple[list[str], float, float]:
    """Lines about the crops of one form, the share of the cured, and that of lost verdicts."""
    made = [entry for entry in fixes if entry.after]
    bad = [entry for entry in fixes if entry.before.verdicts.get("framing") != 1]
    refused = Counter(re.sub(r"\d+", "N", entry.reason) for entry in fixes if entry.reason)
    possible = sum(bool(entry.after) or entry.reason.startswith(_FAULTS) for entry in bad)
    good = sum(bool(entry.after and entry.after.verdicts["framing"]) for entry in bad)
    measured = sum(_well_framed(entry) for entry in made)
    lost = sum(bool(_lost(entry)) for entry in made)
    cured, spoilt = good / max(possible, 1), lost / max(len(made), 1)
    lines = [
        f"{len(made)} crops of {len(fixes)} photos",
        *(f"  {number:4d} refused: {reason}" for reason, number in refused.most_common()),
        f"  bad by the model too: {len(bad)}; with room and pixels enough {possible}, of which "
        f"{good} become good: {cured:.3f} (bar {CURED})",
        f"  framing good by the measures after: {measured} of {len(made)}",
        f"  another verdict lost: {lost} of {len(made)} (bar {LOST})",
        f"  turned: {sum(bool(entry.window and entry.window.angle) for entry in made)}; "
        f"levelled: {sum(bool(entry.levels) for entry in made)}",
    ]
    return lines, cured, spoilt


def _lost(entry: Fix) -> list[str]:
    """Keys of the other verdicts that were good before and are not after."""
    if entry.after is None:
        return []
    before, after = entry.before.verdicts, entry.after.verdicts
    return [key for key in KEYS if key != "framing" and before[key] == 1 and after[key] != 1]


def _well_framed(entry: Fix) -> bool:
    if entry.image is None:
        return False
    score = assess(Subject(entry.image, shared_analyzer()), ("framing",))["framing"]
    return isinstance(score, float) and score >= framing.LIMIT


def pages(rows: Sequence[Sequence[Fix]]) -> Iterator[Image]:
    """Photos beside their crops, or beside why there is none."""
    for start in range(0, len(rows), _ROWS):
        yield np.concatenate([_row(fixes) for fixes in rows[start : start + _ROWS]])


def _row(fixes: Sequence[Fix]) -> Image:
    path = fixes[0].before.path
    tiles = [_tile(imaging.read(path), [Path(path).name, _marks(fixes[0].before)])]
    for entry in fixes:
        if entry.image is None or entry.after is None:
            words = [entry.reason[i : i + 44] for i in range(0, len(entry.reason), 44)]
            tiles.append(_tile(np.full((_TILE, _TILE, 3), 225, np.uint8), words))
        else:
            done = "; ".join(entry.actions)
            tiles.append(_tile(entry.image, [_marks(entry.after), done[:44], done[44:88]]))
    return np.concatenate(tiles, 1)


def _tile(image: Image, lines: Sequence[str]) -> Image:
    scale = _TILE / max(image.shape)
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    tile = np.full((_TILE + 48, _TILE, 3), 255, np.uint8)
    tile[:height, :width] = imaging.resize(image, (width, height))
    for place, line in enumerate(lines[:3]):
        at = (4, _TILE + 12 + 15 * place)
        cv2.putText(tile, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def _marks(score: Score) -> str:
    return f"{score.overall}: " + " ".join(f"{key[:2]}{score.marks[key]}" for key in KEYS)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.advice.fix", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "--smallest", type=int, default=SMALLEST, metavar="PX", help="of a crop's shorter side"
    )
    parser.add_argument("--pairs", type=Path, metavar="DIR2", help="folder for pages of pairs")
    options = parser.parse_args(argv)
    scorer = Scorer()
    scores = badly_framed(options.folder, scorer)
    rows = [
        fix(score.path, scorer, before=score, smallest=options.smallest)
        for score in tqdm(scores, desc="fixing", leave=False)
    ]
    print(f"{len(rows)} badly framed photos; crops of at least {options.smallest} px")
    is_missed = False
    for place, aspect in enumerate(ASPECTS):
        lines, cured, lost = report([row[place] for row in rows])
        print(f"{aspect.name}: " + "\n".join(lines))
        is_missed |= cured < CURED or lost > LOST
    if options.pairs:
        options.pairs.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(pages(rows)):
            (options.pairs / f"pairs_{number:02d}.png").write_bytes(imaging.encode_png(page))
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
