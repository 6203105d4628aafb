"""What the commands share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proportrait.commandline import printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b-c_1.jpg", "a b-c_1.jpg"),
        ("Müller 写真 é.jpg", "Müller 写真 é.jpg"),
        ("e\u0301.jpg", "e\u0301.jpg"),  # as macOS writes é
        ("\U0001f469\u200d\U0001f4bb.jpg", "\U0001f469\u200d\U0001f4bb.jpg"),  # one emoji of two
        ("9.41\u202fAM.png", "9.41\u202fAM.png"),  # a narrow space, as screenshots have
        (os.fsdecode(b"M\xfcller.jpg"), "M\\xfcller.jpg"),
        ("two\nlines\t.jpg", "two\\nlines\\t.jpg"),
        ("\x1b[31mred.jpg", "\\x1b[31mred.jpg"),
        ("\u202egpj.exe", "\\u202egpj.exe"),  # turns the direction of writing
        ("\u2028.jpg", "\\u2028.jpg"),
        ("\ud800.jpg", "\\ud800.jpg"),
        ("C:\\photos\\a.jpg", "C:\\photos\\a.jpg"),
    ],
)
def test_a_name_fits_one_line_of_a_terminal(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert shown.encode()


def test_a_path_is_a_name() -> None:
    assert printable(Path("sub") / "two\nlines.jpg") == f"sub{os.sep}two\\nlines.jpg"
