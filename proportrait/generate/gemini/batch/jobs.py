"""Batch jobs of an output folder, as they are written down in its `batches/`.

NAME.json           the job: its id at the service, and what each of its requests asked for
NAME.jsonl          its requests as they are uploaded, until the job is created
NAME.results.jsonl  its results as they came, until they are records
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from proportrait.disk import disk_errors, replace_file, sync
from proportrait.errors import StoreError
from proportrait.generate.base import GenerationRequest, Portrait
from proportrait.labels import LabelVector
from proportrait.store.ledger import JOBS
from proportrait.store.records import Record

_PREFIX = "proportrait-"  # of the name of every job


@dataclass(frozen=True)
class Line:
    """One request of a job: all that its record needs, but for the picture. It is a `SourceItem`.

    Attributes:
        source_id, filename: of the source portrait.
        stem: start of the names of its files, unique in the output folder; the key of the line.
        labels, known: six bits each; see `GenerationRequest` and `Prompt`.
        prompt, seed: of the request.
        tries: jobs that asked for it, this one included.
    """

    source_id: str
    stem: str
    filename: str
    labels: str
    known: str
    prompt: str
    seed: int
    tries: int = 1

    @property
    def request(self) -> GenerationRequest:
        """What the line asked for."""
        return GenerationRequest(self, LabelVector.from_code(self.labels), self.prompt, self.seed)

    def record(self, extension: str) -> Record:
        """What tells that a run has the options which the line was asked for with."""
        labels = LabelVector.from_code(self.labels)
        return Record(
            self.stem + extension, self.filename, self.source_id, labels, labels,
            LabelVector.from_code(self.known), prompt_text=self.prompt, generation_seed=self.seed,
        )  # fmt: skip

    def open(self) -> Portrait:
        """Its picture is in the source alone."""
        raise ValueError("a line of a batch job holds no picture")


@dataclass
class Job:
    """One job.

    Attributes:
        name: ours; the service shows it as the display name.
        model: that its pictures are made by.
        price_usd: of one picture.
        lines: its requests.
        uploads: how often its requests were uploaded, each time as a file of another name.
        is_asked: whether the service may have been asked to create it.
        id: the service's name of it, "" until it is known.
        state, since: the state that the service told last, and when that was first seen (ISO 8601).
    """

    name: str
    model: str
    price_usd: float
    lines: Sequence[Line]
    uploads: int = 0
    is_asked: bool = False
    id: str = ""
    state: str = ""
    since: str = ""

    @property
    def file(self) -> str:
        """Name of the uploaded file; the service takes 40 of a-z, 0-9, and dashes."""
        return f"files/{self.name}-{self.uploads}"


class Jobs:
    """The `batches/` of an output folder. Its owner holds the lock of the folder."""

    def __init__(self, output: Path) -> None:
        self.path = output / JOBS

    def new_name(self) -> str:
        """A name that no other job has, here or at the service."""
        return f"{_PREFIX}{uuid.uuid4().hex[:12]}"

    def requests(self, name: str) -> Path:
        """The file of a job's requests."""
        return self.path / f"{name}.jsonl"

    def results(self, job: Job) -> Path:
        """The file of a job's results."""
        return self.path / f"{job.name}.results.jsonl"

    def read(self) -> list[Job]:
        """Every job that is not settled, oldest first.

        Raises:
            StoreError: one cannot be read.
        """
        with disk_errors(self.path):
            paths = sorted(self.path.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
            return [_job(path) for path in paths]

    def tidy(self) -> None:
        """Remove what a killed run left: files of no job, and a folder without any."""
        if not self.path.is_dir():
            return
        with disk_errors(self.path):
            names = {path.stem for path in self.path.glob("*.json")}
            for path in self.path.glob(f"*{_PREFIX}*"):
                if path.name.lstrip(".").partition(".")[0] not in names:
                    path.unlink()
            if not any(self.path.iterdir()):
                self.path.rmdir()

    def write(self, job: Job) -> None:
        """Write a job down, and wait until it is on the disk.

        Raises:
            StoreError: it cannot be written.
        """
        with disk_errors(self.path):
            data = json.dumps(asdict(job), ensure_ascii=False, indent=1)
            replace_file(self.path / f"{job.name}.json", data.encode())

    def remove(self, job: Job) -> None:
        """Forget a job, all of whose lines are settled."""
        with disk_errors(self.path):
            for end in (".json", ".jsonl", ".results.jsonl"):
                (self.path / (job.name + end)).unlink(missing_ok=True)
            sync(self.path)
        self.tidy()


def _job(path: Path) -> Job:
    try:
        data = json.loads(path.read_bytes())
        job = Job(**{field.name: data[field.name] for field in fields(Job)})
        job.lines = [Line(**line) for line in job.lines]  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} is damaged: it holds a batch job that may be paid for. Put it back from a "
            f"backup, or delete it and give the job's requests up"
        ) from error
    return job
