"""Features of pictures: their sets, the cache, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.errors import ConfigurationError
from proportrait.looks.cache import FOLDER_VARIABLE, LookCache
from proportrait.taste.extract import SETS, TasteExtractor
from proportrait.taste.features import column_names, matrix, set_names, stream
from tests import FACE


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, image: Image) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    image = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "a.jpg"), image[:, :, ::-1])
    (folder / "b.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(folder / "c.png"), cv2.flip(image, 1)[:, :, ::-1])
    cv2.imwrite(str(folder / "d.png"), np.full((200, 300, 3), 90, np.uint8))
    return sorted(folder.iterdir())


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("taste_cache")))
        yield


def test_the_sets_are_named_and_ordered() -> None:
    assert [len(set_names(count)) for count in (1, 2, 4, 7)] == [1, 2, 4, 7]
    assert set_names(7) == tuple(SETS)
    assert column_names(2)[: len(column_names(1))] == column_names(1)
    with pytest.raises(ConfigurationError, match="1, 2, 4, or 7, not 3"):
        set_names(3)
    assert set_names(["verdicts", "clip", "verdicts"]) == ("verdicts", "clip")
    with pytest.raises(ConfigurationError, match="no feature set 'taste'"):
        set_names(["taste"])


def test_the_matrix_has_a_row_a_picture_and_failures_are_records(photos: list[Path]) -> None:
    features = matrix(photos, 7, workers=1)
    a, b, c, d = photos
    assert features.paths == (a, c, d)
    assert list(features.failures) == [b]
    assert features.values.shape == (3, len(features.names))
    assert features.values.dtype == np.float32
    parts = np.array([name.split(":")[0] for name in features.names])
    face, mirrored, grey = features.values
    assert np.isfinite(face[parts == "geometry"]).mean() > 0.8
    assert np.isnan(grey[parts == "geometry"]).mean() > 0.5  # there is no face
    assert np.isfinite(grey[parts == "verdicts"]).all()
    np.testing.assert_allclose(face, mirrored, rtol=0.25, atol=0.6)  # JPEG decoded once more


def test_what_was_computed_is_kept_and_nothing_lies_beside_the_photos(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = matrix(photos, 7, workers=1)
    monkeypatch.setattr("proportrait.taste.extract._measured", None)
    again = matrix(photos, 7, workers=1)
    np.testing.assert_array_equal(again.values, first.values)
    fewer = matrix(photos, 2, workers=1)
    np.testing.assert_array_equal(fewer.values, first.values[:, : fewer.values.shape[1]])
    assert sorted(photos[0].parent.iterdir()) == photos


def test_the_stream_has_the_same_rows(photos: list[Path]) -> None:
    rows = dict(stream(iter(photos), 4, workers=1, total=4))
    features = matrix(photos, 4, workers=1)
    assert isinstance(rows[photos[1]], str)
    for path, row in zip(features.paths, features.values, strict=True):
        np.testing.assert_array_equal(rows[path], row)


@pytest.mark.parametrize("name", ["geometry", "measures", "whole"])
def test_a_set_alone_has_the_same_bits(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    every = matrix(photos[:1], 7, workers=1)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    alone = matrix(photos[:1], [name], workers=1)
    columns = [every.names.index(column) for column in alone.names]
    np.testing.assert_array_equal(alone.values, every.values[:, columns])
    with LookCache() as cache:
        look = cache.get(photos[0])
    assert look is not None
    assert tuple(look.measures) == TasteExtractor((name,)).attributes


def test_a_look_that_lacks_a_set_gets_it(photos: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "other.jpg"
    copy.write_bytes(FACE.read_bytes() + b"another")
    matrix([copy], 1, workers=1)
    with LookCache() as cache:
        look = cache.get(copy)
    assert look is not None
    assert set(TasteExtractor(("geometry",)).names) <= set(look.features)
    assert matrix([copy], 2, workers=1).values.shape == (1, len(column_names(2)))


def test_features_are_of_a_look_with_its_picture() -> None:
    from proportrait.looks.look import Look

    with pytest.raises(ValueError, match="a look that has its picture"):
        TasteExtractor()(Look())
