"""What a repository of the Hub is to hold."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from proportrait.errors import ConfigurationError

Kind = Literal["dataset", "model"]
CARD = "README.md"
HUB = "https://huggingface.co"

# Of `owner/name`, after https://huggingface.co/docs/huggingface_hub/package_reference/utilities.
_REPO = re.compile(r"(?!.*(--|\.\.))[\w-]+/(?![.-])[\w.-]{1,96}(?<![.-])(?<!\.git)", re.ASCII)


@dataclass(frozen=True)
class DataFile:
    """A file on this disk.

    Attributes:
        path: of the file.
        size: bytes.
        sha256: of its bytes, in hex, by which the Hub names large files.
    """

    path: Path
    size: int
    sha256: str

    @classmethod
    def read(cls, path: Path) -> DataFile:
        """Measure a file; reads it once."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path, path.stat().st_size, digest)


@dataclass(frozen=True)
class Publication:
    """The files of one repository.

    Attributes:
        kind: "dataset" or "model".
        repo: `owner/name` on the Hub.
        data: path in the repository -> the file on this disk.
        texts: gives path in the repository -> bytes, for the day of the publication; these go
            last, so that a set that is not complete has no card.
        licence: as the Hub names it.
        cautions: what whoever publishes it should know before, a line each.
    """

    kind: Kind
    repo: str
    data: Mapping[str, DataFile]
    texts: Callable[[datetime.date], Mapping[str, bytes]]
    licence: str
    cautions: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Of its page."""
        return f"{HUB}/{'datasets/' if self.kind == 'dataset' else ''}{self.repo}"


def check_name(repo: str) -> None:
    """Hold a name against the rules of the Hub.

    Raises:
        ConfigurationError: it is no `owner/name`.
    """
    if not _REPO.fullmatch(repo):
        raise ConfigurationError(
            f"{repo!r} is no repository of the Hub: write OWNER/NAME, where the owner is your user "
            f"name or an organisation, and the name has letters, digits, - _ and . alone"
        )


def blob_id(data: bytes) -> str:
    """The name that git, and so the Hub, gives to the bytes of a small file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
