"""What holds for every request: security headers, whose browser may ask, and the token."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proportrait.serve.settings import Settings, is_local

_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_CLOSED = ("/api/", "/metrics")  # the files of the page hold no secret
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers without frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware that refuses requests which nobody at this server's page or API sent.

    Args:
        app: what answers the others.
        settings: of the server.
        count: called with the status of every response.
    """

    def __init__(self, app: ASGIApp, settings: Settings, count: Callable[[int], None]) -> None:
        self.app, self.settings, self.count = app, settings, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.count(message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            self._check(scope["path"], Headers(scope=scope))
        except HTTPException as error:
            response = JSONResponse({"error": error.detail}, error.status_code, error.headers)
            await response(scope, receive, send_safely)
        else:
            await self.app(scope, receive, send_safely)

    def _check(self, path: str, headers: Headers) -> None:
        # A page of another site may point its own name at this machine (DNS rebinding).
        if is_local(self.settings.host) and _name(headers.get("host", "")) not in self._names():
            raise HTTPException(421, "this server answers to its own name alone, such as localhost")
        if not path.startswith(_CLOSED):
            return
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise HTTPException(403, "a page of another site may not use this server")
        if self.settings.token and not _holds(
            headers.get("authorization", ""), self.settings.token
        ):
            raise HTTPException(
                401, "send the token of this server: Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip

    def _names(self) -> tuple[str, ...]:
        return (*_LOCAL_NAMES, self.settings.host)


def _name(host: str) -> str:
    """localhost:8000 -> localhost, [::1]:8000 -> [::1]"""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def _holds(header: str, token: str) -> bool:
    scheme, _, value = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        value.strip().encode(), token.encode()
    )
