"""A local server that answers as Google Drive does: folders, files, consent, ranges, and quota."""

from __future__ import annotations

import hashlib
import re
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from proportrait.download import PUBLISHED

_GOOGLE = re.compile(r"https://(drive|docs)\.google\.com|https://drive\.usercontent\.google\.com")
_QUOTA = (
    '<html><p class="uc-error-subcaption">Too many users have viewed or downloaded this file '
    "recently. Please try accessing the file again later.</p></html>"
)
_CONSENT = (
    '<html><form id="download-form" action="https://drive.usercontent.google.com/download" '
    'method="get"><input type="hidden" name="id" value="{id}"><input type="hidden" '
    'name="confirm" value="t"></form></html>'
)


def identity(path: str) -> str:
    """The id of a file or folder; that of the top folder is the published one."""
    if path in ("", "."):
        return PUBLISHED.rpartition("/")[2]
    return hashlib.sha256(path.encode()).hexdigest()[:33]


class FakeDrive:
    """The published folder with other files; use it in a `with` block.

    Attributes:
        files: bytes by path.
        asks_for_consent: answer with a page first, as for large files.
        breaks_after: bytes, after which a connection breaks that asks for no range.
        refuses_ranges: end the connections that ask for one.
        quota: files that are sent before all others are refused; None for all.
        listed, sent, ranges: ids of folders, paths of files, and ranges that were asked for.
        refused: number of files that were refused for quota.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asks_for_consent = self.refuses_ranges = False
        self.breaks_after: int | None = None
        self.quota: int | None = None
        self.refused = 0
        self.listed: list[str] = []
        self.sent: list[str] = []
        self.ranges: list[str] = []
        handler = type("Handler", (_Handler,), {"drive": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> FakeDrive:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def stand_in_for_google(self, patch: pytest.MonkeyPatch) -> None:
        """Send here what is meant for Google, and nothing anywhere else."""
        send = requests.adapters.HTTPAdapter.send
        here = f"http://127.0.0.1:{self._server.server_port}"

        def redirected(
            adapter: object, request: requests.PreparedRequest, **more: object
        ) -> requests.Response:
            meant = str(request.url)
            assert _GOOGLE.match(meant), f"nobody may ask {meant}"
            request.url = _GOOGLE.sub(here, meant)
            response: requests.Response = send(adapter, request, **more)
            response.url = meant
            return response

        patch.setattr(requests.adapters.HTTPAdapter, "send", redirected)
        # No waits between the tries.
        patch.setattr("gdown.download._wait_or_cancel", lambda **_: None, raising=False)

    def children(self, folder: str) -> dict[str, bool]:
        """Paths in a folder, and whether each is a folder."""
        paths = {parent: True for path in self.files for parent in PurePosixPath(path).parents}
        whole = {str(path): True for path in paths} | dict.fromkeys(self.files, False)
        return {p: is_folder for p, is_folder in whole.items()
                if p != "." and str(PurePosixPath(p).parent) == folder}  # fmt: skip

    def path_of(self, wanted: str) -> str | None:
        """The path of a file or folder with that id."""
        folders = {str(parent) for path in self.files for parent in PurePosixPath(path).parents}
        return next((p for p in (*self.files, *folders) if identity(p) == wanted), None)


class _Handler(BaseHTTPRequestHandler):
    drive: FakeDrive

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        path = self.drive.path_of(query.get("id", ""))
        if path is None:
            self._page("<html></html>", status=404)
        elif address.path == "/embeddedfolderview":
            self.drive.listed.append(query["id"])
            self._page(self._folder(path))
        elif self.drive.quota is not None and len(self.drive.sent) >= self.drive.quota:
            self.drive.refused += 1
            self._page(_QUOTA)
        elif self.drive.asks_for_consent and "confirm" not in query:
            self._page(_CONSENT.format(id=query["id"]))
        else:
            self._file(path)

    def _folder(self, folder: str) -> str:
        links = "".join(
            f'<a href="https://drive.google.com/{"drive/folders" if is_folder else "file/d"}'
            f'/{identity(path)}{"" if is_folder else "/view?usp=drive_web"}">'
            f"<div>{escape(PurePosixPath(path).name)}</div></a>"
            for path, is_folder in self.drive.children(folder).items()
        )
        title = PurePosixPath(folder).name or "data"
        return f"<html><head><title>{title}</title></head>{links}</html>"

    def _page(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _file(self, path: str) -> None:
        data, start = self.drive.files[path], 0
        if wanted := self.headers.get("Range"):
            self.drive.ranges.append(wanted)
            if self.drive.refuses_ranges:
                self.close_connection = True
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", "application/octet-stream")
        name = PurePosixPath(path).name
        self.send_header("Content-Disposition", f'attachment; filename="{name}"')
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        end = len(data) if wanted or self.drive.breaks_after is None else self.drive.breaks_after
        self.wfile.write(data[start:end])
        if end == len(data):
            self.drive.sent.append(path)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
