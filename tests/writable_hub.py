"""A Hugging Face Hub on the loopback interface that one can publish to.

It speaks the routes that huggingface_hub 2.4 and datasets 5.2 ask for without Xet: repositories
and their settings, tree, preupload, LFS, commits, resolve with byte ranges. It keeps everything in
memory, counts what it is sent, and refuses what it is told to refuse.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from proportrait.publish.publication import blob_id

TOKEN = "hf_a_secret_of_the_tests"
OWNER = "me"
CREATED = "2026-03-04T05:06:07.000Z"
LARGE = (".parquet", ".safetensors")


@dataclass
class Repo:
    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.parquet lfs\n"})
    commits: list[str] = field(default_factory=lambda: ["0" * 40])


class WritableHub:
    """`with WritableHub() as hub:` serves at `hub.address` until the block ends.

    Attributes:
        repos: (kind, name) -> repository.
        objects: SHA-256 -> bytes that came by LFS, committed or not.
        requests: "METHOD route" -> how many came.
        uploads: SHA-256 of what was sent by LFS, in order.
        refuse: gives the status with which a request is refused, or None; before it is looked at.
        on_upload: called after the bytes of an LFS object are kept, before the answer.
    """

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: Counter[str] = Counter()
        self.uploads: list[str] = []
        self.refuse: Callable[[str, str], int | None] = lambda method, path: None
        self.on_upload: Callable[[str], object] = lambda oid: None
        self.lock = threading.Lock()

    def __enter__(self) -> WritableHub:
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Refusal(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        self.status, self.message, self.code = status, message, code


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: WritableHub

    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlparse(self.path).path)
        try:
            with self.hub.lock:
                if status := self.hub.refuse(self.command, path):
                    raise _Refusal(status, "refused by the test")
                self.route(path, body)
        except _Refusal as refusal:
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message}
            self.send(refusal.status, b"{}", {k: v for k, v in headers.items() if v})

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def route(self, path: str, body: bytes) -> None:
        routes: list[tuple[str, str, Callable[..., None]]] = [
            ("POST", r"/api/repos/create", self.create),
            ("POST", r"/api/validate-yaml", lambda _: self.send_json({"errors": []})),
            ("PUT", r"/lfs/(\w+)", self.receive),
            ("POST", r"/(datasets/)?([\w-]+/[\w.-]+)\.git/info/lfs/objects/batch", self.batch),
            ("GET", r"/api/(dataset|model)s/([\w-]+/[\w.-]+)(?:/revision/[^/]+)?", self.info),
            ("GET", r"/api/(dataset|model)s/([\w-]+/[\w.-]+)/tree/[^/]+/?(.*)", self.tree),
            ("POST", r"/api/(dataset|model)s/([\w-]+/[\w.-]+)/paths-info/[^/]+", self.paths),
            ("POST", r"/api/(dataset|model)s/([\w-]+/[\w.-]+)/preupload/main", self.preupload),
            ("POST", r"/api/(dataset|model)s/([\w-]+/[\w.-]+)/commit/main", self.commit),
            ("PUT", r"/api/(dataset|model)s/([\w-]+/[\w.-]+)/settings", self.settings),
            ("GET", r"/(datasets/)?([\w-]+/[\w.-]+)/resolve/[^/]+/(.+)", self.resolve),
        ]
        method = "GET" if self.command == "HEAD" else self.command
        for verb, pattern, work in routes:
            if verb == method and (match := re.fullmatch(pattern, path)):
                self.hub.requests[f"{verb} {work.__name__}"] += 1
                work(body, *match.groups())
                return
        raise _Refusal(404, f"no route {self.command} {path}", "EntryNotFound")

    @property
    def is_owner(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def repo(self, kind: str | None, name: str, *, write: bool = False) -> Repo:
        """The repository; one that is private is not there for others."""
        if self.headers.get("Authorization") and not self.is_owner:
            raise _Refusal(401, "Invalid credentials in Authorization header")
        kind = {"datasets/": "dataset", None: "model"}.get(kind, kind)
        repo = self.hub.repos.get((str(kind), name))
        if repo is None or (repo.private and not self.is_owner):
            raise _Refusal(404, "Repository not found", "RepoNotFound")
        if write and not self.is_owner:
            raise _Refusal(403, "no right to write")
        return repo

    def create(self, body: bytes) -> None:
        wish = json.loads(body)
        if not self.is_owner:
            raise _Refusal(401, "Invalid credentials in Authorization header")
        if wish["organization"] != OWNER:
            raise _Refusal(403, "You don't have the rights to create under this namespace")
        name, kind = f"{wish['organization']}/{wish['name']}", wish.get("type", "model")
        if (kind, name) in self.hub.repos:
            raise _Refusal(409, "You already created this repo")
        self.hub.repos[kind, name] = Repo(wish.get("visibility") == "private")
        self.send_json({"url": f"{self.hub.address}/{kind}s/{name}", "name": name, "id": name})

    def settings(self, body: bytes, kind: str, name: str) -> None:
        self.repo(kind, name, write=True).private = json.loads(body)["visibility"] == "private"
        self.send_json({})

    def info(self, _: bytes, kind: str, name: str) -> None:
        repo = self.repo(kind, name)
        self.send_json({
            "id": name, "sha": repo.commits[-1], "private": repo.private, "tags": [],
            "createdAt": CREATED, "siblings": [{"rfilename": path} for path in repo.files],
            "gated": False, "disabled": False, "downloads": 0, "likes": 0,
        })  # fmt: skip

    def tree(self, _: bytes, kind: str, name: str, folder: str) -> None:
        repo = self.repo(kind, name)
        everything = "recursive=true" in urlparse(self.path).query.lower()
        start = f"{folder}/" if folder else ""
        inside = [path for path in repo.files if path.startswith(start)]
        if folder and not inside:
            raise _Refusal(404, "no such folder", "EntryNotFound")
        names = {start + path.removeprefix(start).partition("/")[0] for path in inside}
        self.send_json([_entry(repo, path) for path in (inside if everything else sorted(names))])

    def paths(self, body: bytes, kind: str, name: str) -> None:
        repo = self.repo(kind, name)
        names = json.loads(body) if body[:1] == b"{" else parse_qs(body.decode())
        known = [path for path in names["paths"] if _is_there(repo, path)]
        self.send_json([_entry(repo, path) for path in known])

    def preupload(self, body: bytes, kind: str, name: str) -> None:
        repo = self.repo(kind, name, write=True)
        modes = []
        for file in json.loads(body)["files"]:
            entry = _entry(repo, file["path"]) if file["path"] in repo.files else {}
            oid = entry.get("lfs", {}).get("oid") or entry.get("oid")
            mode = "lfs" if file["path"].endswith(LARGE) else "regular"
            modes.append(
                {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}
            )
        self.send_json({"files": modes})

    def batch(self, body: bytes, kind: str | None, name: str) -> None:
        self.repo(kind, name, write=True)
        objects: list[dict[str, Any]] = []
        for item in json.loads(body)["objects"]:
            href = f"{self.hub.address}/lfs/{item['oid']}"
            new = {} if item["oid"] in self.hub.objects else {"actions": {"upload": {"href": href}}}
            objects.append({"oid": item["oid"], "size": item["size"], **new})
        self.send_json({"transfer": "basic", "objects": objects})

    def receive(self, body: bytes, oid: str) -> None:
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.objects[oid] = body
        self.hub.uploads.append(oid)
        self.hub.on_upload(oid)
        self.send_json({})

    def commit(self, body: bytes, kind: str, name: str) -> None:
        repo = self.repo(kind, name, write=True)
        head, *operations = map(json.loads, body.splitlines())
        if head["value"].get("parentCommit", repo.commits[-1]) != repo.commits[-1]:
            raise _Refusal(412, "A commit has happened since. Please refresh and try again.")
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "file":
                repo.files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                repo.files[value["path"]] = self.hub.objects[value["oid"]]
            else:
                assert operation["key"] == "deletedFile"
                del repo.files[value["path"]]
        repo.commits.append(hashlib.sha1(b"".join(repo.files.values())).hexdigest())
        folder = "datasets/" if kind == "dataset" else ""
        url = f"{self.hub.address}/{folder}{name}/commit/{repo.commits[-1]}"
        self.send_json({"commitUrl": url, "commitOid": repo.commits[-1]})

    def resolve(self, _: bytes, kind: str | None, name: str, path: str) -> None:
        repo = self.repo(kind, name)
        if path not in repo.files:
            raise _Refusal(404, "no such file", "EntryNotFound")
        data = repo.files[path]
        headers = {"ETag": f'"{blob_id(data)}"', "X-Repo-Commit": repo.commits[-1],
                   "Accept-Ranges": "bytes"}  # fmt: skip
        if span := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            self.send(206, data[first : last + 1], headers)
        else:
            self.send(200, data, headers)

    def send_json(self, value: object) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _is_there(repo: Repo, path: str) -> bool:
    return path in repo.files or any(name.startswith(f"{path}/") for name in repo.files)


def _entry(repo: Repo, path: str) -> dict[str, Any]:
    if path not in repo.files:
        return {"type": "directory", "path": path, "size": 0, "oid": "d" * 40}
    data = repo.files[path]
    entry: dict[str, Any] = {
        "type": "file", "path": path, "size": len(data), "oid": blob_id(data),
    }  # fmt: skip
    if path.endswith(LARGE):
        digest = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"oid": digest, "size": len(data), "pointerSize": 132}
    return entry
