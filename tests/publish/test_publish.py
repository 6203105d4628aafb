"""`proportrait publish`, from the command to what others download."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants, snapshot_download
from huggingface_hub.utils import disable_progress_bars

from proportrait import cli
from proportrait.imaging import decode
from proportrait.labels import KEYS
from proportrait.store import RecordStore
from proportrait.store.export import splits
from tests.store_samples import commit_all
from tests.writable_hub import TOKEN, WritableHub


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    commit_all(tmp_path / "output", 8, threads=1)
    return RecordStore(tmp_path / "output")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WritableHub]:
    disable_progress_bars()
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    with WritableHub() as server:
        for name, value in {
            "ENDPOINT": server.address, "HF_HUB_DISABLE_XET": True, "HF_HUB_OFFLINE": False,
            "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_TOKEN_PATH": str(tmp_path / "no-token"),
            "HUGGINGFACE_CO_URL_TEMPLATE":
                server.address + "/{repo_id}/resolve/{revision}/{filename}",
        }.items():  # fmt: skip
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.address)
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server
    datasets.enable_progress_bars()


def publish(*words: object) -> int:
    return cli.run("publish", [*map(str, words), "--to", "hub", "me/portraits"])


def test_what_was_published_can_be_loaded(
    hub: WritableHub, store: RecordStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import datasets

    assert publish(store.path) == 0
    output = capsys.readouterr()
    assert output.out.splitlines()[0].startswith("sent        5 files of ")
    assert output.out.endswith(
        "published   https://huggingface.co/datasets/me/portraits (private)\n"
    )
    assert "mind        the licence is that of the portraits" in output.err
    loaded: Any = datasets.load_dataset("me/portraits", token=TOKEN, cache_dir=str(tmp_path / "c"))
    parts = splits(list(store.records()))
    assert {name: len(rows) for name, rows in loaded.items()} == {
        name: len(part) for name, part in parts.items()
    }
    for name, part in parts.items():
        for row, record in zip(loaded[name], part, strict=True):
            assert row["sha256"] == record.sha256
            picture = decode((store.images / record.output_filename).read_bytes())
            assert np.array_equal(np.asarray(row["image"].convert("RGB")), picture)
            bits = [int(record.labels[key]) if record.known[key] else None for key in KEYS]
            assert [row[key] for key in KEYS] == bits

    folder = Path(snapshot_download("me/portraits", repo_type="dataset", token=TOKEN))
    card = (folder / "README.md").read_text()
    assert publish(store.path, "--dry_run") == 0
    assert card in capsys.readouterr().out

    assert publish(store.path, "--public") == 0
    assert "sent        0 files of 0 bytes; 5 were there already" in capsys.readouterr().out
    assert not hub.repos["dataset", "me/portraits"].private
    assert TOKEN not in output.out + output.err


def test_a_dry_run_touches_no_network(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a dry run has no business in the network")

    monkeypatch.setattr(socket.socket, "connect", fail)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert publish(store.path, "--dry_run", "--public") == 0
    text = capsys.readouterr().out
    size = (store.path / "export/parquet/data/train-00000-of-00001.parquet").stat().st_size
    assert f"{size:,}  data/train-00000-of-00001.parquet" in text
    assert "visibility  public, once it is complete" in text
    assert "licence     other" in text
    assert "## Known faults" in text
    assert text.endswith("Nothing was sent. The same command without --dry_run sends it.\n")
    assert TOKEN not in text


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["output", "--to", "disk", "me/a"], "--to hub OWNER/NAME is expected, not 'disk'"),
        (["--to", "hub", "me/a"], "name the folder of a data set, or --model FILE, or both"),
        (["output", "--to", "hub", "a"], "'a' is no repository of the Hub: write OWNER/NAME"),
    ],
)
def test_wrong_options(words: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run("publish", words) == 2
    assert error in capsys.readouterr().err


def test_without_a_token_nothing_is_asked(
    hub: WritableHub, store: RecordStore, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.delenv("HF_TOKEN")
    assert publish(store.path) == 2
    assert "error: no token of the Hugging Face Hub" in capsys.readouterr().err
    assert not hub.requests
