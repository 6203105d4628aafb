"""A fake of Gemini's Batch and Files APIs, for tests and for benchmarks in a process of its own.

    server = FakeBatches(
        lines={"face_000": ["status:503", "ok"]},   # the first job that asks for it, the second
        creates=["made:status:500"],                # of the first call: created, then an error
        ends=["EXPIRED", "CANCELLED:0.5"],          # of the first job, the second
    )

A line is answered by a behaviour of `fake_gemini.BEHAVIOURS`, or is `missing` from the results,
`corrupt`, or there `twice`. A create call is `ok`; a behaviour, which creates nothing; `made:` and
a behaviour, which creates the job and answers so; `hidden:S:` and a behaviour, the same, but the
job is listed S seconds later; or `late:S:` and a behaviour, which answers so and creates the job S
seconds later, if its file is still there. A job ends `SUCCEEDED`, `FAILED`, `CANCELLED`, `EXPIRED`,
or `PARTIALLY_SUCCEEDED`, after a colon with the share of its lines that was answered. Every API key
is an account of its own; `paid` counts the pictures of a line.

As a process (its first line of output is its address; GET /accounts tells what was paid for):

    python -m tests.fake_batches --seconds 0.2 --faults 0.3 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fake_gemini import BEHAVIOURS, Answer, FakeGemini, Json, Seen, error

# HTTP status -> code of google.rpc.Status, which a line of results has.
RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14, 504: 4}
PAGE = 2  # jobs of one listing, so that there are several pages
# What a faulty server may do with a line and with a create call.
LINE_FAULTS = ("status:503", "429", "finish:NO_IMAGE", "blocked", "missing", "corrupt", "twice")
CREATE_FAULTS = (
    "429", "status:503", "hang_up", "made:429", "made:status:500", "made:hang_up",
    "late:0.1:hang_up", "late:0.1:status:500", "hidden:0.1:429", "hidden:0.1:hang_up",
)  # fmt: skip


@dataclass
class Batch:
    """One job."""

    id: str
    name: str
    model: str
    requests: list[Json]
    created: float
    end: str
    state: str = "PENDING"
    results: str = ""
    hidden_s: float = 0.0


@dataclass
class Account:
    """What one API key has: files by name, jobs by id, and pictures by key of the line."""

    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)


class FakeBatches(FakeGemini):
    """See the module; online requests are answered as by `FakeGemini`.

    Attributes:
        accounts: by API key.
        down: requests that are still to be answered with status 503.
    """

    def __init__(
        self,
        script: Iterable[str] = (),
        *,
        lines: Mapping[str, Sequence[str]] | None = None,
        creates: Iterable[str] = (),
        ends: Iterable[str] = (),
        seconds: float = 0.0,
        shuffled: bool = False,
        forgetful: bool = False,
        faults: float = 0.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(script, **options)
        self.accounts: dict[str, Account] = {}
        self.down = 0
        self._lines = lines or {}
        self._creates = list(creates)
        self._ends = list(ends)
        self._seconds = seconds
        self._shuffled = shuffled
        self._forgetful = forgetful  # results are gone when one comes for them
        self._faults = faults
        self._rng = random.Random(seed)
        self._sessions: dict[str, tuple[Account, str, bytes]] = {}
        self._later: set[asyncio.Task[None]] = set()

    @property
    def paid(self) -> Counter[str]:
        """Pictures by key of the line, over all accounts."""
        return sum((account.paid for account in self.accounts.values()), Counter())

    @property
    def batches(self) -> list[Batch]:
        """Every job, oldest first."""
        return [batch for account in self.accounts.values() for batch in account.batches.values()]

    async def _answer(self, behaviour: str, seen: Seen) -> Answer:
        if seen.path.endswith(":generateContent"):
            return await super()._answer(behaviour, seen)
        url = urlsplit(seen.path)
        if self.down:
            self.down -= 1
            return error(503, "UNAVAILABLE", "The service is down.")
        if url.path == "/accounts":
            return _json({key: {"paid": a.paid} for key, a in self.accounts.items()})
        if url.path.startswith("/session/"):
            return self._upload(url.path, seen)
        account = self.accounts.setdefault(seen.headers["x-goog-api-key"], Account())
        for batch in account.batches.values():
            self._advance(account, batch)
        match seen.method, url.path.strip("/").split("/"):
            case "POST", ["upload", _, "files"]:
                return self._begin(account, seen)
            case "DELETE", [_, "files", name]:
                return _json({}) if account.files.pop(f"files/{name}", None) is not None else GONE
            case "GET", [version, "files", _] if version != "download":
                return Answer(status=302, headers={"Location": f"/download{seen.path}"})
            case "GET", ["download", _, "files", name]:
                data = account.files.get("files/" + name.removesuffix(":download"))
                return GONE if data is None else Answer(data)
            case "POST", [_, "models", method] if method.endswith(":batchGenerateContent"):
                return await self._create(account, seen)
            case "GET", [_, "batches"]:
                start = int(parse_qs(url.query).get("pageToken", ["0"])[0])
                now = time.monotonic()
                every = [b for b in account.batches.values() if now > b.created + b.hidden_s][::-1]
                listing: Json = {"operations": [_operation(b) for b in every[start : start + PAGE]]}
                if start + PAGE < len(every):
                    listing["nextPageToken"] = str(start + PAGE)
                return _json(listing)
            case "GET", [_, "batches", id_] if f"batches/{id_}" in account.batches:
                return _json(_operation(account.batches[f"batches/{id_}"]))
            case "POST", [_, "batches", id_] if id_.endswith(":cancel"):
                batch = account.batches["batches/" + id_.removesuffix(":cancel")]
                batch.end, batch.created = "CANCELLED:0.5", -1e9
                return _json({})
        return error(404, "NOT_FOUND", f"Requested entity was not found: {url.path}")

    def _begin(self, account: Account, seen: Seen) -> Answer:
        """The start of a resumable upload."""
        name = seen.json["file"]["name"]
        if name in account.files:
            return error(409, "ALREADY_EXISTS", f"{name} exists")
        assert seen.headers["x-goog-upload-protocol"] == "resumable"
        path = f"/session/{len(self._sessions)}"
        self._sessions[path] = account, name, b""
        headers = {"X-Goog-Upload-URL": self.url + path, "X-Goog-Upload-Status": "active"}
        return Answer(b"{}", headers=headers)

    def _upload(self, path: str, seen: Seen) -> Answer:
        account, name, data = self._sessions[path]
        assert int(seen.headers["x-goog-upload-offset"]) == len(data)
        data += seen.body
        self._sessions[path] = account, name, data
        if "finalize" not in seen.headers["x-goog-upload-command"]:
            return Answer(b"{}", headers={"X-Goog-Upload-Status": "active"})
        account.files[name] = data
        body = json.dumps({"file": {"name": name, "sizeBytes": str(len(data))}})
        return Answer(body.encode(), headers={"X-Goog-Upload-Status": "final"})

    async def _create(self, account: Account, seen: Seen) -> Answer:
        behaviour = self._creates.pop(0) if self._creates else "ok"
        if self._rng.random() < self._faults:
            behaviour = self._rng.choice(CREATE_FAULTS)
        kind, _, rest = behaviour.partition(":")
        if kind == "late":
            seconds, _, rest = rest.partition(":")
            later = asyncio.create_task(self._create_later(float(seconds), account, seen))
            self._later.add(later)
        elif kind in ("ok", "made", "hidden"):
            seconds, _, rest = rest.partition(":") if kind == "hidden" else ("0", "", rest)
            answer = self._created(account, seen, float(seconds))
            if kind == "ok" or answer.status != 200:
                return answer
        else:
            rest = behaviour
        name, _, argument = rest.partition(":")
        return BEHAVIOURS[name](seen, argument)

    async def _create_later(self, seconds: float, account: Account, seen: Seen) -> None:
        await asyncio.sleep(seconds)
        self._created(account, seen)

    def _created(self, account: Account, seen: Seen, hidden_s: float = 0.0) -> Answer:
        body = seen.json["batch"]
        data = account.files.get(body["inputConfig"]["fileName"])
        if data is None:
            return error(404, "NOT_FOUND", "the file of the requests does not exist")
        id_ = "batches/" + hashlib.sha256(f"{len(self.batches)}".encode()).hexdigest()[:24]
        account.batches[id_] = batch = Batch(
            id_,
            body["displayName"],
            seen.model,
            [json.loads(line) for line in data.splitlines()],
            time.monotonic(),
            self._ends.pop(0) if self._ends else "SUCCEEDED",
            hidden_s=hidden_s,
        )
        return _json(_operation(batch))

    def _advance(self, account: Account, batch: Batch) -> None:
        """Let a job do what it has done by now."""
        age = time.monotonic() - batch.created
        if batch.state not in ("PENDING", "RUNNING") or age < self._seconds / 2:
            return
        if age < self._seconds:
            batch.state = "RUNNING"
            return
        batch.state, _, share = batch.end.partition(":")
        default = 1.0 if batch.state in ("SUCCEEDED", "PARTIALLY_SUCCEEDED") else 0.0
        answered = round(float(share or default) * len(batch.requests))
        if answered:
            lines = []
            for request in batch.requests[:answered]:
                lines += self._line(account, batch, request)
            if self._shuffled:
                self._rng.shuffle(lines)
            batch.results = f"files/results-{batch.id.partition('/')[2]}"
            if not self._forgetful:
                account.files[batch.results] = "".join(f"{line}\n" for line in lines).encode()

    def _line(self, account: Account, batch: Batch, line: Json) -> list[str]:
        """What the results hold of one request: mostly one line."""
        key = line["key"]
        script = [*self._lines.get(key, ())][account.asked[key] :]
        behaviour = script[0] if script else self._default
        if self._rng.random() < self._faults:
            behaviour = self._rng.choice(LINE_FAULTS)
        account.asked[key] += 1
        name, _, argument = behaviour.partition(":")
        is_lost = name in ("missing", "corrupt", "twice")
        if is_lost:
            name, _, argument = self._default.partition(":")
        path = f"/v1beta/models/{batch.model}:generateContent"
        reply = BEHAVIOURS[name](Seen(path, {}, json.dumps(line["request"]).encode()), argument)
        body = json.loads(reply.body)
        account.paid[key] += b'"inlineData"' in reply.body
        if reply.status == 200:
            text = json.dumps({"key": key, "response": body})
        else:
            status = {**body["error"], "code": RPC_CODES[reply.status]}
            text = json.dumps({"key": key, "error": status})
        if not is_lost:
            return [text]
        return {"missing": [], "corrupt": [text[: len(text) // 2]], "twice": [text, text]}[
            behaviour.partition(":")[0]
        ]


# The Files API does not tell a file that is not there from one of somebody else.
GONE = error(403, "PERMISSION_DENIED", "You do not have permission, or it may not exist.")


def _json(body: Any) -> Answer:
    return Answer(json.dumps(body).encode())


def _operation(batch: Batch) -> Json:
    metadata: Json = {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "model": f"models/{batch.model}",
        "displayName": batch.name,
        "createTime": "2026-11-29T12:00:00.000000Z",
        "updateTime": "2026-11-29T12:00:00.000000Z",
        "batchStats": {"requestCount": str(len(batch.requests))},
        "state": f"BATCH_STATE_{batch.state}",
    }
    if batch.results:
        metadata["output"] = {"responsesFile": batch.results}
    return {"name": batch.id, "metadata": metadata}


async def _main(arguments: argparse.Namespace) -> None:
    server = FakeBatches(
        default="echo",
        seconds=arguments.seconds,
        shuffled=True,
        faults=arguments.faults,
        seed=arguments.seed,
        record=False,
    )
    async with server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake of Gemini's Batch API.")
    parser.add_argument("--seconds", type=float, default=0.0, help="that a job takes")
    parser.add_argument("--faults", type=float, default=0.0, help="share of lines and create calls")
    parser.add_argument("--seed", type=int, default=0)
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
