"""A fake Gemini server, for tests in the same event loop and for benchmarks in its own process.

In a test:

    async with FakeGemini(script=["429:2", "ok"]) as server:
        generator = GeminiGenerator(KEY, base_url=server.url)

The first request gets the first behaviour of the script, and so on; then `default` holds. A
behaviour is a name of `BEHAVIOURS`, with an argument after a colon where it takes one.

As a process (its first line of output is its address; GET /stats counts the requests):

    python -m tests.fake_gemini --latency 2 --script 429:2,500 --default ok
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import io
import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from PIL import Image, ImageEnhance

Json = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @cached_property
    def json(self) -> Json:
        body: Json = json.loads(self.body)
        return body

    @property
    def model(self) -> str:
        return self.path.rpartition("/")[2].partition(":")[0]

    @property
    def config(self) -> Json:
        config: Json = self.json["generationConfig"]
        return config

    @property
    def prompt(self) -> str:
        return "".join(part.get("text", "") for part in self._parts)

    @property
    def reference_mime_type(self) -> str:
        # The SDK writes this one field in snake case, and the server takes both.
        return str(self._inline_data.get("mime_type") or self._inline_data["mimeType"])

    @property
    def reference(self) -> bytes:
        data = str(self._inline_data["data"]).translate(str.maketrans("+/", "-_"))
        return base64.urlsafe_b64decode(data)

    @property
    def _inline_data(self) -> Json:
        return next(part["inlineData"] for part in self._parts if "inlineData" in part)

    @property
    def _parts(self) -> list[Json]:
        parts: list[Json] = self.json["contents"][0]["parts"]
        return parts


@dataclass(frozen=True)
class Answer:
    """What goes back: a whole reply, or one that is cut off, drips in, or never comes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    send: int | None = None  # bytes of the body before the connection is closed
    drip: bool = False  # one byte every 20 ms, for ever
    silent: bool = False  # no byte at all
    hang_up: bool = False  # close at once


class FakeGemini:
    """Answers `POST /v1beta/models/{model}:generateContent` after `latency` seconds.

    Attributes:
        requests: all that came, in order of arrival (without bodies where `record` is off).
        most_in_flight: the most requests that were being answered at the same time.
    """

    def __init__(
        self,
        script: Iterable[str] = (),
        *,
        default: str = "ok",
        latency: float = 0.0,
        record: bool = True,
        cached: bool = False,
        echo_headers: bool = False,
        port: int = 0,
    ) -> None:
        self.requests: list[Seen] = []
        self.most_in_flight = 0
        self._script = list(script)
        self._default = default
        self._latency = latency
        self._record = record
        self._cached = cached
        self._cache: dict[str, Answer] = {}
        self._echo_headers = echo_headers
        self._port = port
        self._in_flight = 0
        self._connections: set[asyncio.Task[None]] = set()
        for behaviour in (*self._script, default):
            if behaviour.partition(":")[0] not in BEHAVIOURS:
                raise ValueError(f"unknown behaviour {behaviour!r}; choose of {list(BEHAVIOURS)}")

    @property
    def count(self) -> int:
        return len(self.requests)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> FakeGemini:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, limit=2**20, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            # Only __aexit__ cancels it; asyncio would report that as an error of the handler.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False closes the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET" and path == "/stats":
            stats = {"requests": self.count, "most_in_flight": self.most_in_flight}
            return await self._send(writer, Answer(json.dumps(stats).encode()), {})
        seen = Seen(path, headers, body, method)
        behaviour = self._script[self.count] if self.count < len(self._script) else self._default
        self.requests.append(seen if self._record else Seen(path, headers, b"", method))
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            answer, _ = await asyncio.gather(
                self._answer(behaviour, seen), asyncio.sleep(self._latency)
            )
        finally:
            self._in_flight -= 1
        echo = {"x-echo": headers.get("x-goog-api-key", "")} if self._echo_headers else {}
        return await self._send(writer, answer, echo)

    async def _answer(self, behaviour: str, seen: Seen) -> Answer:
        if not seen.path.endswith(":generateContent"):
            return error(404, "NOT_FOUND", f"no such method: {seen.path}")
        if behaviour in self._cache:
            return self._cache[behaviour]
        name, _, argument = behaviour.partition(":")
        answer = await asyncio.to_thread(BEHAVIOURS[name], seen, argument)
        if self._cached:
            self._cache[behaviour] = answer
        return answer

    async def _send(
        self, writer: asyncio.StreamWriter, answer: Answer, more_headers: dict[str, str]
    ) -> bool:
        if answer.hang_up:
            return False
        if answer.silent:
            await asyncio.Event().wait()
        length = 10**9 if answer.drip else len(answer.body)
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "Content-Length": str(length),
            **answer.headers,
            **more_headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} Whatever\r\n{lines}\r\n".encode("latin-1"))
        while answer.drip:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write(answer.body[: answer.send])
        await writer.drain()
        return answer.send is None


def reply(parts: list[Json] | None, finish: str = "STOP") -> Json:
    """The JSON of a reply with one candidate."""
    content = {"role": "model"} if parts is None else {"role": "model", "parts": parts}
    candidate = {"content": content, "finishReason": finish, "index": 0}
    if finish != "STOP":
        candidate["finishMessage"] = "Try\nother words."
    return {"candidates": [candidate]}


def answer(seen: Seen, body: Json, status: int = 200) -> Answer:
    """A reply with the fields that all of them carry; a pure function of the request."""
    body = {
        **body,
        "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 1120},
        "modelVersion": f"{seen.model}-001",
        "responseId": "fake-" + hashlib.sha256(seen.body).hexdigest()[:12],
    }
    return Answer(json.dumps(body).encode(), status)


def error(status: int, name: str, message: str, details: list[Json] | None = None) -> Answer:
    """An error reply in Google's form."""
    body = {"code": status, "message": message, "status": name, "details": details or []}
    return Answer(json.dumps({"error": body}).encode(), status)


def portrait(seen: Seen) -> Image.Image:
    """The reference of the request, its brightness changed a little by the seed."""
    with Image.open(io.BytesIO(seen.reference)) as picture:
        factor = 0.94 + 0.02 * (seen.config.get("seed", 0) % 7)
        return ImageEnhance.Brightness(picture.convert("RGB")).enhance(factor)


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def picture_part(data: bytes, mime_type: str = "image/png") -> Json:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def picture_answer(seen: Seen, data: bytes, mime_type: str = "image/png") -> Answer:
    return answer(seen, reply([picture_part(data, mime_type)]))


def _ok(seen: Seen, argument: str) -> Answer:
    """A JPEG, or with `ok:png` a PNG, of the size of the reference."""
    if argument == "png":
        return picture_answer(seen, encoded(portrait(seen), compress_level=1))
    return picture_answer(seen, encoded(portrait(seen), "JPEG", quality=92), "image/jpeg")


def _echo(seen: Seen, _: str) -> Answer:
    """The reference as it came, which takes next to no time."""
    data = str(seen._inline_data["data"]).translate(str.maketrans("-_", "+/"))
    return answer(seen, reply([{"inlineData": {"mimeType": "image/jpeg", "data": data}}]))


def _slow(seen: Seen, _: str) -> Answer:
    """A picture half a second later."""
    time.sleep(0.5)
    return _ok(seen, "")


def _rgba(seen: Seen, _: str) -> Answer:
    """The left half is transparent."""
    picture = portrait(seen)
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (0, 0, picture.width // 2, picture.height))
    picture.putalpha(alpha)
    return picture_answer(seen, encoded(picture))


def _palette(seen: Seen, _: str) -> Answer:
    return picture_answer(seen, encoded(portrait(seen).quantize(64)))


def _size(seen: Seen, argument: str) -> Answer:
    """`size:1x1`, `size:1344x768`, ..."""
    width, height = map(int, argument.split("x"))
    return picture_answer(seen, encoded(portrait(seen).resize((width, height))))


def _truncated(seen: Seen, _: str) -> Answer:
    whole = _ok(seen, "png")
    return Answer(whole.body, send=len(whole.body) // 2)


def _short_json(seen: Seen, _: str) -> Answer:
    """Half of the JSON, with a Content-Length that fits."""
    body = _ok(seen, "png").body
    return Answer(body[: len(body) // 2])


def _truncated_picture(seen: Seen, _: str) -> Answer:
    data = encoded(portrait(seen))
    return picture_answer(seen, data[: len(data) // 2])


def _bad_base64(seen: Seen, _: str) -> Answer:
    part = {"inlineData": {"mimeType": "image/png", "data": "%%% no base64 %%%"}}
    return answer(seen, reply([part]))


def _sketch(seen: Seen, _: str) -> Answer:
    """A picture of the model's thinking comes before the real one."""
    thought = {**picture_part(encoded(Image.new("RGB", (300, 300)))), "thought": True}
    return answer(seen, reply([thought, picture_part(encoded(portrait(seen)))]))


def _two(seen: Seen, _: str) -> Answer:
    """A draft, the picture, and a thought of the size of neither."""
    draft, thought = (encoded(Image.new("RGB", (side, side))) for side in (290, 300))
    whole = picture_part(encoded(portrait(seen)))
    parts = [picture_part(draft), whole, {**picture_part(thought), "thought": True}]
    return answer(seen, reply(parts))


def _quota(seen: Seen, argument: str) -> Answer:
    """`quota:day`, `quota:zero`, or `quota:minute`, as Google words them."""
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    limit = 0 if argument == "zero" else 10
    lines = [
        "You exceeded your current quota, please check your plan and billing details. For more "
        "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. "
        "To monitor your current usage, head to: https://ai.dev/rate-limit. "
    ]
    lines += 4 * [f"* Quota exceeded for metric: {metric}, limit: {limit}, model: {seen.model}"]
    lines += ["Please retry in 0.1s."]
    period = "Day" if argument == "day" else "Minute"
    ids = [f"GenerateRequestsPer{p}PerProjectPerModel-FreeTier" for p in ("Minute", period)]
    violations = [{"quotaMetric": metric, "quotaId": name} for name in ids]
    details: list[Json] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.1s"},
    ]
    return error(429, "RESOURCE_EXHAUSTED", "\n".join(lines), details)


def _blocked(seen: Seen, _: str) -> Answer:
    feedback = {"blockReason": "SAFETY", "blockReasonMessage": "harmful words"}
    return answer(seen, {"promptFeedback": feedback})


def _text(seen: Seen, _: str) -> Answer:
    return answer(seen, reply([{"text": "I cannot\nedit this person."}]))


def _finish(seen: Seen, argument: str) -> Answer:
    """`finish:IMAGE_SAFETY`: no parts, and the reason of the argument."""
    return answer(seen, reply(None, argument))


def _429(seen: Seen, argument: str) -> Answer:
    """`429:2` sends Retry-After, which may be a date too."""
    whole = error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")
    headers = {"Retry-After": argument} if argument else {}
    return Answer(whole.body, 429, headers)


def _retry_info(seen: Seen, argument: str) -> Answer:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{argument}s"}
    return error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", [detail])


def _status(seen: Seen, argument: str) -> Answer:
    """`status:503`; the message repeats the key, as a careless server would."""
    names = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    status = int(argument)
    key = seen.headers.get("x-goog-api-key", "")
    return error(status, names.get(status, "UNKNOWN"), f"Something about\nthe key {key}.")


def _bad_key(seen: Seen, _: str) -> Answer:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
    }
    key = seen.headers.get("x-goog-api-key", "")
    return error(400, "INVALID_ARGUMENT", f"API key {key} not valid.", [detail])


def _precondition(seen: Seen, _: str) -> Answer:
    return error(400, "FAILED_PRECONDITION", "User location is not supported.")


def _redirect(seen: Seen, argument: str) -> Answer:
    """`redirect:http://another.server/path`"""
    return Answer(status=307, headers={"Location": argument})


def _body(seen: Seen, argument: str) -> Answer:
    """`body:[]`: these bytes with status 200."""
    return Answer(argument.encode())


BEHAVIOURS: dict[str, Callable[[Seen, str], Answer]] = {
    "ok": _ok,
    "echo": _echo,
    "slow": _slow,
    "rgba": _rgba,
    "palette": _palette,
    "size": _size,
    "sketch": _sketch,
    "two": _two,
    "quota": _quota,
    "garbage": lambda seen, _: picture_answer(seen, b"these bytes are no image" * 9),
    "truncated": _truncated,
    "truncated_picture": _truncated_picture,
    "short_json": _short_json,
    "bad_base64": _bad_base64,
    "body": _body,
    "redirect": _redirect,
    "html": lambda *_: Answer(b"<html>Bad gateway</html>", 502, {"Content-Type": "text/html"}),
    "blocked": _blocked,
    "text": _text,
    "finish": _finish,
    "no_candidates": lambda seen, _: answer(seen, {}),
    "429": _429,
    "retry_info": _retry_info,
    "status": _status,
    "bad_key": _bad_key,
    "precondition": _precondition,
    "silent": lambda *_: Answer(silent=True),
    "drip": lambda *_: Answer(drip=True),
    "hang_up": lambda *_: Answer(hang_up=True),
}


async def _main(arguments: argparse.Namespace) -> None:
    server = FakeGemini(
        arguments.script.split(",") if arguments.script else (),
        default=arguments.default,
        latency=arguments.latency,
        record=False,
        cached=arguments.cached,
        port=arguments.port,
    )
    async with server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake Gemini server.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--script", default="", help="behaviours of the first requests: a,b,c")
    parser.add_argument("--default", default="ok", help="behaviour of all others")
    parser.add_argument(
        "--cached", action="store_true", help="make each kind of answer once and repeat its bytes"
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
