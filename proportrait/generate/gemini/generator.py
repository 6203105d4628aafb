"""The online generator: Gemini's image models, through google-genai's async client."""

from __future__ import annotations

import asyncio
import datetime
import io
import json
import logging
import os
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from google import genai
from google.genai import errors, types
from google.genai.client import AsyncClient

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.edit.shot import Shot
from proportrait.errors import ImageError, ProPortraitError, RefusedError, RetryableError
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.gemini.errors import SDK_ERRORS, no_picture, sort_error
from proportrait.generate.gemini.keys import SecretFilter
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS, price_usd

REFERENCE_MAX_SIDE = 1024
REFERENCE_JPEG_QUALITY = 92
MIN_REPLY_SIDE = 256
DEFAULT_TIMEOUT_S = 120.0
# The HTTP library's own time-out can tell connecting from waiting, so it speaks first; ours also
# ends a reply that drips in.
_GRACE_S = 0.5
_THREADS = 16
# They log reply headers, or what the server said, at DEBUG or INFO.
_NOISY_LOGGERS = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
    "google_genai._api_client",
    "google_genai._common",
    "google_genai.batches",
    "google_genai.files",
    "google_genai.models",
)

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PreparedRequest:
    """A request and its reference image as JPEG bytes."""

    request: GenerationRequest
    reference: bytes


class GeminiGenerator:
    """Makes one picture of a prompt, a seed, and a reference image.

    It is an `ImageGenerator`, and a `PaidGenerator` in three steps; it never repeats a request.

    Args:
        api_key: of Google AI Studio; it appears in no log, error, or repr.
        model: a name of `prices.MODELS`, or another one with `usd_per_image`.
        usd_per_image: the user's own price; it beats the table.
        image_size: "512", "1K", "2K" or "4K", where the model lets one choose.
        timeout_s: seconds from sending to the last byte of the reply.
        max_connections: at least the number of concurrent requests, since the SDK's time-out also
            runs while a request waits for a connection.
        base_url: another server, for tests.

    Raises:
        ConfigurationError: the price of the model is not known.
    """

    name = "gemini"

    def __init__(
        self,
        api_key: str,
        *,
        model: str = DEFAULT_MODEL,
        usd_per_image: float | None = None,
        image_size: str = "1K",
        timeout_s: float = DEFAULT_TIMEOUT_S,
        max_connections: int = 100,
        base_url: str | None = None,
    ) -> None:
        if not api_key:
            raise ValueError("the API key is empty")
        if timeout_s <= 0 or max_connections < 1:
            raise ValueError("timeout_s is more than 0, max_connections at least 1")
        self.model = model
        self.price_usd = price_usd(model, image_size, usd_per_image)
        if model in MODELS and MODELS[model].is_shut_down(datetime.date.today()):
            logger.warning(
                "%s was announced to shut down on %s; the default is %s",
                model,
                MODELS[model].shutdown,
                DEFAULT_MODEL,
            )
        self._timeout_s = timeout_s
        self._secret = api_key
        settable = model in MODELS and MODELS[model].sizes_settable
        self.image_config = types.ImageConfig(
            aspect_ratio="1:1", image_size=image_size if settable else None
        )
        self._http = _http_client(timeout_s, max_connections, base_url)
        self._client = genai.Client(
            api_key=api_key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=int(timeout_s * 1000),
                httpx_async_client=self._http,
            ),
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="gemini-image")
        self._filter = SecretFilter(api_key)
        for name in _NOISY_LOGGERS:
            logging.getLogger(name).addFilter(self._filter)

    def __repr__(self) -> str:
        return f"GeminiGenerator(model={self.model!r}, price_usd={self.price_usd})"

    async def generate(self, request: GenerationRequest) -> Generated:
        """Make one picture with one request."""
        return await self.read(await self.ask(await self.prepare(request)))

    async def prepare(self, request: GenerationRequest) -> PreparedRequest:
        """Open the source and encode it as the reference, in a thread.

        Raises:
            ImageError: the source portrait cannot be used.
        """

        def work() -> PreparedRequest:
            return PreparedRequest(request, encode_reference(request.item.open().image))

        return await self._in_thread(work)

    async def ask(self, prepared: PreparedRequest) -> types.GenerateContentResponse:
        """Send one request; nothing is repeated.

        Raises:
            RateLimitedError, RetryableError, GenerationError, FatalError: see `errors.sort_error`.
        """
        request = prepared.request
        config = types.GenerateContentConfig(
            seed=request.seed,
            response_modalities=["IMAGE"],
            image_config=self.image_config,
            # Both would send further, paid requests on their own.
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
            should_return_http_response=True,
        )
        reference = types.Part.from_bytes(data=prepared.reference, mime_type="image/jpeg")
        contents = [types.Content(role="user", parts=[reference, types.Part(text=request.prompt)])]

        async def send(client: AsyncClient) -> types.GenerateContentResponse:
            async with asyncio.timeout(self._timeout_s + _GRACE_S):
                response = await client.models.generate_content(
                    model=self.model, contents=contents, config=config
                )
            raw = response.sdk_http_response
            return parsed(json.loads(raw.body) if raw and raw.body else {})

        return await self.call(send)

    async def call(self, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
        """Use the SDK's client; its errors become ours.

        Raises:
            RateLimitedError, RetryableError, GenerationError, FatalError: see `errors.sort_error`.
        """
        try:
            return await work(self._client.aio)
        except SDK_ERRORS as error:
            failure = self.sorted(error)
        # Raised out here so that no traceback shows the SDK's error, which quotes the server and
        # may hold the key.
        raise failure

    async def follow(self, redirect: errors.APIError, file: io.RawIOBase) -> None:
        """Download what a reply redirects to; another host does not get the key.

        Raises:
            errors.APIError, httpx2.HTTPError: it cannot be downloaded.
        """
        reply: Any = redirect.response
        origin = httpx2.URL(str(reply.url))
        url = origin.join(reply.headers.get("location", ""))
        same = (url.scheme, url.host, url.port) == (origin.scheme, origin.host, origin.port)
        headers = {"x-goog-api-key": self._secret} if same else {}
        async with self._http.stream("GET", url, headers=headers) as download:
            await errors.APIError.raise_for_async_response(download)
            async for data in download.aiter_bytes():
                file.write(data)

    def sorted(self, error: Exception) -> ProPortraitError:
        """An error of the SDK as one of ours: see `errors.sort_error`."""
        return sort_error(
            error,
            model=self.model,
            secret=self._secret,
            timeout_s=self._timeout_s,
            price_usd=self.price_usd,
        )

    async def read(self, reply: types.GenerateContentResponse) -> Generated:
        """Take the picture out of a reply and decode it, in a thread.

        Raises:
            RefusedError: the model answered without a picture, which is free.
            RetryableError: the picture is damaged or too small; it was paid for all the same.
        """
        data = _image_bytes(reply)
        try:
            if data is None:
                raise no_picture(reply, self._secret)
            image = await self._in_thread(lambda: decode_reply(data))
        except RetryableError as error:
            error.cost_usd = 0.0 if isinstance(error, RefusedError) else self.price_usd
            raise
        return Generated(
            Shot(image),
            model=reply.model_version or self.model,
            response_id=reply.response_id,
            cost_usd=self.price_usd,
        )

    async def close(self) -> None:
        """Close connections and threads."""
        for name in _NOISY_LOGGERS:
            logging.getLogger(name).removeFilter(self._filter)
        await self._http.aclose()
        self._client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def encode_reference(image: Image) -> bytes:
    """JPEG bytes of an RGB uint8 (H, W, 3) image, its long side at most 1024 px.

    JPEG, because a PNG of 1024 px takes about a quarter of a second.
    """
    height, width = image.shape[:2]
    scale = REFERENCE_MAX_SIDE / max(height, width)
    if scale < 1:
        image = imaging.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))))
    return imaging.encode_jpeg(image, REFERENCE_JPEG_QUALITY)


def decode_reply(data: bytes) -> Image:
    """RGB uint8 (H, W, 3) of the bytes of a reply, at its own size.

    Raises:
        RetryableError: no image, a damaged one, or one whose shorter side is under 256 px.
    """
    try:
        return imaging.decode(data, min_side=MIN_REPLY_SIDE, longest=None)
    except ImageError as error:
        raise RetryableError(f"the reply holds no usable picture: {error}") from None


def parsed(body: Any) -> types.GenerateContentResponse:
    """The reply of a JSON body: the SDK's own reading leaves out `finishMessage`.

    Raises:
        ValueError, TypeError, AttributeError: it is damaged.
    """
    return types.GenerateContentResponse._from_response(response=body, kwargs={})


def _image_bytes(reply: types.GenerateContentResponse) -> bytes | None:
    """The last picture of a reply that is no sketch of the model's thinking, or None.

    The last, because a model may send drafts before it.
    """
    data = None
    for candidate in reply.candidates or ():
        for part in (candidate.content.parts if candidate.content else None) or ():
            if part.inline_data is not None and part.inline_data.data and not part.thought:
                data = part.inline_data.data
    return data


def _http_client(
    timeout_s: float, max_connections: int, base_url: str | None
) -> httpx2.AsyncClient:
    # Our own client, since the SDK's one has 100 connections, follows redirects (which would hand
    # the key to another host), and gives way to aiohttp, with retries of its own, where installed.
    certificates = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    loopback = urlsplit(base_url or "").hostname in ("127.0.0.1", "::1", "localhost")
    return httpx2.AsyncClient(
        timeout=timeout_s,
        limits=httpx2.Limits(
            max_connections=max_connections, max_keepalive_connections=max_connections
        ),
        follow_redirects=False,
        # A proxy of the environment cannot reach this machine's own servers.
        trust_env=not loopback,
        verify=ssl.create_default_context(cafile=certificates[0], capath=certificates[1])
        if any(certificates)
        else True,
    )
