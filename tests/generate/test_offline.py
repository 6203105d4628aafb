"""What a worker of the offline generator does with a face, and with a photo."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proportrait.edit.shot import Shot
from proportrait.generate import offline
from proportrait.generate.base import GenerationRequest, SourceItem
from proportrait.generate.sources.built_in import StyleganItem
from proportrait.generate.sources.folder import FileItem
from proportrait.labels import LabelVector
from tests import FACE

LABELS = LabelVector.from_code("110101")
SHOT = Shot(np.zeros((2, 2, 3), np.uint8), edits={"light": "soft"})


class Editor:
    """Notes what it is asked for, and makes nothing."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def edit_face(self, *arguments: Any) -> tuple[Shot, None]:
        self.calls.append(("face", *arguments))
        return SHOT, None

    def edit_photo(self, photo: np.ndarray, *arguments: Any) -> tuple[Shot, Shot]:
        self.calls.append(("photo", photo.shape, *arguments))
        return SHOT, SHOT


@pytest.mark.parametrize(
    ("item", "call", "twin"),
    [
        (StyleganItem(7), ("face", 7, LABELS, 5), None),
        (FileItem("folder:a", "a", "a.jpg", Path(FACE)), ("photo", (512, 512, 3), LABELS, 5), SHOT),
    ],
)
def test_built_in_faces_are_drawn_and_photos_are_edited(
    monkeypatch: pytest.MonkeyPatch, item: SourceItem, call: tuple[Any, ...], twin: Shot | None
) -> None:
    editor = Editor()
    monkeypatch.setattr(offline, "_editor", editor)
    # As it reaches a worker process.
    request = pickle.loads(pickle.dumps(GenerationRequest(item, LABELS, "words", 5)))
    generated = offline._work(request)
    assert editor.calls == [call]
    assert (generated.shot, generated.badly_framed) == (SHOT, twin)
    assert generated.model == offline.version()
    assert not generated.obeys_prompt
    back = pickle.loads(pickle.dumps(generated))  # as it comes back
    assert back.shot.edits == {"light": "soft"}
    assert (back.badly_framed is None) == (twin is None)


@pytest.mark.parametrize("place", ["edit", "generate/finish.py", "measures", "tone.py"])
def test_the_version_follows_from_the_code(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, digest = offline.version().split()
    assert (name, len(digest)) == ("proportrait-editor", 16)
    assert offline.version() == offline.version.__wrapped__()
    monkeypatch.setattr(offline, "_PLACES", tuple(p for p in offline._PLACES if p != place))
    assert offline.version.__wrapped__() != offline.version()
