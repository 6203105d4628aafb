"""The registry of generators: from options to one object that makes pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.generate.base import ImageGenerator, Reserve
from proportrait.generate.diffusion.options import DiffusionOptions


@dataclass(frozen=True)
class GeneratorOptions:
    """The options of all generators; each takes those that it needs.

    Attributes:
        api_key: of Gemini, or `@path` of a file that holds it; None reads the environment.
        model: a Gemini model.
        price_usd: dollars of one picture, instead of the price in the table of models.
        concurrency: requests or worker processes at once, at most.
        requests_per_minute: evenly paced; None for no limit.
        max_retries: tries after the first one.
        budget_usd: dollars that may be spent, or None.
        reserve: see `base.Reserve`; None writes nothing down.
        timeout_s: of one request.
        base_url: another server than Google's.
        diffusion: of a diffusers pipeline.
        batch: whether Gemini is asked through its Batch API, at half the price.
    """

    api_key: str | None = None
    model: str | None = None
    price_usd: float | None = None
    concurrency: int = 10
    requests_per_minute: float | None = None
    max_retries: int = 3
    budget_usd: float | None = None
    reserve: Reserve | None = None
    timeout_s: float = 120.0
    base_url: str | None = None
    diffusion: DiffusionOptions | None = None
    batch: bool = False


def _offline(options: GeneratorOptions) -> ImageGenerator:
    from proportrait.generate.offline import OfflineGenerator

    return OfflineGenerator(options.concurrency)


def _gemini(options: GeneratorOptions) -> ImageGenerator:
    from proportrait.generate.gemini.generator import GeminiGenerator
    from proportrait.generate.gemini.keys import resolve_api_key
    from proportrait.generate.gemini.prices import DEFAULT_MODEL
    from proportrait.generate.paid.control import ControlledGenerator

    key = resolve_api_key(options.api_key, os.environ, Path(".env"))
    inner = GeminiGenerator(
        key,
        model=options.model or DEFAULT_MODEL,
        usd_per_image=price_usd("gemini", options.model, options.price_usd, options.batch),
        timeout_s=options.timeout_s,
        max_connections=options.concurrency + 10,
        base_url=options.base_url,
    )
    if options.batch:  # nothing is asked of it one by one
        return inner
    return ControlledGenerator(
        inner,
        concurrency=options.concurrency,
        requests_per_minute=options.requests_per_minute,
        max_retries=options.max_retries,
        budget_usd=options.budget_usd,
        reserve=options.reserve,
    )


def _diffusion(options: GeneratorOptions) -> ImageGenerator:
    from proportrait.generate.diffusion.generator import DiffusionGenerator

    if options.diffusion is None:
        raise ConfigurationError("the diffusion generator needs --model: an id or a folder")
    return DiffusionGenerator(options.diffusion)


GENERATORS: dict[str, Callable[[GeneratorOptions], ImageGenerator]] = {
    "gemini": _gemini,
    "offline": _offline,
    "diffusion": _diffusion,
}


def choose_generator(mock: bool, model: str | None) -> str:
    """The generator that the options mean: --mock, a diffusion model, or else Gemini."""
    if mock:
        return "offline"
    if model is not None and not model.startswith("gemini"):
        return "diffusion"
    return "gemini"


def price_usd(
    generator: str, model: str | None, override: float | None = None, batch: bool = False
) -> float:
    """The most that one picture can cost, in dollars; it needs no key.

    `override` is the price without the Batch API, which takes half of it.

    Raises:
        ConfigurationError: neither the table of models nor `override` knows it.
    """
    if generator != "gemini":
        return 0.0
    from proportrait.generate.gemini import prices

    price = prices.price_usd(model or prices.DEFAULT_MODEL, override=override)
    return price * prices.BATCH_SHARE if batch else price


def make_generator(name: str, options: GeneratorOptions) -> ImageGenerator:
    """A generator of the registry.

    Raises:
        ConfigurationError: the name is unknown, or an option is missing or wrong.
    """
    if name not in GENERATORS:
        raise ConfigurationError(f"unknown generator {name!r}; choose from {', '.join(GENERATORS)}")
    return GENERATORS[name](options)
