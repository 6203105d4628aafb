"""results/ and visuals/ from a real model: `make results`, or

    python -m benchmarks.results --model FILE --images DIR [--learn_from PHOTOS] [--rated DIR2] ...

The test pictures are those of the model's own split of DIR, which it says in the file; DIR and
PHOTOS must be what it was trained on (their fingerprint is compared). DIR2 holds rated portraits
that nobody here made (images/ and labels.csv), FILE2 is what `labels.journey` wrote. Beside each
number stand the conditions that it was measured under.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.commandline import exit_code
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.model.calibration import Calibration
from proportrait.model.saved import load, packaged
from proportrait.train import plots
from proportrait.train.data import Pictures, from_generator, split
from proportrait.train.evaluate import Predictions, breakdown, judge
from proportrait.train.metrics import Report


def collect(
    model_file: Path,
    images: Sequence[Path],
    photos: Sequence[Path],
    rated: Sequence[Path],
    journey: Path | None,
    visuals: Path,
) -> dict[str, Any]:
    """All figures, JSON-ready; draws the pictures on the way."""
    model = load(model_file)
    settings = model.about["settings"]
    whole = Pictures.from_folders(images)
    parts = split(whole, settings["split"], settings["seed"])
    every = parts.whole + parts.others(photos)
    if every.fingerprint() != model.about["data"]["fingerprint"]:
        raise ConfigurationError(
            f"{model_file} was trained on other data than "
            f"{', '.join(map(str, (*images, *photos)))}: its test pictures cannot be told apart "
            f"from those that it has learnt (photographs are named by --learn_from)"
        )
    both = judge(model, parts.test)
    tests = {kind: both[numbers] for kind, numbers in _kinds(both.pictures).items()}
    reports = {f"{kind} of other people": test.report() for kind, test in tests.items()}
    tested = ", ".join(f"{found.pictures} {name}" for name, found in reports.items())
    conditions = (
        f"{model.about['backbone']}, learnt from {len(parts.train)} offline pictures and "
        f"{model.about['data']['photos']} photographs; test: {tested}; "
        f"{platform.machine()}, torch {version('torch')}"
    )
    data: dict[str, Any] = {
        "conditions": conditions,
        "model": {
            key: model.about[key] for key in ("backbone", "weights", "settings", "data", "time")
        },
        "sets": {},
    }
    for folder in rated:
        name = f"{folder.name}, not made here"
        tests[name] = judge(model, Pictures.from_folder(folder))
        reports[name] = tests[name].report()
    for (name, found), test in zip(reports.items(), tests.values(), strict=True):
        data["sets"][name] = found.to_json() | {
            "groups": {group: part.to_json() for group, part in breakdown(test).items()},
            "calibration_error": test.calibration_errors(),
        }
    if journey:
        data["journey"] = json.loads(journey.read_text(encoding="utf-8"))

    visuals.mkdir(exist_ok=True)
    before = Predictions.from_logits(both.pictures, both.logits, Calibration())
    drawn = {
        "per_attribute_accuracy": plots.attribute_accuracy(reports),
        "confusion": plots.confusion(both.report()),
        "reliability": plots.reliability(before, both),
        "training_curves": plots.training_curves(model.about["history"]),
        "dataset_composition": plots.composition(whole),
        "label_distribution": plots.label_distribution(whole),
        "training_parameters": plots.parameters(settings),
        "summary_card": plots.summary_card(_card(reports)),
    }
    captions = dict.fromkeys(drawn, conditions)
    if journey:
        walked = data["journey"]
        drawn["improvement_journey"] = plots.journey(walked["rows"])
        captions["improvement_journey"] = (
            f"{walked['settings']['backbone']}, {walked['settings']['epochs']} epochs at "
            f"{walked['settings']['size']} px; judged on {walked['test_pictures']} pictures of "
            f"{walked['test_people']} other people, true labels"
        )
    for name, figure in drawn.items():
        plots.conditions(figure, captions[name]).savefig(visuals / f"{name}.png")
    for key in KEYS:
        plots.good_and_bad(parts.test, key).save(visuals / f"good_and_bad_{key}.png")
    return data


def _kinds(pictures: Pictures) -> dict[str, npt.NDArray[np.intp]]:
    """Numbers of the pictures that we made, and of those whose labels raters gave."""
    ours = from_generator(pictures.paths)
    kinds = {"made pictures": np.flatnonzero(ours), "rated faces": np.flatnonzero(~ours)}
    return {kind: numbers for kind, numbers in kinds.items() if len(numbers)}


def write(data: dict[str, Any], folder: Path) -> None:
    """experiment_results.json, and .csv with a line for each attribute of each set."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(data, indent=2) + "\n"
    (folder / "experiment_results.json").write_text(text, encoding="utf-8")
    names = ("accuracy", "balanced_accuracy", "f1", "auc")
    with (folder / "experiment_results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["set", "attribute", "good", "bad"]
            + [f"{n}{e}" for n in names for e in ("", "_low", "_high")]
        )
        for set_name, found in data["sets"].items():
            for key, row in found["attributes"].items():
                cells = [row[name][part] for name in names for part in ("value", "low", "high")]
                writer.writerow([set_name, key, row["good"], row["bad"], *cells])
            for name in ("overall", "exact_match", "macro_f1", "mean_balanced_accuracy"):
                value = found[name]
                writer.writerow(
                    [set_name, name, "", "", value["value"], value["low"], value["high"]]
                )


def _card(reports: dict[str, Report]) -> list[tuple[str, str]]:
    lines = []
    for name, found in reports.items():
        lines += [
            (f"{name}: bits that are right", f"{found.overall.value:.1%}"),
            (f"{name}: all known bits right", f"{found.exact_match.value:.1%}"),
            (f"{name}: balanced accuracy", f"{found.mean_balanced_accuracy.value:.1%}"),
        ]
    return [*lines, ("cost of a picture", "$0")]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 if the model has learnt from other data."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.results", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    # fmt: off
    add = parser.add_argument
    add("--model", type=Path, default=packaged(), metavar="FILE", help="default: the packaged one")
    add("--images", type=Path, action="append", required=True, metavar="DIR", help="its data")
    add("--learn_from", type=Path, action="append", default=[], metavar="PHOTOS",
        help="the photographs that taught its last step, as given to `proportrait train`")
    add("--rated", type=Path, action="append", default=[], metavar="DIR2")
    add("--journey", type=Path, metavar="FILE2")
    add("--output", type=Path, default=Path("results"), metavar="DIR3")
    add("--visuals", type=Path, default=Path("visuals"), metavar="DIR4")
    # fmt: on
    options = parser.parse_args(argv)

    def work() -> int:
        data = collect(
            options.model, options.images, options.learn_from, options.rated, options.journey,
            options.visuals,
        )  # fmt: skip
        write(data, options.output)
        print(f"written to {options.output} and {options.visuals}")
        return 0

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
