"""The publication of a data set, and that of a model."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.model.saved import load
from proportrait.publish.card import data_set_card, faults, model_card, provenance
from proportrait.publish.croissant import METADATA, croissant
from proportrait.publish.publication import CARD, HUB, DataFile, Publication, check_name
from proportrait.store import RecordStore
from proportrait.store.export import columns, export, splits
from proportrait.store.licence import licence
from proportrait.train.card import PHOTOS

MODEL = "model.safetensors"


def data_set(store: RecordStore, repo: str) -> Publication:
    """A data set as parquet, with its card and its Croissant metadata.

    The parquet is written to `export/parquet/` of the store, as `--export parquet` does; the same
    pictures and records give the same bytes, which is what an upload goes on by.

    Raises:
        StoreError: there is no picture, or the disk is full.
    """
    check_name(repo)
    folder = export(store, "parquet")
    parts = splits(list(store.records()))
    records = [record for part in parts.values() for record in part]
    shards = sorted((folder / "data").iterdir())
    data = {f"data/{path.name}": DataFile.read(path) for path in shards}
    names = licence(records)
    facts = {
        "description": f"{len(records)} portraits with six labels each of what makes a headshot "
        f"professional, made by ProPortrait-Gen",
        "provenance": provenance(records),
        "faults": list(faults(store, records)),
    }

    def texts(day: datetime.date) -> Mapping[str, bytes]:
        about = {**facts, "published": day}
        address = f"{HUB}/datasets/{repo}"
        return {
            METADATA: croissant(address, names, data, list(parts), columns(records[0]), about),
            CARD: data_set_card(store, parts).encode(),
        }

    cautions = []
    if names[0] == "other":
        cautions.append(
            "the licence is that of the portraits that you put in: whoever is on them, and whoever "
            "took them, has to agree"
        )
    if any(record.source_id.startswith("folder:") for record in records):
        cautions.append("the column source_id has the file names of your own portraits")
    return Publication("dataset", repo, data, texts, names[0], tuple(cautions))


def model(path: Path, repo: str, learnt_from: str | None = None) -> Publication:
    """A model of `proportrait train` with its card, and the list of the photos it learnt from.

    Args:
        path: a `model.safetensors`.
        learnt_from: repository of the data set that it learnt from, for the card.

    Raises:
        AssetError: the file is no model.
        ConfigurationError: the list of photos is not beside it, though there is one.
    """
    check_name(repo)
    headshot = load(path)
    if "figures" not in headshot.about:
        raise ConfigurationError(
            f"{path} does not say how good it is: publish one that `proportrait train` has finished"
        )
    data = {MODEL: DataFile.read(path)}
    if headshot.about["data"]["photos"]:
        photos = path.with_name(PHOTOS)
        if not photos.is_file():
            raise ConfigurationError(
                f"the card of {path} tells of {PHOTOS}, the photographs that it has learnt from: "
                f"put that file beside it"
            )
        data[PHOTOS] = DataFile.read(photos)
    name, text = model_card(headshot, learnt_from)
    return Publication("model", repo, data, lambda _: {CARD: text.encode()}, name)
