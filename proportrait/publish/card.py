"""The cards: what a stranger has to know of a data set or a model before using it.

Gebru et al., "Datasheets for Datasets", 2021; Mitchell et al., "Model Cards for Model Reporting",
2019. The words of `store.export` and `train.card` stay, and more is put behind them.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCard, ModelCard

from proportrait.generate.report import label_counts, last_summary
from proportrait.labels import KEYS
from proportrait.model.saved import Headshot
from proportrait.store import RecordStore
from proportrait.store.export import card as short_card
from proportrait.store.licence import BUILT_IN
from proportrait.store.records import Record
from proportrait.train.card import card as short_model_card

_SIZES = {  # of the Hub, by the number of rows that is no longer in it
    1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M",
}  # fmt: skip
_LARGEST = "1M<n<10M"
_OF_A_REPORT = {"attributes", "dry_run", "mode", "mode_said", "pictures", "time"}
Parts = Mapping[str, Sequence[Record]]


def data_set_card(store: RecordStore, parts: Parts) -> str:
    """The card of a data set, with the front matter that the Hub reads.

    Args:
        parts: its records by split.
    """
    records = [record for part in parts.values() for record in part]
    card = DatasetCard(short_card(parts, "parquet"))
    data: Any = card.data
    data.annotations_creators = ["machine-generated"]
    data.size_categories = [
        next((name for limit, name in _SIZES.items() if len(records) < limit), _LARGEST)
    ]
    data.tags = ["portrait", "headshot", "image-quality", "croissant"]
    data["configs"] = [
        {
            "config_name": "default",
            "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in parts],
        }
    ]
    data["dataset_info"]["splits"] = [
        {"name": name, "num_examples": len(part)} for name, part in parts.items()
    ]
    card.text = "\n".join([
        card.text.rstrip(), "",
        "## Counts", *_counts(records), "", *_split_table(parts), "",
        "## How the labels came about", *_provenance(store, records), "",
        "## Known faults", *(f"- {fault}" for fault in faults(store, records)), "",
    ])  # fmt: skip
    return str(card)


def model_card(headshot: Headshot, data_set: str | None) -> tuple[str, str]:
    """The licence of a model as the Hub names it, and its card.

    Args:
        data_set: repository of the data set that it has learnt from, if it is known.
    """
    card = ModelCard(short_model_card(headshot))
    data: Any = card.data
    if data_set:
        data.datasets = [data_set]
    return data.license, str(card)


def faults(store: RecordStore, records: Sequence[Record]) -> Iterator[str]:
    """What is known to be wrong with a data set, or missing in it, a sentence each."""
    counts = label_counts(records)
    if unknown := {key: row["unknown"] for key, row in counts.items() if row["unknown"]}:
        yield (
            f"Bits that are unknown, and null: {_listed(unknown)}. Leave them out of losses and "
            f"figures; they are not missing at random, but where a picture is hard to tell."
        )
    rare = [key for key, row in counts.items() if min(row["0"], row["1"]) < 0.1 * len(records)]
    if rare:
        yield f"One of the two classes is under a tenth of the pictures in: {', '.join(rare)}."
    report = _verification(store.path)
    if report is None:
        yield "Nobody has held the finished labels against the pictures (`proportrait verify`)."
    else:
        attributes = report["attributes"]
        wrong = {k: row["contradicted"] for k, row in attributes.items() if row["contradicted"]}
        if wrong and report["mode"] == "report":
            yield f"Bits that the last verification contradicts, and that stand: {_listed(wrong)}."
        open_bits = {k: row["cannot_tell"] for k, row in attributes.items() if row["cannot_tell"]}
        if open_bits:
            yield f"Bits that the last verification could not confirm: {_listed(open_bits)}."
        missing = [key for key in KEYS if key not in attributes]
        if missing:
            yield f"The last verification did not look at: {', '.join(missing)}."
    summary = last_summary(store.path)
    if summary and summary.sources_failed + summary.sources_rejected:
        yield (
            f"Portraits that gave no picture: {summary.sources_failed + summary.sources_rejected}. "
            f"What is hard to make is rarer here than it was asked for."
        )
    if store.problems:
        yield f"{len(store.problems)} records could not be read, and are left out."
    if any(record.parent for record in records):
        yield (
            "Bad framing and blur are made from good pictures, of the kinds that `framing_type` "
            "and `blur_type` name: photographs have others, and a model may learn the making."
        )
    if any(record.source_id.startswith(BUILT_IN) for record in records):
        yield (
            "The faces are of nobody: a network drew them, which shows in hair, hands, and "
            "clothes. Sex, age, and complexion are as uneven as in FFHQ, unless they were "
            "drawn evenly."
        )


def provenance(records: Sequence[Record]) -> str:
    """How the labels came about, in sentences."""
    makers = Counter(
        f"{record.generator} ({record.model_version})" if record.model_version else record.generator
        for record in records
    )
    twins = sum(1 for record in records if record.parent)
    text = (
        f"A request of six bits was drawn for each portrait, and a generator made a picture after "
        f"it ({_listed(makers)} pictures). The label is what is true of the finished picture, not "
        f"what was asked for (`requested_code`): measures look at it, and a bit that nothing "
        f"tells is unknown."
    )
    if twins:
        text += (
            f" {twins} pictures are twins of others (`parent`), cropped or blurred on purpose: "
            f"their framing or sharpness is bad by construction."
        )
    return text


def _provenance(store: RecordStore, records: Sequence[Record]) -> Iterator[str]:
    yield provenance(records)
    if report := _verification(store.path):
        yield ""
        yield (
            f"The last verification ({report['time'][:10]}, {report['pictures']} pictures) held "
            f"every bit against measures, and against a model that learnt from the other labels. "
            f"{report['mode_said']}"
        )
        yield ""
        yield "| attribute | confirmed | contradicted | cannot tell |"
        yield "|---|---|---|---|"
        for key, row in report["attributes"].items():
            cells = (str(row[word]) for word in ("confirmed", "contradicted", "cannot_tell"))
            yield f"| {key} | {' | '.join(cells)} |"


def _counts(records: Sequence[Record]) -> Iterator[str]:
    yield "| attribute | good (1) | bad (0) | unknown (null) |"
    yield "|---|---|---|---|"
    for key, row in label_counts(records).items():
        yield f"| {key} | {row['1']} | {row['0']} | {row['unknown']} |"


def _split_table(parts: Parts) -> Iterator[str]:
    yield "| split | pictures | portraits |"
    yield "|---|---|---|"
    for name, part in parts.items():
        yield f"| {name} | {len(part)} | {len({record.source_id for record in part})} |"


def _verification(folder: Path) -> dict[str, Any] | None:
    """The report of the last verification that has one, None where there is none.

    The names of the runs are times: the last one comes last.
    """
    for path in sorted((folder / "verification").glob("*/report.json"), reverse=True):
        with contextlib.suppress(OSError, ValueError):  # of a run that was cut off
            report: dict[str, Any] = json.loads(path.read_bytes())
            if report.keys() >= _OF_A_REPORT and not report["dry_run"]:
                return report
    return None


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
