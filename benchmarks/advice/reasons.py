"""Whether the first reason of a verdict names the fault that the editor planted.

    python -m benchmarks.advice.reasons DIR [--model FILE]

DIR is a folder of the offline generator, whose records tell how each bad bit was made. Of every bad
bit that the model calls bad the first reason has to be one that this kind of fault may show as; of
a face off the centre its number has to lie within `NEAR` of where the editor put it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from proportrait.advice import Reason
from proportrait.commandline import exit_code
from proportrait.labels import KEYS
from proportrait.score import PACKAGED, Score, Scorer
from proportrait.store import RecordStore
from proportrait.store.records import Record

NEAR = 0.15  # of the parameter
_UNEVEN = ("SideLight", "IlluminationUniformity", "DiffuseContrast", "SkinContrast", "ShadowEdges")
_DARK = ("LuminanceMean", "SkinHighlight", "UnderExposurePrevention", "WhiteLevel")
_BRIGHT = (
    "LuminanceMean", "SkinHighlight", "OverExposurePrevention", "BlownHighlights", "NoseLight",
)  # fmt: skip
_COLOUR = ("SkinRedness", "SkinYellowness", "ColourSpread")
_OPEN = ("MouthOpenBeyondSmile", "MouthCavity", "MouthClosed")
_SHUT = ("EyeOpenness", "EyesOpen", "EyeAsymmetry")
_STERN = ("Agitation", "BrowHeight", "MouthCornerHeight", "MouthAsymmetry")
_BLURRED = (
    "EyeDetail", "EyeContours", "ViewedEyeContours", "ViewedDetail", "ViewedEdges", "Sharpness",
    "DirectionalBlur",
)  # fmt: skip
_COARSE = ("CompressionArtifacts", "RepeatedPixels", "FaceResolution")
# By attribute and kind: the measures that it may show as; "" is a reason of the model alone.
SHOWS: dict[str, dict[str, tuple[str, ...]]] = {
    "lighting": {
        "side_left": _UNEVEN, "side_right": _UNEVEN, "dark": _DARK, "evening": (*_DARK, *_COLOUR),
        "tungsten": (*_COLOUR, *_UNEVEN), "fluorescent": _COLOUR, "stage": (*_COLOUR, *_UNEVEN),
        "over": _BRIGHT, "flash": _BRIGHT, "under": ("TopLight", *_UNEVEN),
        "top": ("TopLight", "WhiteLevel", *_UNEVEN), "back": ("BackLight", *_DARK),
    },
    "attire": {"": ("",)},
    "background": {"": (
        "BackgroundClutter", "BackgroundSpots", "BackgroundUniformity", "BackgroundEntropy",
        "OtherSkin", "SingleFacePresent",
    )},
    "expression": {
        "eyes_shut": _SHUT, "laugh_eyes_shut": (*_SHUT, *_OPEN), "laugh": _OPEN,
        "surprise": (*_OPEN, "Agitation"), "scream": (*_OPEN, *_SHUT, "Agitation"),
        "shout": (*_OPEN, "Agitation"), "scowl": _STERN, "disgust": _STERN,
    },
    "framing": {
        "close_up": ("HeadSize", "HeadCutAtTheTop", "MarginBelowOfTheFaceImage", "ChinCut",
                     "MarginAboveOfTheFaceImage"),
        "head_cut": ("HeadCutAtTheTop", "MarginAboveOfTheFaceImage", "VerticalOffset", "HeadSize"),
        "too_far": ("HeadSize",), "off_centre_left": ("HorizontalOffset",),
        "off_centre_right": ("HorizontalOffset",),
        "off_centre_low": ("VerticalOffset", "MarginBelowOfTheFaceImage"),
    },
    "sharpness": {
        "gaussian": _BLURRED, "defocus": _BLURRED, "motion": _BLURRED,
        "jpeg": (*_COARSE, *_BLURRED), "low_resolution": (*_COARSE, *_BLURRED),
    },
}  # fmt: skip


def first_reasons(record: Record, score: Score) -> Iterator[tuple[str, str, Reason]]:
    """Attribute, kind of the fault, and first reason of every planted fault that failed."""
    for key in KEYS:
        if record.labels[key] or not record.known[key] or score.verdicts.get(key) != 0:
            continue
        kind = str(record.edits.get(key, {}).get("kind", ""))
        yield key, kind, next(reason for reason in score.reasons if reason.attribute == key)


def is_named(key: str, kind: str, reason: Reason) -> bool:
    """Whether a reason is one that the kind of fault may show as."""
    kinds = SHOWS[key]
    return reason.measure.rpartition(".")[2] in kinds.get(kind, kinds.get("", ()))


def offset_error(record: Record, reason: Reason) -> float | None:
    """By what share the number of a face off the centre misses the editor's; None for others."""
    if reason.measure != "framing.HorizontalOffset" or reason.value is None:
        return None
    x = float(record.edits["framing"]["x"]) - 0.5
    return abs(reason.value - x) / abs(x)


def report(folder: Path, model: str) -> None:
    """Print the table."""
    named: Counter[tuple[str, str]] = Counter()
    planted: Counter[tuple[str, str]] = Counter()
    missed: Counter[str] = Counter()
    errors: list[float] = []
    records = {record.output_filename: record for record in RecordStore(folder).records()}
    paths = [folder / "images" / name for name in sorted(records)]
    for score in Scorer(model).files(paths, workers=None):
        record = records[Path(score.path).name]
        for key, kind, reason in first_reasons(record, score):
            planted[key, kind] += 1
            named[key, kind] += is_named(key, kind, reason)
            if not is_named(key, kind, reason):
                missed[f"{key} {kind}: {reason.measure or reason.text}"] += 1
            if (error := offset_error(record, reason)) is not None:
                errors.append(error)
    print(f"{'attribute':<12}{'planted faults':>16}{'named first':>14}")
    for key in KEYS:
        total = sum(count for (name, _), count in planted.items() if name == key)
        right = sum(count for (name, _), count in named.items() if name == key)
        print(f"{key:<12}{total:>16}{right:>8} {right / max(total, 1):5.0%}")
    total, right = planted.total(), named.total()
    print(f"{'all':<12}{total:>16}{right:>8} {right / max(total, 1):5.0%}")
    for what, count in missed.most_common(12):
        print(f"  missed {count} x {what}")
    near = sum(error <= NEAR for error in errors)
    print(f"offsets within {NEAR:.0%} of the editor's: {near} of {len(errors)}")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where the folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.advice.reasons", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--model", default=PACKAGED, metavar="FILE")
    options = parser.parse_args(argv)

    def call() -> int:
        report(options.folder, options.model)
        return 0

    return exit_code(call)


if __name__ == "__main__":
    sys.exit(main())
