"""What goes out: the cards, the Croissant metadata, and that others can load what arrives."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.model.saved import packaged, packaged_model
from proportrait.publish import prepare
from proportrait.publish.prepare import data_set, model
from proportrait.publish.publication import Publication, check_name
from proportrait.store import RecordStore
from proportrait.store.export import splits
from tests.store_samples import commit_all, source

DAY = datetime.date(2026, 3, 4)


def front_matter(publication: Publication) -> dict[str, Any]:
    card = publication.texts(DAY)["README.md"].decode()
    matter: dict[str, Any] = yaml.safe_load(card.split("---")[1])
    return matter


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    folder = tmp_path_factory.mktemp("sets") / "output"
    commit_all(folder, 10, threads=1)
    return RecordStore(folder)


@pytest.fixture(scope="module")
def publication(store: RecordStore) -> Publication:
    return data_set(store, "me/portraits")


@pytest.fixture(scope="module")
def card(publication: Publication) -> str:
    return publication.texts(DAY)["README.md"].decode()


def test_a_data_set_is_its_parquet_export_with_two_texts_behind(
    store: RecordStore, publication: Publication
) -> None:
    assert {path: file.path for path, file in publication.data.items()} == {
        f"data/{path.name}": path for path in (store.path / "export/parquet/data").iterdir()
    }
    assert list(publication.texts(DAY)) == ["croissant.json", "README.md"]
    assert publication.texts(DAY) == data_set(store, "me/portraits").texts(DAY)
    assert publication.address == "https://huggingface.co/datasets/me/portraits"


def test_the_front_matter_tells_the_hub_splits_and_sizes(publication: Publication) -> None:
    matter = front_matter(publication)
    assert matter["license"] == "other"
    assert matter["size_categories"] == ["n<1K"]
    assert matter["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": name, "path": f"data/{name}-*.parquet"}
                for name in ("train", "validation", "test")
            ],
        }
    ]
    # 15 % of ten portraits are two, with two pictures each.
    assert matter["dataset_info"]["splits"] == [
        {"name": "train", "num_examples": 12},
        {"name": "validation", "num_examples": 4},
        {"name": "test", "num_examples": 4},
    ]
    assert len(matter["dataset_info"]["features"]) == 20


def test_the_card_counts_and_tells_how_labels_came_about(card: str) -> None:
    assert "| lighting | 20 | 0 | 0 |" in card
    assert "| attire | 0 | 0 | 20 |" in card
    assert "| sharpness | 10 | 10 | 0 |" in card
    assert "| validation | 4 | 2 |" in card
    assert "a generator made a picture after it (mock (1) 20 pictures)" in card
    assert "10 pictures are twins of others" in card


def test_the_card_tells_known_faults(card: str) -> None:
    faults = card.partition("## Known faults\n")[2]
    assert "null: attire 20, expression 20." in faults
    assert "under a tenth of the pictures in: lighting, background, attire, expression" in faults
    assert "Nobody has held the finished labels against the pictures" in faults
    assert "are made from good pictures" in faults
    assert "FFHQ" not in faults


def test_the_card_quotes_the_last_verification_and_what_is_missing(tmp_path: Path) -> None:
    commit_all(tmp_path, 2, threads=1)
    (tmp_path / "metadata" / "bad.json").write_text("{")
    (tmp_path / "summary.json").write_text(json.dumps({
        "generator": "mock", "sources_done": 2, "sources_failed": 3, "sources_rejected": 1,
        "made": 2, "failed": 3, "pictures": 4, "labels": {}, "failures": {}, "reasons": [],
        "redone": {}, "given_up": {}, "cost_usd": 0, "run_cost_usd": 0, "seconds": 1,
    }))  # fmt: skip
    counts = {"confirmed": 3, "contradicted": 1, "cannot_tell": 0}
    for name, dry_run, sure in (("1", False, 9), ("2", False, 3), ("3", True, 8)):
        folder = tmp_path / "verification" / name
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps({
            "time": f"2026-0{name}-01T00:00:00", "pictures": 4, "mode": "report",
            "mode_said": "Nothing was changed.", "dry_run": dry_run,
            "attributes": {"framing": {**counts, "confirmed": sure}},
        }))  # fmt: skip
    text = data_set(RecordStore(tmp_path), "me/p").texts(DAY)["README.md"].decode()
    assert "The last verification (2026-02-01, 4 pictures)" in text
    assert "| framing | 3 | 1 | 0 |" in text
    assert "Bits that the last verification contradicts, and that stand: framing 1." in text
    assert f"did not look at: {', '.join(key for key in KEYS if key != 'framing')}." in text
    assert "Portraits that gave no picture: 4." in text
    assert "1 records could not be read" in text


def test_portraits_of_ones_own_are_a_reason_for_caution(tmp_path: Path) -> None:
    with RecordStore(tmp_path / "own") as store:
        record, data = source(1)[2][0]
        store.commit("folder:a.jpg#1", "a", [(replace(record, source_id="folder:a.jpg#1"), data)])
    first, second = data_set(store, "me/own").cautions
    assert "whoever is on them" in first
    assert "file names of your own portraits" in second
    with RecordStore(tmp_path / "drawn") as store:
        name = "stylegan:mobile-ffhq/7"
        store.commit(name, "a", [(replace(record, source_id=name), data)])
    drawn = data_set(store, "me/drawn")
    assert drawn.cautions == ()
    assert drawn.licence == front_matter(drawn)["license"] == "cc-by-nc-sa-4.0"
    assert "The faces are of nobody" in drawn.texts(DAY)["README.md"].decode()


def test_croissant_has_what_the_specification_requires(publication: Publication) -> None:
    metadata = json.loads(publication.texts(DAY)["croissant.json"])
    assert metadata["@type"] == "sc:Dataset"
    assert metadata["conformsTo"][0] == "http://mlcommons.org/croissant/1.0"
    assert metadata["name"] == "portraits"
    assert metadata["url"] == publication.address
    assert metadata["creator"]["url"] == "https://huggingface.co/me"
    assert metadata["datePublished"] == "2026-03-04"
    assert "licence of the portraits" in metadata["license"]
    assert metadata["description"].startswith("20 portraits")
    assert len(metadata["rai:dataLimitations"]) == 4
    shards = {entry["@id"]: entry for entry in metadata["distribution"]}
    for path, file in publication.data.items():
        assert shards[path]["sha256"] == file.sha256
        assert shards[path]["contentSize"] == f"{file.size} B"
    fields = [field["name"] for field in metadata["recordSet"][1]["field"]]
    assert fields[:3] == ["split", "image", "lighting"]
    assert len(fields) == 21


def test_mlcroissant_reads_every_row(
    store: RecordStore, publication: Publication, tmp_path: Path
) -> None:
    mlc = pytest.importorskip("mlcroissant")
    file = tmp_path / "croissant.json"
    file.write_bytes(publication.texts(DAY)["croissant.json"])
    data = mlc.Dataset(file, mapping={"repo": store.path / "export" / "parquet"})
    assert list(data.metadata.ctx.issues.errors) == []
    rows = list(data.records("pictures"))
    assert len(rows) == 20
    parts = splits(list(store.records()))
    records = {r.sha256: (r, name.encode()) for name, part in parts.items() for r in part}
    for row in rows:
        record, name = records[row["pictures/sha256"].decode()]
        assert row["pictures/split"] == name
        assert row["pictures/sharpness"] == record.labels["sharpness"]
        assert row["pictures/image"].size == (128, 128)


def test_a_model_has_its_card_and_its_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headshot = packaged_model()
    monkeypatch.setattr(prepare, "load", lambda _: headshot)
    published = model(packaged(), "me/headshots", "me/portraits")
    assert sorted(published.data) == ["model.safetensors", "photos.csv"]
    assert published.address == "https://huggingface.co/me/headshots"
    assert front_matter(published)["datasets"] == ["me/portraits"]
    assert front_matter(published)["license"] == published.licence == "mit"
    assert "## Figures" in published.texts(DAY)["README.md"].decode()
    assert "datasets" not in front_matter(model(packaged(), "me/headshots"))

    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"tells of photos\.csv.* put that file beside it"):
        model(alone, "me/headshots")
    monkeypatch.setattr(prepare, "load", lambda _: replace(headshot, about={}))
    with pytest.raises(ConfigurationError, match="does not say how good it is"):
        model(alone, "me/headshots")


@pytest.mark.parametrize("name", ["me/portraits", "my-org/a.b_c-1"])
def test_names_of_the_hub(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["portraits", "me/", "/a", "me/a/b", "me/a b", "me/a--b", "me/a..b", "me/.a", "me/a.git"],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="write OWNER/NAME"):
        check_name(name)
