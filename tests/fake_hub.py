"""A Hugging Face Hub on the loopback interface, with one data set made of a folder's files.

It speaks the few routes that streaming uses (repository info, tree, paths-info, resolve with byte
ranges), as huggingface_hub 2.4 asks for them.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse

COMMIT = "a" * 40
BLOB = "b" * 40


class FakeHub:
    """`with FakeHub(folder, "owner/name") as address:` serves until the block ends."""

    def __init__(self, folder: Path, repo: str) -> None:
        self.repo = repo
        self.files = {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        }
        self.folders = {
            parent.as_posix() for f in self.files for parent in Path(f).parents if parent.name
        }

    def __enter__(self) -> str:
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def entry(self, path: str) -> dict[str, object]:
        if path in self.files:
            return {"type": "file", "path": path, "size": len(self.files[path]), "oid": BLOB}
        return {"type": "directory", "path": path, "size": 0, "oid": BLOB}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""

    def do_GET(self) -> None:
        hub, url = self.hub, urlparse(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        api, _, rest = unquote(url.path).partition(f"/datasets/{hub.repo}")
        if (match := re.fullmatch(r"/resolve/[^/]+/(.+)", rest)) and match[1] in hub.files:
            self.send_file(hub.files[match[1]])
        elif api == "/api" and re.fullmatch(r"(/revision/[^/]+)?", rest):
            siblings = [{"rfilename": f} for f in hub.files]
            info = {"id": hub.repo, "sha": COMMIT, "tags": [], "siblings": siblings}
            self.send_json(info | {"private": False, "gated": False, "disabled": False})
        elif api == "/api" and (match := re.fullmatch(r"/tree/[^/]+/?(.*)", rest)):
            inside = [p for p in (*hub.folders, *hub.files) if p.startswith(match[1])]
            if "recursive=true" not in url.query.lower():
                inside = [p for p in inside if str(Path(p).parent) in (match[1] or ".", match[1])]
            if match[1] in ("", *hub.folders):
                self.send_json([hub.entry(p) for p in inside if p != match[1]])
            else:
                self.send_absent("EntryNotFound")
        elif api == "/api" and rest.startswith("/paths-info/"):
            asked = json.loads(body) if body[:1] == b"{" else parse_qs(body.decode())
            known = [p for p in asked["paths"] if p in hub.files or p in hub.folders]
            self.send_json([hub.entry(p) for p in known])
        else:
            self.send_absent("EntryNotFound" if rest else "RepoNotFound")

    do_HEAD = do_POST = do_GET

    def send_json(self, value: object) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send_absent(self, error: str) -> None:
        self.send(404, b"{}", {"Content-Type": "application/json", "X-Error-Code": error})

    def send_file(self, data: bytes) -> None:
        headers = {"ETag": f'"{BLOB}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if span := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            self.send(206, data[first : last + 1], headers)
        else:
            self.send(200, data, headers)

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
