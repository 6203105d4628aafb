"""JPEG bytes of a crop, and its file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from proportrait import imaging
from proportrait.errors import ConfigurationError, StoreError
from proportrait.fixes.write import encode, prepare, save, srgb_profile


def test_the_file_is_srgb_and_nearly_the_picture() -> None:
    y, x = np.indices((200, 240))
    image = np.stack([x, y, (x + y) // 2], -1).astype(np.uint8)
    data = encode(image, b"")
    assert data == encode(image, b"")
    opened = PIL.Image.open(io.BytesIO(data))
    assert (opened.format, opened.info["icc_profile"]) == ("JPEG", srgb_profile())
    picture = imaging.decode_picture(data)
    assert picture.remarks == ()
    assert np.abs(picture.image.astype(int) - image).max() <= 4


def test_the_profile_has_a_fixed_date() -> None:
    """Six 16-bit numbers from byte 24 on: ICC.1:2010, 7.2."""
    numbers = np.frombuffer(srgb_profile()[24:36], ">u2")
    assert numbers.tolist() == [2026, 1, 1, 0, 0, 0]


def test_no_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    assert save(b"one", path)
    assert not save(b"two", path)
    assert path.read_bytes() == b"one"
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere")
    assert not save(b"two", tmp_path / "link.jpg")
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["a.jpg", "link.jpg"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    prepare(tmp_path / "new" / "crops")
    assert (tmp_path / "new" / "crops").is_dir()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="is no folder"):
        prepare(tmp_path / "file")
    with pytest.raises(StoreError):
        prepare(tmp_path / "file" / "crops")
    with pytest.raises(StoreError):
        save(b"one", tmp_path / "gone" / "a.jpg")
