"""results/ and visuals/ of a model: `make results`, or

    python -m benchmarks.results --made DIR ... [--real DIR2 ...] [--rated DIR3 ...]

DIR are folders of the generator, DIR2 real photographs, DIR3 rated portraits of other generators
(both with a labels.csv, for measuring only). Pictures of people or sites that the model has learnt
from are left out, so that the model's own data may be named: its test people remain. Photographs
that it has learnt from (their SHA-256 stand in photos.csv beside it) are refused. Of photographs
there are figures alone, no picture and no name. FILE2 is what `labels.journey` wrote.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import platform
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.card import MADE, PUBLISHED, REAL, counts, summary_card
from proportrait.commandline import exit_code
from proportrait.errors import ConfigurationError
from proportrait.model.saved import Headshot, load, packaged
from proportrait.train import plots
from proportrait.train.card import PHOTOS, list_photos
from proportrait.train.data import Pictures
from proportrait.train.evaluate import Predictions, breakdown, judge, strangers

TABLE = "experiment_results.csv"
_PUBLISHED = "published system, its own portraits"
_ATTRIBUTE = ("accuracy", "balanced_accuracy", "recall_good", "recall_bad", "f1", "auc")
_ENDS = ("value", "low", "high")
COLUMNS = ("set", "attribute", "figure", *_ENDS, "pictures", "good", "bad", "unknown")
_WHOLE = ("overall", "exact_match", "macro_f1", "mean_balanced_accuracy")


def predict(
    model_file: Path, made: Sequence[Path], real: Sequence[Path] = (), rated: Sequence[Path] = ()
) -> tuple[Headshot, dict[str, Predictions]]:
    """The model, and what it says of each set by its name; each folder of `rated` is a set.

    Raises:
        ConfigurationError: the model has learnt from some of the photographs, or from everybody in
            a set, or its list of photographs is missing.
    """
    model = load(model_file)
    refuse_learnt(model, model_file.with_name(PHOTOS), [*real, *rated])
    folders: dict[str, Sequence[Path]] = {MADE: made, REAL: real}
    folders |= {f"{folder.name}, not made here": [folder] for folder in rated}
    sets = {}
    for name, places in folders.items():
        if places:
            pictures = Pictures.from_folders(places)
            others = strangers(model, pictures)
            if left_out := len(pictures) - len(others):
                print(f"{name}: left out {left_out} of {len(pictures)}, of people or sites that "
                      f"the model has learnt from", file=sys.stderr)  # fmt: skip
            sets[name] = judge(model, others)
    return model, sets


def refuse_learnt(model: Headshot, table: Path, folders: Sequence[Path]) -> None:
    """Raise where a labelled folder holds photographs of `table`, which the model has learnt from.

    Raises:
        ConfigurationError: so it is, or the table is missing.
    """
    if not folders or not model.about["data"].get("photos"):
        return
    if not table.is_file():
        raise ConfigurationError(
            f"there is no {table}: without it nobody can tell which photographs the model has "
            f"learnt from; copy it there from where `proportrait train` wrote it"
        )
    for folder in folders:
        photos = _digests(list_photos([folder]))
        if learnt := photos & _digests(table.read_text(encoding="utf-8")):
            raise ConfigurationError(
                f"{folder}: the model has learnt from {len(learnt)} of these {len(photos)} "
                f"photographs ({table}); judge it by others"
            )


def _digests(table: str) -> set[str]:
    return {row["sha256"] for row in csv.DictReader(io.StringIO(table, newline=""))}


def collect(model: Headshot, sets: Mapping[str, Predictions]) -> dict[str, Any]:
    """All figures of all sets, JSON-ready, with the published ones."""
    about = {key: model.about[key] for key in ("backbone", "weights", "settings", "data", "time")}
    about["data"] = {key: value for key, value in about["data"].items() if key != "people"}
    return {
        "conditions": conditions(model, sets),
        "model": about,
        "published": dict(PUBLISHED),
        "sets": {
            name: part.report().to_json()
            | {
                "groups": {group: those.to_json() for group, those in breakdown(part).items()},
                "calibration_error": part.calibration_errors(),
            }
            for name, part in sets.items()
        },
    }


def conditions(model: Headshot, sets: Mapping[str, Predictions]) -> str:
    """What was measured, by what, in one line."""
    sizes = ", ".join(
        f"{len(part.pictures)} {name} of {len(set(part.pictures.sources))} sources"
        for name, part in sets.items()
    )
    photos = model.about["data"].get("photos", 0)
    return (
        f"{model.about['backbone']} of {model.about['time'][:10]}, taught by made pictures and "
        f"{photos} photographs; not learnt from: {sizes}; {platform.machine()}, "
        f"openvino {version('openvino').partition('-')[0]}"
    )


def draw(sets: Mapping[str, Predictions], journey: Any, folder: Path) -> None:
    """Write the charts of generated portraits and real photographs.

    Args:
        journey: what `labels.journey` wrote, or None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    main = {name: sets[name] for name in (MADE, REAL) if name in sets}
    reports = {name: part.report() for name, part in main.items()}
    note = f"{counts(reports)}, all new to the model"
    intervals = f"Bars are 95 % intervals; {note}."
    charts = {
        "per_attribute_accuracy": (plots.attribute_accuracy(reports), intervals),
        "confusion": (plots.confusion(reports), f"Numbers are pictures: {note}."),
        "reliability": (plots.reliability(main), f"{_errors(main)} {intervals}"),
    }
    if journey:
        charts["improvement_journey"] = plots.journey(journey["rows"]), _walk(journey)
    for name, (figure, sentence) in charts.items():
        plots.caption(figure, sentence).savefig(folder / f"{name}.png")
    summary_card(reports[MADE], reports.get(REAL)).savefig(folder / "summary_card.png")


def _errors(sets: Mapping[str, Predictions]) -> str:
    """The expected calibration error of each attribute of the last set, in words and points."""
    name, predictions = list(sets.items())[-1]
    errors = ", ".join(
        f"{key} {100 * error:.0f}" for key, error in predictions.calibration_errors().items()
        if error is not None
    )  # fmt: skip
    return f"Points off in single attributes of {name}: {errors}."


def _walk(journey: Any) -> str:
    pictures = ", ".join(f"{row['pictures']:,}" for row in journey["rows"])
    return (
        f"Three trainings on {pictures} pictures, judged by the same {journey['test_pictures']} "
        f"pictures of {journey['test_people']} other people, whose labels are true."
    )


def write(data: Mapping[str, Any], folder: Path) -> None:
    """experiment_results.json, and .csv with a row for each figure of each attribute and set."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, indent=2) + "\n"
    (folder / TABLE).with_suffix(".json").write_text(text, encoding="utf-8")
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for name, figures in data["sets"].items():
            writer.writerows(_rows(name, figures))
        writer.writerows(_published_rows(data["published"]))


def _rows(name: str, figures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """The rows of one set: good, bad, and unknown bits add up to its pictures, in `all` to 6 times.

    Bits that nobody knows count in no figure.
    """
    pictures, total = figures["pictures"], Counter[str]()
    for key, row in figures["attributes"].items():
        bits = {"good": row["good"], "bad": row["bad"]}
        bits["unknown"] = pictures - sum(bits.values())
        total.update(bits)
        for figure in _ATTRIBUTE:
            yield (name, key, figure, *(row[figure][end] for end in _ENDS), pictures,
                   *bits.values())  # fmt: skip
    for figure in _WHOLE:
        yield (name, "all", figure, *(figures[figure][end] for end in _ENDS), pictures,
               *(total[kind] for kind in ("good", "bad", "unknown")))  # fmt: skip


def _published_rows(figures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """The published figures, which have neither intervals nor counts."""
    blank = [""] * 6
    for key, row in figures["attributes"].items():
        yield from ((_PUBLISHED, key, name, value, *blank) for name, value in row.items())
    yield from ((_PUBLISHED, "all", name, figures[name], *blank) for name in _WHOLE
                if name in figures)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 if the model has learnt from what it is to be judged by."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.results", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    # fmt: off
    add = parser.add_argument
    add("--model", type=Path, default=packaged(), metavar="FILE", help="default: the packaged one")
    add("--made", type=Path, nargs="+", required=True, metavar="DIR",
        help="folders that `proportrait generate` wrote")
    add("--real", type=Path, nargs="+", default=[], metavar="DIR2",
        help="labelled real photographs that taught the model nothing: shown beside the made ones")
    add("--rated", type=Path, nargs="+", default=[], metavar="DIR3",
        help="rated portraits of other generators, each a set of its own")
    add("--journey", type=Path, metavar="FILE2",
        help="default: the figures that stand in DIR4 already")
    add("--output", type=Path, default=Path("results"), metavar="DIR4", help="default: results")
    add("--visuals", type=Path, default=Path("visuals"), metavar="DIR5", help="default: visuals")
    # fmt: on
    options = parser.parse_args(argv)

    def work() -> int:
        model, sets = predict(options.model, options.made, options.real, options.rated)
        data, journey = collect(model, sets), _journey(options.journey, options.output)
        write(data | ({"journey": journey} if journey else {}), options.output)
        draw(sets, journey, options.visuals)
        print(f"written to {options.output} and {options.visuals}")
        return 0

    return exit_code(work)


def _journey(file: Path | None, output: Path) -> Any:
    """What `labels.journey` wrote to the file, or what stands in earlier results; else None."""
    if file:
        return json.loads(file.read_text(encoding="utf-8"))
    earlier = (output / TABLE).with_suffix(".json")
    if not earlier.is_file():
        return None
    return json.loads(earlier.read_text(encoding="utf-8")).get("journey")


if __name__ == "__main__":
    sys.exit(main())
