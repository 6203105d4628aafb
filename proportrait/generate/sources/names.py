"""Names of sources and of files: what portraits of any source are called."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path, PurePosixPath

DEFAULT_DATASET = "marcosv/ffhq-dataset"
SKIN_TONES = ("natural", "even")  # of the built-in faces: as they come, or a third each
STEM_LIMIT = 80  # characters; a whole file name stays far below the 255 that file systems allow
_FINGERPRINT_BLOCK = 65536  # bytes


def escaped(name: str) -> str:
    """The name with bytes that are no UTF-8 written as escapes: ids must be encodable."""
    return name.encode(errors="backslashreplace").decode()


def fingerprint(path: Path) -> str:
    """12 hex digits that name the content of a file: its size, first and last 64 KiB.

    Not the whole file, because every picture of a folder is looked at again at every resume.
    """
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as file:
            digest.update(file.read(_FINGERPRINT_BLOCK))
            if size > _FINGERPRINT_BLOCK:
                file.seek(max(_FINGERPRINT_BLOCK, size - _FINGERPRINT_BLOCK))
                digest.update(file.read())
    except OSError:
        return "unreadable"
    return digest.hexdigest()[:12]


def file_stems(names: list[str]) -> list[str]:
    """One stem for each relative path: the path without its extension, in safe characters.

    A short hash of the path follows where characters were replaced, where the stem was too long,
    or where another path has the same stem (a.jpg and a.png; case does not count).
    """
    plain = [str(PurePosixPath(name).with_suffix("")) for name in names]
    slugs = [slug(name) for name in plain]
    shared = Counter(s.casefold() for s in slugs)
    stems = []
    for name, wanted, safe in zip(names, plain, slugs, strict=True):
        if safe != wanted or shared[safe.casefold()] > 1:
            safe = f"{safe}-{hashlib.sha256(escaped(name).encode()).hexdigest()[:8]}"
        stems.append(safe)
    return stems


def slug(text: str) -> str:
    """The text in [A-Za-z0-9_-], everything else as "-"; at most 71 characters, never empty."""
    safe = re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-_")
    return safe[: STEM_LIMIT - 9].rstrip("-_") or "portrait"
