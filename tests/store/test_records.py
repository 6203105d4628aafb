"""Records, their JSON in both forms, and the names of files."""

from __future__ import annotations

import doctest
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import StoreError
from proportrait.labels import LabelVector
from proportrait.store import records, steps
from proportrait.store.records import TITLES, Record, file_stem, parse_file_stem
from tests.store_samples import source

OLD_KEYS = [
    "original_filename",
    "label_vector",
    "label_names",
    "prompt_text",
    "generation_seed",
    "timestamp",
    "output_filename",
    "cost_usd",
    "blur_type",
]


def old_record() -> dict[str, object]:
    return {
        "original_filename": "ffhq_00001.png",
        "label_vector": [1, 1, 0, 1, 1, 0],
        "label_names": list(TITLES),
        "prompt_text": "Transform this portrait",
        "generation_seed": 42,
        "timestamp": "2025-11-02T10:00:00",
        "output_filename": "ffhq_00001_blur_110110.jpg",
        "cost_usd": 0.039,
        "blur_type": "gaussian",
    }


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(records).failed == 0


@pytest.mark.parametrize(
    ("stem", "code", "blur", "badframe", "name"),
    [
        ("ffhq_00001", "111111", False, False, "ffhq_00001_111111"),
        ("ffhq_00001", "111110", True, False, "ffhq_00001_blur_111110"),
        ("ffhq_00001", "111101", False, True, "ffhq_00001_badframe_111101"),
        ("ffhq_00001", "111100", True, True, "ffhq_00001_badframe_blur_111100"),
        ("a", "000011", False, False, "a_000011"),
        ("my_own-photo-1a2b3c", "011111", False, False, "my_own-photo-1a2b3c_011111"),
        ("photo_101010", "111111", False, False, "photo_101010_111111"),
        ("photo_blur", "111111", False, False, "photo_blur_111111"),
        ("photo_blur", "111110", True, False, "photo_blur_blur_111110"),
        ("photo_blur", "111101", False, True, "photo_blur_badframe_111101"),
        ("photo_badframe", "111110", True, False, "photo_badframe_blur_111110"),
    ],
)
def test_names_are_made_and_taken_apart(
    stem: str, code: str, blur: bool, badframe: bool, name: str
) -> None:
    labels = LabelVector.from_code(code)
    tags = (*(("badframe",) if badframe else ()), *(("blur",) if blur else ()))
    assert file_stem(stem, labels, blur, badframe) == name
    assert parse_file_stem(name) == (stem, tags, labels)
    assert parse_file_stem(f"{name}.jpg") == (stem, tags, labels)


@pytest.mark.parametrize("name", ["", "photo.jpg", "ffhq_1_11111", "ffhq_1_111112", "111111"])
def test_other_names_are_misuse(name: str) -> None:
    with pytest.raises(ValueError, match="no name such as"):
        parse_file_stem(name)


@pytest.mark.parametrize(("blur", "badframe"), [(True, False), (False, True)])
def test_a_tag_cannot_contradict_its_bit(blur: bool, badframe: bool) -> None:
    with pytest.raises(ValueError, match="contradict"):
        file_stem("a", LabelVector.ones(), blur, badframe)


def test_json_keeps_the_old_keys_and_comes_back_whole() -> None:
    record = replace(source(7)[2][1][0], sha256="ab", checks={"sharpness": 3.5}, response_id="r1")
    data = record.to_json()
    assert set(OLD_KEYS) <= data.keys()
    assert data["label_vector"] == [1, 0, 1, 1, 1, 0]
    assert data["requested"] == [1, 0, 1, 1, 1, 1]
    assert data["known"] == [1, 1, 0, 0, 1, 1]
    assert data["label_names"][5] == "Image Sharpness High"
    assert data["parent"] == "ffhq_00007_101111.jpg"
    assert Record.from_json(json.loads(record.to_bytes())) == record


def test_a_picture_that_can_be_made_again_at_any_time_has_no_timestamp() -> None:
    record = replace(source(1)[2][0][0], timestamp=None)
    assert json.loads(record.to_bytes())["timestamp"] is None
    assert Record.from_json(json.loads(record.to_bytes())) == record
    assert [entry.time for entry in steps.rebuilt([record])] == [""]


def test_json_bytes_depend_on_the_content_only() -> None:
    record = replace(source(7)[2][0][0], edits={"a": 1, "b": 2})
    data = record.to_bytes()
    assert data == replace(record, edits={"b": 2, "a": 1}).to_bytes()
    assert data.endswith(b"}\n")
    assert "ünïcode" in data.decode()
    assert list(json.loads(data)) == sorted(record.to_json())


@pytest.mark.parametrize("value", [float("nan"), np.float32(1), {1, 2}])
def test_what_json_cannot_say_is_misuse(value: object) -> None:
    with pytest.raises(ValueError, match=r"ffhq_00007_101111\.jpg.*JSON"):
        replace(source(7)[2][0][0], edits={"value": value}).to_bytes()


def test_an_old_record_loads() -> None:
    record = Record.from_json(old_record())
    labels = LabelVector.from_code("110110")
    assert (record.labels, record.requested, record.known) == (labels, labels, LabelVector.ones())
    assert record.source_id == record.original_filename == "ffhq_00001.png"
    assert record.blur_type == "gaussian"
    assert (record.framing_type, record.parent, record.sha256) == (None, None, "")
    assert (record.generation_seed, record.cost_usd) == (42, 0.039)


def test_an_old_record_may_lack_and_add_keys() -> None:
    data = old_record() | {"run": {"id": 5}, "output_filename": "out/images/x_110110.jpg"}
    del data["blur_type"], data["cost_usd"], data["label_names"]
    record = Record.from_json(data)
    assert (record.blur_type, record.cost_usd) == (None, 0.0)
    assert record.output_filename == "x_110110.jpg"
    assert record.extra == {"run": {"id": 5}}
    assert record.to_json()["run"] == {"id": 5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_vector": [1, 1, 1]}, "label_vector.*6 bits"),
        ({"label_vector": [1, 1, 1, 1, 1, 2]}, "label_vector.*six bits"),
        ({"label_vector": "111111"}, "label_vector.*six bits"),
        ({"known": None}, "known.*six bits"),
        ({"original_filename": 5}, "original_filename.*a text, found 5"),
        ({"output_filename": ".."}, "output_filename.*file name"),
        ({"output_filename": ""}, "output_filename.*file name"),
        ({"generation_seed": "x"}, "generation_seed.*whole number"),
        ({"cost_usd": "free"}, "cost_usd.*number"),
        ({"cost_usd": float("inf")}, "cost_usd.*number"),
        ({"edits": []}, "edits.*object"),
        ({"blur_type": 1}, "blur_type.*text"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(StoreError, match=rf"a\.json: the key '{message}"):
        Record.from_json(old_record() | change, name="a.json")


@pytest.mark.parametrize("key", ["label_vector", "original_filename", "output_filename"])
def test_a_missing_key_is_named(key: str) -> None:
    data = old_record()
    del data[key]
    with pytest.raises(StoreError, match=rf"a\.json: the key '{key}' is missing"):
        Record.from_json(data, name="a.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[]", "JSON object"),
        (None, "cannot be"),
    ],
)
def test_reading_names_the_file(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "r.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"r\.json.*{message}"):
        Record.read(path)
