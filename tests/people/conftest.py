from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people.samples import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path)
    yield folder
    folder.index.close()
