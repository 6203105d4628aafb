from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from proportrait.faces import Face
from tools.fit_measures import (
    FITS,
    Labelled,
    Table,
    Variant,
    _grainy,
    _harmless_or_blurred,
    _middle,
    _scaled,
    fit,
    held_out,
    main,
    read,
    report,
)


def rows(values: Any, good: Any, groups: Any, sets: Any, kinds: Any, origins: Any) -> Table:
    return Table(
        np.array(values, np.float64), np.array(good, bool), np.array(groups, np.str_),
        np.array(sets, np.str_), np.array(kinds, np.str_), np.array(origins),
    )  # fmt: skip


def model() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1e6, max_iter=1000))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    lines = ["file,labels,site"]
    for name, code, site in (("a", "111111", "x"), ("b", "00000?", "x"), ("c", "111110", "y")):
        PillowImage.new("RGB", (64, 64)).save(tmp_path / "images" / f"{name}.png")
        lines.append(f"{name}.png,{code},{site}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_photos_are_grouped_by_their_site_and_unknown_bits_are_left_out(photos: Path) -> None:
    images = photos / "images"
    assert read([photos], "photos", "sharpness") == [
        Labelled(images / "a.png", True, "x", "photos"),
        Labelled(images / "c.png", False, "y", "photos"),
    ]
    assert [row.good for row in read([photos], "photos", "lighting")] == [True, False, True]


def test_weights_balance_sets_bits_and_copies() -> None:
    """Both bits of two pictures weigh 1, the copy 2: in all 4, scaled to 3 rows."""
    table = rows(
        np.zeros((3, 1)), [1, 0, 0], list("ggg"), ["photos"] * 3, ["", "", "blur"], [0, 1, 0]
    )
    assert table.weights() == pytest.approx([0.75, 0.75, 1.5])


def test_a_group_is_judged_without_itself() -> None:
    """In each group the opposite of what all others teach is true: every verdict is wrong."""
    values = [[1.0], [-1.0]] * 2 + [[-1.0], [1.0]]
    table = rows(values, [1, 0] * 3, list("aabbcc"), ["photos"] * 6, [""] * 6, range(6))
    odds = held_out(model(), table)
    assert ((odds[4:] >= 0) == [False, True]).all()


def test_the_middle_is_where_both_are_as_likely() -> None:
    """Values of 10 to 90 with the odds of (x - 50) / 10."""
    x = np.repeat(np.arange(10.0, 91.0, 10.0), 2)[:, None]
    good = np.tile([True, False], 9)
    likely = 1 / (1 + np.exp(-(x[:, 0] - 50) / 10))
    fitted = fit(model(), x, good, np.where(good, likely, 1 - likely))
    assert _middle(fitted) == pytest.approx(50, abs=0.1)


def test_the_report_counts_flips(capsys: pytest.CaptureFixture[str]) -> None:
    table = rows(
        np.zeros((6, 1)), [1, 1, 1, 0, 1, 0], list("aabbab"), ["photos"] * 6,
        ["", "JPEG 75", "", "", "JPEG 75", "blur"], [0, 0, 2, 3, 2, 0],
    )  # fmt: skip
    report(table, np.array([1.0, 2.0, 1.0, -1.0, -1.0, -1.0]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["photos", "2", "1", "1.000", "1.000", "1.000", "1.000"]
    assert lines[2].split()[2:] == ["2", "1", "0.750", "0.750", "0.500", "1.000"]
    # One of two; a blur has another label than its picture, so that it is no flip.
    assert " ".join(lines[4].split()) == "photos, JPEG 75 0.500 of the good, - of the bad"
    assert len(lines) == 5


def test_copies_keep_or_break_the_label(image: np.ndarray, face: Face) -> None:
    rng = np.random.default_rng(0)
    good = list(_harmless_or_blurred(Variant("", True, image, face), rng))
    bad = list(_harmless_or_blurred(Variant("", False, image, face), rng))
    assert [copy.good for copy in good] == [True, False]
    assert [copy.good for copy in bad] == [False] * 5
    assert len({copy.kind for copy in bad}) == 5


def test_a_scaled_copy_has_its_face_in_place(image: np.ndarray, face: Face) -> None:
    half = _scaled(Variant("", True, image, face), 0.5)
    assert half.image.shape == (256, 256, 3)
    # The centre of pixel 101 lies at 101.5, half of it at 50.75: pixel 50.25.
    assert half.face.landmarks[0, 0] == pytest.approx((face.landmarks[0, 0] + 0.5) / 2 - 0.5)
    grey = np.full((64, 64, 3), 128, np.uint8)
    grainy = _grainy(Variant("", True, grey, face), 6, np.random.default_rng(1))
    assert grainy.image.std() == pytest.approx(6, abs=0.2)


def test_the_command_needs_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["sharpness"])
    assert "--photos" in capsys.readouterr().err
    assert main(["sharpness", "--photos", str(tmp_path)]) == 2
    assert sorted(FITS) == ["sharpness"]
