"""The suggested crop by REST."""

from __future__ import annotations

import json

import httpx2
import numpy as np
import pytest

from proportrait.fixes import Fix
from proportrait.imaging import decode, encode_jpeg

JPEG = {"Content-Type": "image/jpeg"}
WAIT_S = 120.0


@pytest.mark.parametrize("aspect", ["1x1", "4x5"])
def test_a_crop_is_that_of_the_package(
    address: str, aspect: str, off_centre_photo: bytes, crops: dict[str, Fix]
) -> None:
    crop = crops[aspect]
    answer = httpx2.post(
        f"{address}api/v1/fix", params={"aspect": aspect}, content=off_centre_photo,
        headers=JPEG, timeout=WAIT_S,
    )  # fmt: skip
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    about = json.loads(answer.headers["proportrait-fix"])
    assert about == json.loads(json.dumps(crop.to_json()))
    assert decode(answer.content).shape == (about["height"], about["width"], 3)
    assert answer.content == crop.data


def test_where_no_crop_is_better_the_reason_is_given(address: str) -> None:
    grey = encode_jpeg(np.full((300, 300, 3), 128, np.uint8))
    answer = httpx2.post(f"{address}api/v1/fix", content=grey, headers=JPEG, timeout=WAIT_S)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("no crop is suggested: ")


@pytest.mark.parametrize(
    ("path", "files", "part"),
    [("fix?aspect=3x7", 1, "no aspect 3x7: 4x5, 1x1"), ("fix", 2, "one picture at a time")],
)
def test_what_cannot_be_meant_is_refused(address: str, path: str, files: int, part: str) -> None:
    answer = httpx2.post(f"{address}api/v1/{path}", files=[("file", ("a.jpg", b"x"))] * files)
    assert answer.status_code == 422
    assert part in answer.json()["error"]
