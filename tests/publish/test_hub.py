"""Uploads to a stand-in of the Hub: what is sent, what is not sent again, and what is refused."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import disable_progress_bars

from proportrait.errors import ConfigurationError, FatalError
from proportrait.publish import hub as hub_module
from proportrait.publish.hub import Upload, parts, read_token, upload
from proportrait.publish.publication import DataFile, Publication, blob_id
from tests import ROOT
from tests.writable_hub import CREATED, TOKEN, Repo, WritableHub

NAME = ("dataset", "me/portraits")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[WritableHub]:
    disable_progress_bars()
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in speaks LFS
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with WritableHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def files(folder: Path, count: int = 3) -> dict[str, DataFile]:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number}.parquet").write_bytes(bytes([number]) * 1000)
    return {f"data/{path.name}": DataFile.read(path) for path in sorted(folder.iterdir())}


def publication(folder: Path, repo: str = NAME[1], card: bytes = b"# A card\n") -> Publication:
    def texts(day: datetime.date) -> dict[str, bytes]:
        return {"day.txt": str(day).encode(), "README.md": card}

    return Publication("dataset", repo, files(folder), texts, "mit")


def test_everything_arrives_in_a_private_repository(hub: WritableHub, tmp_path: Path) -> None:
    done = upload(publication(tmp_path), TOKEN)
    assert done == Upload(sent=5, sent_bytes=3019, kept=0, deleted=0)
    repo = hub.repos[NAME]
    assert repo.private
    day = CREATED[:10].encode()  # of the repository, not of today: it stays
    assert repo.files["day.txt"] == day
    assert {path: data for path, data in repo.files.items() if path.startswith("data/")} == {
        f"data/{n}.parquet": bytes([n]) * 1000 for n in range(3)
    }


def test_the_second_time_nothing_is_sent(hub: WritableHub, tmp_path: Path) -> None:
    upload(publication(tmp_path), TOKEN)
    commits, uploads = list(hub.repos[NAME].commits), list(hub.uploads)
    assert upload(publication(tmp_path), TOKEN) == Upload(0, 0, kept=5, deleted=0)
    assert (hub.repos[NAME].commits, hub.uploads) == (commits, uploads)


def test_the_card_comes_with_the_last_part(
    hub: WritableHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "PART_BYTES", 1000)
    lines: list[str] = []
    seen: list[set[str]] = []
    hub.on_upload = lambda oid: seen.append(set(hub.repos[NAME].files))
    upload(publication(tmp_path), TOKEN, say=lines.append)
    assert lines == [
        "part 1 of 3: 1 files, 1,000 bytes",
        "part 2 of 3: 1 files, 1,000 bytes",
        "part 3 of 3: 3 files, 1,019 bytes",
    ]
    assert len(seen[2] - seen[0]) == 2
    assert not any("README.md" in names for names in seen)
    assert len(hub.repos[NAME].commits) == 4


def test_parts_hold_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "PART_BYTES", 10)
    monkeypatch.setattr(hub_module, "PART_FILES", 2)
    sizes = {"a": 5, "b": 5, "c": 1, "d": 1, "e": 1, "f": 99, "g": 1}
    content: Mapping[str, DataFile | bytes] = {
        **{name: DataFile(Path(name), size, "") for name, size in sizes.items()}, "card": b"x" * 50,
    }  # fmt: skip
    assert parts(content) == [["a", "b"], ["c", "d"], ["e"], ["f"], ["g", "card"]]
    assert parts({}) == []


KILLED = """
import sys
from pathlib import Path
from proportrait.publish import hub
from proportrait.publish.publication import DataFile, Publication
hub.PART_BYTES = 1000
data = {f"data/{p.name}": DataFile.read(p) for p in sorted(Path(sys.argv[1]).iterdir())}
texts = {"day.txt": b"2026-03-04", "README.md": b"# A card\\n"}
hub.upload(Publication("dataset", "me/portraits", data, lambda _: texts, "mit"), sys.argv[2])
"""


def test_a_killed_upload_goes_on_and_sends_nothing_twice(
    hub: WritableHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 after the bytes of the second part have arrived, before its commit."""
    files(tmp_path)
    sender: list[subprocess.Popen[bytes]] = []

    def end(_: str) -> None:
        if len(hub.uploads) == 2:
            os.kill(sender[0].pid, signal.SIGKILL)
            sender[0].wait()

    hub.on_upload = end
    settings = {"HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    with hub.lock:  # no request is answered until its process is known here
        sender.append(
            subprocess.Popen(
                [sys.executable, "-c", KILLED, str(tmp_path), TOKEN],
                cwd=ROOT,
                env=os.environ | settings,
                stderr=subprocess.DEVNULL,
            )
        )
    assert sender[0].wait(120) == -signal.SIGKILL
    repo = hub.repos[NAME]
    assert sorted(repo.files) == [".gitattributes", "data/0.parquet"]
    assert repo.private
    hub.on_upload = lambda _: None
    monkeypatch.setattr(hub_module, "PART_BYTES", 1000)
    assert upload(publication(tmp_path), TOKEN).kept == 1
    assert len(repo.files) == 6
    assert len(hub.uploads) == len(set(hub.uploads)) == 3


def test_public_only_when_it_is_complete(hub: WritableHub, tmp_path: Path) -> None:
    private: list[bool] = []
    hub.on_upload = lambda _: private.append(hub.repos[NAME].private)
    upload(publication(tmp_path), TOKEN, public=True)
    assert private == [True, True, True]
    assert not hub.repos[NAME].private
    with pytest.raises(ConfigurationError, match="is public: say --public if"):
        upload(publication(tmp_path), TOKEN)


def test_other_content_stays_unless_it_is_to_be_replaced(hub: WritableHub, tmp_path: Path) -> None:
    other = {".gitattributes": b"", "mine.txt": b"x", "README.md": b"of mine"}
    hub.repos[NAME] = Repo(private=True, files=dict(other))
    with pytest.raises(ConfigurationError, match=r"\(README\.md, mine\.txt\).* say --replace"):
        upload(publication(tmp_path), TOKEN)
    assert hub.repos[NAME].files == other
    assert upload(publication(tmp_path), TOKEN, replace=True) == Upload(5, 3019, 0, deleted=1)
    names = {".gitattributes", "README.md", "day.txt", *(f"data/{n}.parquet" for n in range(3))}
    assert set(hub.repos[NAME].files) == names
    assert hub.repos[NAME].files["README.md"] == b"# A card\n"


def test_a_repository_that_only_holds_more_is_cut_back(hub: WritableHub, tmp_path: Path) -> None:
    upload(publication(tmp_path), TOKEN)
    hub.repos[NAME].files["old.txt"] = b"x"
    assert upload(publication(tmp_path), TOKEN, replace=True) == Upload(0, 0, kept=5, deleted=1)
    assert "old.txt" not in hub.repos[NAME].files


@pytest.mark.parametrize(
    ("token", "repo", "error", "words"),
    [
        ("hf_wrong", "me/portraits", ConfigurationError, "does not know the token"),
        (TOKEN, "others/portraits", ConfigurationError, "may not write to others/portraits"),
    ],
)
def test_a_token_without_the_right(
    hub: WritableHub, tmp_path: Path, token: str, repo: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        upload(publication(tmp_path, repo), token)
    assert token not in str(caught.value)
    assert hub.repos == {}
    assert hub.uploads == []


@pytest.mark.parametrize(
    ("route", "status", "words"),
    [
        ("/commit/", 412, "somebody else has changed me/portraits meanwhile"),
        ("/commit/", 507, "refuses for now .HTTP 507: refused by the test.: wait some minutes"),
        ("/lfs/", 403, "may not write to me/portraits"),
        ("/tree/", 404, "whether the token may see it"),
    ],
)
def test_what_the_hub_refuses_is_explained(
    hub: WritableHub, tmp_path: Path, route: str, status: int, words: str
) -> None:
    hub.refuse = lambda method, path: status if route in path else None
    with pytest.raises((ConfigurationError, FatalError), match=words):
        upload(publication(tmp_path), TOKEN)
    hub.refuse = lambda method, path: None
    upload(publication(tmp_path), TOKEN)
    assert len(hub.repos[NAME].files) == 6


def test_offline(hub: WritableHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(FatalError, match=r"cannot be reached at http://127.*run the same comm"):
            upload(publication(tmp_path), TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigurationError, match="HF_HUB_OFFLINE is set: unset it"):
        upload(publication(tmp_path), TOKEN)


def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("HF_TOKEN", "hf_environment")
    assert read_token(None) == "hf_environment"
    (tmp_path / "token").write_text("hf_file\n")
    assert read_token(tmp_path / "token") == "hf_file"
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ConfigurationError, match=r"no token .* into HF_TOKEN, or into a file"):
        read_token(None)
    with pytest.raises(ConfigurationError, match=r"cannot be read from .*absent: No such file"):
        read_token(tmp_path / "absent")
    (tmp_path / "token").write_text("two words")
    with pytest.raises(ConfigurationError, match="one word of printable ASCII") as caught:
        read_token(tmp_path / "token")
    assert "two words" not in str(caught.value)


def test_the_name_of_a_blob_is_that_of_git() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
