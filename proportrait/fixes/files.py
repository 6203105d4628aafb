"""Crops of picture files, written into a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.commandline import printable
from proportrait.fixes.propose import Fix, fix
from proportrait.fixes.write import save
from proportrait.score import Score, Scorer


@dataclass(frozen=True)
class Saved:
    """The crops of one photo, and which of them were written.

    Attributes:
        path: of the photo.
        fixes: one for each form.
        files: of each the file, or None where there is no crop.
        kept: of each whether a file of that name was there, which stays as it is.
    """

    path: Path
    fixes: tuple[Fix, ...]
    files: tuple[Path | None, ...]
    kept: tuple[bool, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """JSON-ready: what became of each form."""
        rows = []
        for entry, file, is_kept in zip(self.fixes, self.files, self.kept, strict=True):
            if is_kept:
                rows.append({"aspect": entry.aspect, "reason": f"{file} is there already"})
            else:
                rows.append(entry.to_json() | ({"file": str(file)} if file else {}))
        return rows

    def lines(self) -> Iterator[str]:
        """A line for each form; one for all that have no crop for the same reason."""
        reasons = {entry.reason for entry in self.fixes}
        if len(reasons) == 1 and "" not in reasons:
            yield f"{printable(self.path)}: no crop: {printable(reasons.pop())}"
            return
        for entry, file, is_kept in zip(self.fixes, self.files, self.kept, strict=True):
            if file is None:
                form = entry.aspect.replace("x", ":")
                yield f"{printable(self.path)}: no {form} crop: {printable(entry.reason)}"
            elif is_kept:
                yield f"{printable(file)}: is there already, and stays as it is"
            else:
                yield f"{printable(file)}: {_change(entry)}{'; '.join(entry.actions)}"


def fix_file(score: Score, folder: Path, scorer: Scorer) -> Saved:
    """Write NAME_1x1.jpg and NAME_4x5.jpg of a photo; no file is ever replaced.

    Args:
        score: of the photo, with its path.
        folder: which is there.
        scorer: judges the crops.

    Raises:
        StoreError: a crop cannot be written.
    """
    path = Path(score.path)
    fixes = fix(path, scorer, before=score)
    files = [folder / f"{path.stem}_{entry.aspect}.jpg" if entry.data else None for entry in fixes]
    kept = [
        file is not None and not save(entry.data, file)
        for entry, file in zip(fixes, files, strict=True)
    ]
    return Saved(path, fixes, tuple(files), tuple(kept))


def _change(entry: Fix) -> str:
    """Overall marks and framing before and after."""
    before, after = entry.before, entry.after
    if after is None:
        return ""
    marks = " -> ".join("-" if s.overall is None else str(s.overall) for s in (before, after))
    words = [score.words("framing") for score in (before, after)]
    framing = f"framing {words[0]}" if words[0] == words[1] else f"framing {' -> '.join(words)}"
    return f"{marks} of 100, {framing}: "
