"""Stage one against a Gemini server that fails in nine ways: its ledger against that server's book.

    python -m benchmarks.reliability.faults                    2,000 requests, 30 % of which fail
    python -m benchmarks.reliability.faults --requests 200

A stand-in of the server answers on this machine; the SDK, the retries, and the ledger are real,
only waits between tries are short. A first run meets its budget, a second one goes on. Then every
portrait must be made or recorded as failed, none asked for again once its picture came, the dollars
of the ledger must be those of the server's book, and the first run within its budget. Ends with 1
if anything is not so.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.reliability import row
from benchmarks.speed.generation.script import NO_KEY, make_portraits
from proportrait import cli
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS
from proportrait.generate.paid import control
from proportrait.store import RecordStore
from tests.fake_gemini import FakeGemini
from tests.stage_one import gemini, ledger

# Kinds of fault, and whether the picture may have been made, and so charged, all the same.
FAULTS = {
    "429:0.1": False,
    "status:500": False,
    "html": False,
    "finish:NO_IMAGE": False,
    "blocked": False,
    "hang_up": True,
    "truncated": True,
    "garbage": True,
    "silent": True,
}
SHARE = 0.3  # of the requests
PRICE_USD = MODELS[DEFAULT_MODEL].usd["1K"]
_PORTRAITS = 0.75  # of the requests; the others are further tries
_BUDGET = 0.5  # of the first run, of what all requests would cost
_OPTIONS = ("--concurrency", "8", "--timeout", "4", *NO_KEY)


@dataclass
class Tally:
    """What became of all portraits.

    Attributes:
        portraits, requests: how many there were.
        faults: of the server, by kind.
        made, failed: portraits, by the ledger.
        spent_usd, booked_usd: by the ledger, and by the server's book.
        wrong: what is not as it must be.
    """

    portraits: int
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    made: int = 0
    failed: int = 0
    spent_usd: float = 0.0
    booked_usd: float = 0.0
    wrong: list[str] = field(default_factory=list)


def try_faults(folder: Path, requests: int, seed: int = 0) -> Tally:
    """Make portraits with about so many requests, in two runs."""
    tally = Tally(max(2, round(_PORTRAITS * requests)))
    faces = make_portraits(folder / "faces", tally.portraits)
    output, script = folder / "output", _script(2 * requests + 100, seed)
    budget = _BUDGET * requests * PRICE_USD
    command = ["-o", output, "--source_dir", faces, *_OPTIONS]
    with (
        gemini(*script) as server,
        patch.object(control, "BACKOFF_BASE_S", 0.02),
        patch.object(control, "RETRY_AFTER_JITTER_S", 0.02),
    ):
        command += ["--base_url", server.url]
        _generate([*command, "--budget_usd", budget])
        spent = RecordStore(output).spent_usd
        if spent > budget + 1e-6:
            tally.wrong.append(f"${spent:.2f} were spent of a budget of ${budget:.2f}")
        if not 0 < len(ledger(output)) < tally.portraits:
            tally.wrong.append("the first run did not stop at its budget")
        _generate(command)
        _compare(tally, output, server, script)
    return tally


def _script(length: int, seed: int) -> list[str]:
    rng, kinds = np.random.default_rng(seed), list(FAULTS)
    return [
        kinds[rng.integers(len(kinds))] if rng.random() < SHARE else "ok" for _ in range(length)
    ]


def _generate(command: Sequence[object]) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = cli.run("generate", [str(word) for word in command])
    if status not in (0, 1):
        raise RuntimeError(f"the command ended with {status}:\n{printed.getvalue()[-2000:]}")


def _compare(tally: Tally, output: Path, server: FakeGemini, script: Sequence[str]) -> None:
    """Hold the ledger and the pictures against the server's book."""
    book: dict[str, list[str]] = {}
    for behaviour, request in zip(script, server.requests, strict=False):
        book.setdefault(hashlib.sha256(request.body).hexdigest(), []).append(behaviour)
    answers = [answer for line in book.values() for answer in line]
    tally.requests = len(server.requests)
    tally.faults = Counter(answer for answer in answers if answer != "ok")
    charged = sum(answer == "ok" or FAULTS[answer] for answer in answers)
    tally.booked_usd, tally.spent_usd = charged * PRICE_USD, RecordStore(output).spent_usd
    lines = ledger(output)
    tally.made = sum(line["status"] == "done" for line in lines)
    tally.failed = sum(line["status"] == "failed" for line in lines)
    again = sum("ok" in line[:-1] for line in book.values())
    delivered = sum("ok" in line for line in book.values())
    names = [file["name"] for line in lines for file in line.get("files", ())]
    pictures = {path.name for path in (output / "images").iterdir()}
    records = [json.loads(path.read_bytes()) for path in (output / "metadata").iterdir()]
    paid = sum(record["cost_usd"] for record in records)
    by_line = sum(line["cost_usd"] for line in lines if line["status"] == "done")
    checks = {
        f"{len(book)} of {tally.portraits} portraits were asked for": len(book) == tally.portraits,
        f"{tally.made} portraits are made and {tally.failed} recorded as failed, of "
        f"{tally.portraits}": len({line["source_id"] for line in lines})
        == len(lines) == tally.made + tally.failed == tally.portraits,
        f"{delivered} pictures came, {tally.made} portraits are made": delivered >= tally.made,
        f"{again} portraits were asked for again after their picture had come": again == 0,
        f"the ledger says ${tally.spent_usd:.2f}, the server ${tally.booked_usd:.2f}":
            abs(tally.spent_usd - tally.booked_usd) < 1e-6,
        f"the records say ${paid:.2f}, their lines of the ledger ${by_line:.2f}":
            abs(paid - by_line) < 1e-6,
        "the pictures in the folder are not those of the ledger":
            sorted(names) == sorted(pictures)
            == sorted(record["output_filename"] for record in records),
    }  # fmt: skip
    tally.wrong += [complaint for complaint, holds in checks.items() if not holds]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a portrait was lost or paid twice, or the dollars differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        tally = try_faults(Path(folder), options.requests, options.seed)
    for complaint in tally.wrong:
        print(complaint)
    print(_row(options.requests, tally))
    return int(bool(tally.wrong))


def _row(requests: int, tally: Tally) -> str:
    share = tally.faults.total() / tally.requests
    return row(
        f"faults --requests {requests}",
        f"{tally.requests:,} requests, {share:.0%} of which fail in {len(tally.faults)} ways; two "
        f"runs, the first with a budget",
        f"{tally.portraits:,} portraits: {tally.made:,} made, {tally.failed} recorded as failed; "
        f"ledger ${tally.spent_usd:.2f}, server ${tally.booked_usd:.2f}; {len(tally.wrong)} wrong",
    )


if __name__ == "__main__":
    sys.exit(main())
