"""What is known of an output folder without opening its files: a ledger and two listings."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from proportrait.errors import StoreError
from proportrait.store.ledger import Entry
from proportrait.store.records import json_name, source_stem, unique_stems


class Index:
    """The last entry of every source, whose each name is, and which files are gone.

    All methods are thread-safe.

    """

    def __init__(self, path: Path, entries: Iterable[Entry] = ()) -> None:
        """Take over entries, oldest first, and list images/ and metadata/ of the folder `path`.

        Raises:
            OSError: a folder cannot be listed.
        """
        self.path = path
        self._settled_usd = 0.0
        self._pending: dict[str, Entry] = {}  # by source_id: what is not settled yet
        self._entries: dict[str, Entry] = {}
        self._owners: dict[str, str] = {}  # name in images/ -> source_id
        self._stems: dict[str, str] = {}  # casefolded -> source_id, "" for files we did not make
        self._missing: dict[str, list[Path]] = {}
        self._guard = threading.RLock()
        for entry in entries:
            self.add(entry)
        self._compare(names(path / "images"), names(path / "metadata"))

    def _compare(self, images: set[str], jsons: set[str]) -> None:
        ours = self._owners.keys() | {json_name(name) for name in self._owners}
        for name in (images | jsons) - ours:
            self._stems.setdefault(source_stem(name).casefold(), "")
        for source_id, entry in self._entries.items():
            made = [name for name, _ in entry.files]
            gone = [self.path / "images" / name for name in made if name not in images]
            gone += [self.path / "metadata" / n for n in map(json_name, made) if n not in jsons]
            if gone:
                self._missing[source_id] = gone

    def add(self, entry: Entry) -> None:
        """Take over an entry that was written to the ledger."""
        with self._guard:
            if entry.status == "pending":
                self._pending[entry.source_id] = entry
                return
            self._pending.pop(entry.source_id, None)
            self._settled_usd += entry.cost_usd
            if entry.is_money:
                return
            self._entries[entry.source_id] = entry
            self._missing.pop(entry.source_id, None)
            self._owners.update((name, entry.source_id) for name, _ in entry.files)
            for stem in (entry.stem, *(source_stem(name) for name, _ in entry.files)):
                self._stems.setdefault(stem.casefold(), entry.source_id)

    @property
    def spent_usd(self) -> float:
        """Cost of all sources over all runs, with failures and requests whose end is unknown."""
        with self._guard:
            return self._settled_usd + sum(entry.cost_usd for entry in self._pending.values())

    def pending(self) -> list[Entry]:
        """The last entry of every source whose requests are not settled, nor in a batch job."""
        with self._guard:
            return [entry for entry in self._pending.values() if not entry.job]

    def jobs(self) -> dict[str, Entry]:
        """source_id -> the entry that names the batch job of its request."""
        with self._guard:
            return {key: entry for key, entry in self._pending.items() if entry.job}

    def replace(self, entry: Entry) -> None:
        """As `add`, and names that the source has no longer are free again."""
        with self._guard:
            for name, _ in self._entries[entry.source_id].files:
                self._owners.pop(name, None)
            self.add(entry)

    def __getitem__(self, source_id: str) -> Entry:
        """The last entry of a source.

        Raises:
            StoreError: there is none.
        """
        with self._guard:
            if source_id not in self._entries:
                raise StoreError(f"{self.path}/ledger.jsonl does not name the source {source_id}")
            return self._entries[source_id]

    def get(self, source_id: str) -> Entry | None:
        """The last entry of a source, or None of one that is new or whose files are gone."""
        with self._guard:
            return None if source_id in self._missing else self._entries.get(source_id)

    def owner(self, name: str) -> str | None:
        """The source that a picture in images/ is of, or None if the ledger does not say."""
        return self._owners.get(name)

    def check_names(self, source_id: str, names: Sequence[str]) -> None:
        """Refuse names that the pictures of a source cannot have.

        Raises:
            ValueError: there is none, two are alike, or one leads out of images/.
            StoreError: a file of one of these names is someone else's.
        """
        if not names or len({json_name(name) for name in names}) < len(names):
            raise ValueError(f"the pictures of a source need one name each, not {names}")
        for name in names:
            if PurePath(name).name != name or name.endswith(".json"):
                raise ValueError(f"{name!r} is no name of a picture in images/")
            if self.owner(name) == source_id:
                continue
            for path in (self.path / "images" / name, self.path / "metadata" / json_name(name)):
                if path.exists():
                    raise StoreError(
                        f"{path} is there already and belongs to another source: "
                        f"move it away, or name another output folder"
                    )

    def unique_stem(self, source_id: str, stem: str) -> str:
        """Reserve `stem` for a source, or with a part of the sha256 of `source_id` behind it.

        Raises:
            StoreError: all of these are someone else's.
        """
        with self._guard:
            for unique in unique_stems(source_id, stem):
                if self._stems.setdefault(unique.casefold(), source_id) == source_id:
                    return unique
        raise StoreError(f"no free name for {stem} in {self.path}")

    def failures(self) -> list[Entry]:
        """The last entry of every source whose last try failed or was rejected."""
        with self._guard:
            return [entry for entry in self._entries.values() if entry.status != "done"]

    def missing(self) -> dict[str, list[Path]]:
        """Files of finished sources that are not there, by source_id."""
        with self._guard:
            return dict(self._missing)

    def counts(self) -> dict[str, int]:
        """Numbers of sources done, failed, rejected, and missing, and of pictures in place."""
        counts = dict.fromkeys(("done", "failed", "rejected", "missing", "pictures"), 0)
        with self._guard:
            for source_id, entry in self._entries.items():
                if source_id in self._missing:
                    counts["missing"] += 1
                else:
                    counts[entry.status] += 1
                    counts["pictures"] += len(entry.files)
        return counts


def names(folder: Path) -> set[str]:
    """What a folder holds; nothing where there is none."""
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
