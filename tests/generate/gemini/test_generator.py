"""The Gemini generator through the real SDK, against the fake server."""

from __future__ import annotations

import asyncio
import datetime
import io
import json
import logging
import subprocess
import sys
import time
import traceback
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from proportrait.errors import (
    ConfigurationError,
    CorruptImageError,
    FatalError,
    GenerationError,
    NoPictureError,
    QuotaError,
    RateLimitedError,
    RefusedError,
    RetryableError,
)
from proportrait.generate.base import Generated, GenerationRequest, ImageGenerator, Portrait
from proportrait.generate.gemini.generator import GeminiGenerator
from proportrait.generate.gemini.keys import REDACTED, SecretFilter, resolve_api_key
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS, price_usd
from proportrait.generate.paid.control import ControlledGenerator
from proportrait.labels import LabelVector
from tests.fake_gemini import FakeGemini

KEY = "AIzaSyTheKeyThatNobodyMaySee0123456789"
PRICE = MODELS[DEFAULT_MODEL].usd["1K"]


class Item:
    """A source item of smooth colours, as compressible as a photograph."""

    source_id = "test/0"
    stem = "test_0"
    filename = "0.png"

    def __init__(self, height: int = 320, width: int = 320, wait_s: float = 0.0) -> None:
        y, x = np.mgrid[:height, :width]
        planes = (
            60 + 120 * y / height,
            200 - 100 * x / width,
            90 + 40 * (x + y) / (height + width),
        )
        self.image = np.stack(planes, -1).astype(np.uint8)
        self.wait_s = wait_s

    def open(self) -> Portrait:
        time.sleep(self.wait_s)
        return Portrait(self.source_id, self.image)


class CorruptItem(Item):
    def open(self) -> Portrait:
        raise CorruptImageError("damaged")


def request(item: Item | None = None, seed: int = 3) -> GenerationRequest:
    return GenerationRequest(item or Item(), LabelVector.ones(), "a portrait in a suit", seed)


Start = Callable[..., "asyncio.Future[tuple[FakeGemini, GeminiGenerator]]"]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a fake server with a script, and a generator that talks to it."""
    async with AsyncExitStack() as stack:

        async def begin(*script: str, **options: object) -> tuple[FakeGemini, GeminiGenerator]:
            server_options = {k: options.pop(k) for k in ("echo_headers",) if k in options}
            server = await stack.enter_async_context(FakeGemini(script, **server_options))
            generator = GeminiGenerator(KEY, base_url=server.url, **options)
            stack.push_async_callback(generator.close)
            return server, generator

        yield begin


def controlled(generator: GeminiGenerator, slept: list[float] | None = None):
    """The generator with two retries, on a clock that only sleeping moves."""
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if slept is not None:
            slept.append(seconds)

    return ControlledGenerator(generator, sleep=sleep, clock=lambda: now, max_retries=2)


def everything_of(error: BaseException) -> str:
    """All that a log, a record, or a traceback could show of an error, and of those it hides."""
    texts = []
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is not None:
            texts += [str(current), repr(current), repr(vars(current))]
            texts += traceback.format_exception(current)
            todo += [current.__cause__, current.__context__]
    return "\n".join(texts)


async def test_the_request_carries_reference_prompt_seed_and_image_config(start: Start) -> None:
    server, generator = await start("ok:png")
    made = await generator.generate(request(Item(1500, 2000), seed=2**31 - 1))
    (seen,) = server.requests
    assert seen.model == "gemini-3.1-flash-image"
    assert seen.headers["x-goog-api-key"] == KEY
    assert KEY not in seen.path
    assert seen.prompt == "a portrait in a suit"
    assert seen.config["seed"] == 2**31 - 1
    assert seen.config["responseModalities"] == ["IMAGE"]
    assert seen.config["imageConfig"] == {"aspectRatio": "1:1", "imageSize": "1K"}
    assert seen.reference_mime_type == "image/jpeg"
    with Image.open(io.BytesIO(seen.reference)) as reference:
        assert (reference.format, reference.size) == ("JPEG", (1024, 768))
    assert (made.model, made.cost_usd) == ("gemini-3.1-flash-image-001", PRICE)
    assert made.response_id is not None
    assert made.response_id.startswith("fake-")
    assert made.shot.known == LabelVector.ones()


async def test_a_small_reference_is_sent_as_it_is(start: Start) -> None:
    server, generator = await start("ok")
    item = Item(300, 260)
    await generator.generate(request(item))
    with Image.open(io.BytesIO(server.requests[0].reference)) as reference:
        sent = np.asarray(reference).astype(int)
    assert sent.shape == (300, 260, 3)
    assert np.abs(sent - item.image).mean() < 2  # RGB order kept: the planes differ by far more


async def test_models_of_one_size_are_sent_no_image_size(start: Start) -> None:
    server, generator = await start("ok", model="gemini-3.1-flash-lite-image")
    made = await generator.generate(request())
    assert server.requests[0].config["imageConfig"] == {"aspectRatio": "1:1"}
    assert made.cost_usd == 0.034


@pytest.mark.parametrize(
    ("behaviour", "shape"),
    [
        ("ok", (320, 320, 3)),
        ("ok:png", (320, 320, 3)),
        ("palette", (320, 320, 3)),
        ("sketch", (320, 320, 3)),
        ("two", (320, 320, 3)),
        ("size:256x256", (256, 256, 3)),
        ("size:672x384", (384, 672, 3)),
    ],
)
async def test_pictures_of_every_form_and_size(
    start: Start, behaviour: str, shape: tuple[int, ...]
) -> None:
    _, generator = await start(behaviour)
    item = Item()
    image = (await generator.generate(request(item))).shot.image
    assert image.shape == shape
    assert image.dtype == np.uint8
    # The fake sends the reference back, up to 6 % brighter or darker.
    assert np.abs(image.mean((0, 1)) - item.image.mean((0, 1))).max() < 15


async def test_transparency_is_laid_on_white(start: Start) -> None:
    _, generator = await start("rgba")
    item = Item()
    image = (await generator.generate(request(item))).shot.image.astype(int)
    assert (image[:, :160] == 255).all()
    assert np.abs(image[:, 160:].mean() - item.image[:, 160:].mean()) < 10


async def test_the_same_request_brings_the_same_bytes(start: Start) -> None:
    _, generator = await start()
    one, two, other = [await generator.generate(request(seed=s)) for s in (3, 3, 5)]
    assert np.array_equal(one.shot.image, two.shot.image)
    assert not np.array_equal(one.shot.image, other.shot.image)


# behaviour, class, words of the message, requests with two retries, dollars of one try
FAULTS = [
    ("429", RateLimitedError, "429 RESOURCE_EXHAUSTED: Quota exceeded", 3, 0),
    ("429:7", RateLimitedError, "429", 3, 0),
    ("retry_info:4.5", RateLimitedError, "429", 3, 0),
    ("status:500", RetryableError, "500", 3, 0),
    ("status:503", RetryableError, "503", 3, 0),
    ("html", RetryableError, "502", 3, 0),
    ("hang_up", RetryableError, "the connection failed", 3, PRICE),
    ("truncated", RetryableError, "the connection failed", 3, PRICE),
    ("short_json", RetryableError, "damaged", 3, PRICE),
    ("bad_base64", RetryableError, "damaged", 3, PRICE),
    ('body:{"candidates": 5}', RetryableError, "damaged", 3, PRICE),
    ("body:5", RetryableError, "damaged", 3, PRICE),
    ("body:", RetryableError, "empty", 3, PRICE),
    ("garbage", RetryableError, "no usable picture", 3, PRICE),
    ("truncated_picture", RetryableError, "no usable picture", 3, PRICE),
    ("size:1x1", RetryableError, "1x1 px", 3, PRICE),
    ("size:600x255", RetryableError, "600x255 px", 3, PRICE),
    ("blocked", RefusedError, "blocked: SAFETY (harmful words)", 1, 0),
    ("quota:minute", RateLimitedError, "limit: 10, model: gemini-3.1-flash-image Please", 3, 0),
    ("quota:day", QuotaError, "GenerateRequestsPerDayPerProjectPerModel-FreeTier of today", 1, 0),
    ("quota:zero", QuotaError, "limit: 0, model: gemini-3.1-flash-image Please retry", 1, 0),
    ("quota:zero", QuotaError, "free_tier_requests is zero: the plan of this key", 1, 0),
    ("finish:IMAGE_SAFETY", RefusedError, "(IMAGE_SAFETY): Try other words.", 1, 0),
    ("finish:NO_IMAGE", NoPictureError, "no picture (NO_IMAGE): Try other words.", 3, 0),
    ("finish:IMAGE_OTHER", NoPictureError, "no picture (IMAGE_OTHER): Try other words.", 3, 0),
    ("finish:A_REASON_OF_THE_FUTURE", RefusedError, "A_REASON_OF_THE_FUTURE", 1, 0),
    ("finish:STOP", NoPictureError, "no picture", 3, 0),
    ("text", NoPictureError, "the model said: I cannot edit this person.", 3, 0),
    ("no_candidates", RefusedError, "no candidate", 1, 0),
    ("status:400", GenerationError, "400", 1, 0),
    ("status:302", GenerationError, "302", 1, 0),
    ("bad_key", FatalError, "Check the API key", 1, 0),
    ("precondition", FatalError, "may not use gemini-3.1-flash-image", 1, 0),
    ("status:401", FatalError, "Check the API key", 1, 0),
    ("status:403", FatalError, "may not use gemini-3.1-flash-image", 1, 0),
    ("status:404", FatalError, "choose another with --model", 1, 0),
]


@pytest.mark.filterwarnings("ignore:A_REASON_OF_THE_FUTURE:UserWarning")
@pytest.mark.parametrize(("behaviour", "kind", "words", "requests", "usd"), FAULTS)
async def test_every_fault_has_its_class_its_tries_and_its_cost(
    start: Start,
    caplog: pytest.LogCaptureFixture,
    behaviour: str,
    kind: type[Exception],
    words: str,
    requests: int,
    usd: float,
) -> None:
    caplog.set_level(logging.DEBUG)
    server, generator = await start(*[behaviour] * 5, echo_headers=True)
    service = controlled(generator)
    with pytest.raises(kind) as caught:
        await service.generate(request())
    error = caught.value
    assert type(error) is kind
    assert words in str(error)
    assert "\n" not in str(error)
    assert server.count == error.tries == requests
    assert error.cost_usd == pytest.approx(usd * requests)
    assert service._budget.spent_usd == pytest.approx(usd * requests)
    assert KEY not in everything_of(error)
    assert KEY not in caplog.text
    assert KEY not in repr([vars(record) for record in caplog.records])


async def test_a_fault_that_passes_ends_in_a_picture_that_says_what_it_cost(start: Start) -> None:
    server, generator = await start("status:503", "size:1x1", "ok")
    service = controlled(generator)
    made = await service.generate(request())
    assert server.count == 3
    assert made.cost_usd == pytest.approx(2 * PRICE)  # the 1x1 picture was paid for
    assert service._budget.spent_usd == pytest.approx(2 * PRICE)
    assert server.requests[0].reference == server.requests[2].reference


@pytest.mark.parametrize(
    ("behaviour", "least", "most"),
    [
        ("429", 0, 2),  # no word of the server: back-off with full jitter
        ("429:7", 7, 8),
        ("429:Thu, 01 Jan 1970 00:00:00 GMT", 0, 1),
        ("429:soon", 0, 2),
        ("retry_info:4.5", 4.5, 5.5),
    ],
)
async def test_the_wait_is_what_the_server_asked_for(
    start: Start, behaviour: str, least: float, most: float
) -> None:
    _, generator = await start(behaviour)
    slept: list[float] = []
    assert isinstance(await controlled(generator, slept).generate(request()), Generated)
    assert len(slept) == 1
    assert least <= slept[0] <= most


@pytest.mark.parametrize("behaviour", ["silent", "drip"])
async def test_the_time_out_really_applies(start: Start, behaviour: str) -> None:
    server, generator = await start(behaviour, timeout_s=0.2)
    began = time.monotonic()
    with pytest.raises(RetryableError, match=r"no reply within 0\.2 s") as caught:
        await generator.generate(request())
    assert time.monotonic() - began < 3
    assert server.count == 1
    assert caught.value.cost_usd == PRICE  # it may have been paid


async def test_a_server_that_is_not_there_costs_nothing() -> None:
    generator = GeminiGenerator(KEY, base_url="http://127.0.0.1:9", timeout_s=2)
    with pytest.raises(RetryableError, match="the connection failed") as caught:
        await generator.generate(request())
    assert caught.value.cost_usd == 0
    await generator.close()


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server, generator = await start("ok")
    await generator.generate(request())
    assert server.count == 1


async def test_the_given_key_and_server_beat_the_environment(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "of the environment")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    server, generator = await start("ok")
    await generator.generate(request())
    assert server.requests[0].headers["x-goog-api-key"] == KEY


async def test_a_redirect_does_not_hand_the_key_to_another_server(start: Start) -> None:
    other, _ = await start()
    _, generator = await start(f"redirect:{other.url}/v1beta/models/m:generateContent")
    with pytest.raises(GenerationError, match="307"):
        await generator.generate(request())
    assert other.count == 0


async def test_a_corrupt_source_is_no_request(start: Start) -> None:
    server, generator = await start()
    with pytest.raises(CorruptImageError) as caught:
        await controlled(generator).generate(request(CorruptItem()))
    assert (server.count, caught.value.tries, caught.value.cost_usd) == (0, 0, 0)


async def test_slow_sources_block_neither_each_other_nor_the_event_loop(start: Start) -> None:
    _, generator = await start()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticker = asyncio.create_task(tick())
    began = time.monotonic()
    await asyncio.gather(*(generator.prepare(request(Item(wait_s=0.3))) for _ in range(8)))
    elapsed = time.monotonic() - began
    ticker.cancel()
    assert elapsed < 1.2  # one after the other: 2.4 s
    assert ticks > 10


async def test_concurrent_requests_need_not_wait_for_connections() -> None:
    item = Item()
    async with FakeGemini(latency=1.0, cached=True) as server:
        generator = GeminiGenerator(KEY, base_url=server.url, timeout_s=5, max_connections=40)
        service = ControlledGenerator(generator, concurrency=40)
        await asyncio.gather(*(service.generate(request(item, seed=s)) for s in range(40)))
        assert server.most_in_flight == 40
        await service.close()


async def test_a_server_that_echoes_the_key_in_a_header_does_not_get_it_logged(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, generator = await start("ok", echo_headers=True)
    await generator.generate(request())
    assert KEY not in caplog.text
    assert REDACTED in caplog.text  # so the header was logged
    assert KEY not in repr(generator)
    assert KEY not in str(generator)


def test_the_filter_redacts_messages_arguments_and_tracebacks() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(SecretFilter(KEY))
    log = logging.Logger("test")
    log.addHandler(handler)
    log.info("plain %s", "argument")
    log.info("the key is %s", KEY)
    try:
        raise ValueError(f"bad key {KEY}")
    except ValueError:
        log.exception("it failed")
    assert KEY not in out.getvalue()
    assert out.getvalue().count(REDACTED) == 2
    assert "plain argument" in out.getvalue()


def test_it_is_an_image_generator() -> None:
    generator: ImageGenerator = GeminiGenerator(KEY)
    controlled_one: ImageGenerator = ControlledGenerator(GeminiGenerator(KEY))
    assert (generator.name, generator.price_usd) == ("gemini", PRICE)
    assert (controlled_one.name, controlled_one.price_usd) == ("gemini", PRICE)


def test_prices() -> None:
    assert price_usd("gemini-2.5-flash-image") == 0.039
    assert price_usd("gemini-3-pro-image", "4K") == 0.24
    assert price_usd("a-model-of-tomorrow", override=0.5) == 0.5
    assert price_usd(DEFAULT_MODEL, override=0.0) == 0
    with pytest.raises(ConfigurationError, match=r"choose one of gemini-3\.1-flash-image"):
        price_usd("a-model-of-tomorrow")
    with pytest.raises(ConfigurationError, match="only 1K"):
        price_usd("gemini-3.1-flash-lite-image", "4K")
    with pytest.raises(ConfigurationError, match="negative"):
        price_usd(DEFAULT_MODEL, override=-1)


def test_the_default_model_has_no_shutdown_date_and_the_old_one_warns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert MODELS[DEFAULT_MODEL].shutdown is None
    old = MODELS["gemini-2.5-flash-image"]
    assert not old.is_shut_down(datetime.date(2026, 10, 1))
    assert old.is_shut_down(datetime.date(2026, 10, 2))
    GeminiGenerator(KEY, model=old.name)
    assert "was announced to shut down on 2026-10-02" in caplog.text


@pytest.mark.parametrize(
    ("argument", "environ", "dotenv", "expected"),
    [
        ("arg", {"GOOGLE_API_KEY": "google", "GEMINI_API_KEY": "gemini"}, "", "arg"),
        (None, {"GOOGLE_API_KEY": "google", "GEMINI_API_KEY": "gemini"}, "", "google"),
        (None, {"GEMINI_API_KEY": "gemini"}, "GOOGLE_API_KEY=dot", "gemini"),
        (None, {"GOOGLE_API_KEY": "  "}, "GEMINI_API_KEY='dot'", "dot"),
        ("", {}, "GEMINI_API_KEY=two\nGOOGLE_API_KEY=one", "one"),
        ("@{folder}/key.txt", {"GOOGLE_API_KEY": "google"}, "", "of-the-file"),
    ],
)
def test_where_the_key_comes_from(
    tmp_path: Path, argument: str | None, environ: dict[str, str], dotenv: str, expected: str
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "key.txt").write_text("of-the-file\n")
    argument = argument and argument.format(folder=tmp_path)
    before = dict(environ)
    assert resolve_api_key(argument, environ, tmp_path / ".env") == expected
    assert environ == before


@pytest.mark.parametrize(
    "value",
    [
        "YOUR_API_KEY",
        "your-api-key-here",
        "<key>",
        "xxxx",
        "your_key",
        "API_KEY",
        "changeme",
        "...",
    ],
)
def test_a_placeholder_is_no_key(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GEMINI_API_KEY holds a placeholder.*--mock"):
        resolve_api_key(None, {"GEMINI_API_KEY": value})


def test_no_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"GOOGLE_API_KEY.*--mock"):
        resolve_api_key(None, {}, tmp_path / "no.env")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        resolve_api_key(f"@{tmp_path}/missing", {})
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigurationError, match="is empty"):
        resolve_api_key(f"@{tmp_path}/empty", {"GOOGLE_API_KEY": "google"})


def test_a_broken_key_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve_api_key("two words", {})
    assert "two words" not in str(caught.value)


def test_the_fake_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "tests.fake_gemini", "--latency", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{url}/stats", timeout=5) as answer:
                assert json.load(answer)["requests"] == 0
        finally:
            process.terminate()
