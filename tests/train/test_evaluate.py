"""Groups of people in an evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import ConfigurationError
from proportrait.train.evaluate import table_groups

PATHS = np.array(["photos/a.jpg", "photos/b.jpg", "more/c.png", "more/d.png"])


def table(folder: Path, text: str) -> Path:
    path = folder / "groups.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_groups_pictures_by_each_of_its_columns(tmp_path: Path) -> None:
    text = "file,complexion,age\na.jpg,dark,old\nc.png,light,\nd.png,dark,?\nelse.jpg,dark,old\n"
    assert table_groups(table(tmp_path, text), PATHS) == {
        "age old": [0], "complexion dark": [0, 3], "complexion light": [2],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [("name,complexion\na.jpg,dark\n", "no CSV with a column file"),
     ("file,complexion\nelse.jpg,dark\n", "none of these pictures"), ("", "none of")],
)  # fmt: skip
def test_a_table_that_groups_nothing_is_an_error(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        table_groups(table(tmp_path, text), PATHS)


def test_a_missing_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no CSV"):
        table_groups(tmp_path / "none.csv", PATHS)
