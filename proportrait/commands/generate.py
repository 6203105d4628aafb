"""Make a labelled portrait data set: portraits of a source, edited to show six good or bad bits.

With --mock free and offline, with photoreal faces of the built-in source. Else with Gemini: put
GOOGLE_API_KEY into the environment or a .env file, and see the price first (--dry_run). The same
command again resumes: what is there is neither made nor paid twice."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from operator import length_hint
from pathlib import Path

from tqdm import tqdm

from proportrait.commandline import INTERRUPTED, count, dollars, index, positive, seed
from proportrait.disk import is_same_folder
from proportrait.errors import ConfigurationError
from proportrait.faces import FaceAnalyzer
from proportrait.generate import (
    GeneratorOptions,
    choose_generator,
    make_generator,
    price_usd,
    report,
    run,
)
from proportrait.generate.base import GenerationRequest, ImageGenerator, PortraitSource
from proportrait.generate.diffusion import options as pipeline
from proportrait.generate.fetching import PatientGenerator
from proportrait.generate.gemini.prices import AS_OF
from proportrait.generate.sample import begun_otherwise, check_continues, check_probabilities
from proportrait.generate.sources.names import DEFAULT_DATASET, SKIN_TONES
from proportrait.generate.sources.registry import SOURCES, open_source
from proportrait.generate.sources.shard import Shard, ShardSource
from proportrait.imaging import ENCODERS
from proportrait.runlog import log_to
from proportrait.store import RecordStore
from proportrait.store.export import EXPORTS, export

EXAMPLES = """
proportrait generate -o output --mock --limit 100                  # offline, $0
proportrait generate -o output --limit 5000 --budget_usd 50        # Gemini, FFHQ; --batch: half
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait generate`."""
    # fmt: off
    add = parser.add_argument_group("what is made").add_argument
    add("-o", "--output_dir", type=Path, default=Path("output"), metavar="DIR",
        help="folder for images/, metadata/, and ledger.jsonl (default ./output)")
    add("--limit", type=count, metavar="N",
        help="source portraits, finished ones included; default: the whole source "
             "(100 of the endless built-in one)")
    add("--shard", type=shard, metavar="K/N",
        help="only the K-th of N parts of these, for several machines; `proportrait merge` "
             "puts the folders together")
    add("--seed", type=seed, default=0,
        help="of labels, prompts, and edits; same seed, same data set (default 0)")
    add("--perfect_prob", type=float, default=0.15, metavar="P",
        help="share of portraits with six good bits (default 0.15)")
    add("--near_perfect_prob", type=float, default=0.15, metavar="P",
        help="share with exactly one bad bit (default 0.15); the rest has two or more")
    add("--no_variation", action="store_true",
        help="word every prompt alike and drop no phrase")
    add("--export", choices=("none", *EXPORTS), default="none",
        help="afterwards, write a copy for datasets.load_dataset to DIR/export/")
    add("--format", choices=tuple(ENCODERS), default="JPEG", type=str.upper,
        help="file format of the pictures: JPEG (quality 95, the default) or PNG")
    add = parser.add_argument_group("source portraits").add_argument
    add("--source", choices=tuple(SOURCES),
        help="hf: the Hugging Face Hub, folder: your own pictures, stylegan: built-in faces "
             "(default: stylegan with --mock, else hf, or what the options below imply)")
    add("--hf_dataset", metavar="NAME",
        help=f"data set on the Hub, or a local imagefolder or parquet (default {DEFAULT_DATASET})")
    add("--hf_split", default="train", metavar="SPLIT", help="of the data set (default train)")
    add("--source_dir", type=Path, metavar="DIR", help="folder of your own portraits")
    add("--skin_tones", choices=SKIN_TONES, default="natural",
        help="of the built-in faces: natural, as in FFHQ, where one in 170 is dark (default), or "
             "even, a third each of light, tan, and dark")
    add = parser.add_argument_group("generator").add_argument
    add("--mock", action="store_true",
        help="the offline editor: photoreal, free, no network, labels true by construction")
    add("--api_key", metavar="KEY",
        help="of Gemini. It would stand in the process list: better set GOOGLE_API_KEY in the "
             "environment or in .env, or give @path/to/file")
    add("--model", help="a Gemini model (default: see the README), or the id or folder of a "
                        "diffusers pipeline (FLUX Kontext, FLUX.2, Qwen-Image-Edit, SDXL, "
                        "InstructPix2Pix)")
    add("--price_usd", type=dollars, metavar="USD",
        help=f"of one picture, where it has changed since {AS_OF}")
    add("--base_url", help=argparse.SUPPRESS)
    add = parser.add_argument_group("running").add_argument
    add("--concurrency", type=count, default=10, metavar="N",
        help="requests at once; with --mock, worker processes, at most one a core (default 10)")
    add("--requests_per_minute", type=positive, metavar="N", help="pace of the requests")
    add("--max_retries", type=index, default=3, metavar="N",
        help="tries after the first one, of errors that may pass (default 3)")
    add("--timeout", type=positive, default=120.0, metavar="S",
        help="of a request (default 120 s)")
    add("--budget_usd", type=dollars, metavar="USD",
        help="never spend more on this folder, over all its runs")
    add("--batch", action="store_true",
        help="ask Gemini through its Batch API: half the price, answers within a day; waits for "
             "them, and a run that was ended goes on")
    add("--job_size", type=count, default=500, metavar="N",
        help="requests of one batch job (default 500)")
    add("--batch_poll", type=positive, default=60.0, metavar="S",
        help="seconds between looks at the batch jobs (default 60)")
    add("--dry_run", action="store_true", help="say what would be made and what it would cost")
    add("--retry_failed", action="store_true", help="try portraits again that failed before")
    add("-v", "--verbose", action="store_true", help="log every step to DIR/generation.log")
    # fmt: on
    pipeline.add_arguments(parser)


def shard(text: str) -> Shard:
    """K/N with K from 1 to N."""
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def execute(options: argparse.Namespace) -> int:
    """Make the portraits that the options name, and report; returns the exit code."""
    settle(options)
    portraits = source(options)
    before = RecordStore(options.output_dir)
    if before.metadata.is_dir():
        check_folder(options, portraits, before)
    if options.dry_run or options.batch:
        limit = None if options.shard else options.limit
        print(report.forecast(before, portraits, *price(options), limit, options.retry_failed))
        if requests := len(before.jobs()):
            print(f"of these, {requests} lie in batch jobs and are paid for already")
    if options.dry_run:
        return 0
    with RecordStore(options.output_dir) as store, log_to(options.output_dir, options.verbose):
        tally = report.Tally(spent_before_usd=store.spent_usd)
        maker = generator(options, store)
        if not options.batch:
            maker = PatientGenerator(maker, options.max_retries)
        whole = 0 if options.shard else options.limit
        total = whole or length_hint(portraits) or None
        with (
            ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="finish") as threads,
            tqdm(total=total, unit="portrait", smoothing=0.1) as bar,
        ):
            parts = run.Run(options, portraits, maker, store, threads, FaceAnalyzer(), bar, tally)
            try:
                tally.stopped = asyncio.run(work(parts, options.batch))
            except KeyboardInterrupt:
                tally.stopped, tally.interrupted = INTERRUPTED, True
                if requests := len(store.jobs()):
                    tally.stopped += f", and fetches the {requests} requests in batch jobs"
        print(report.publish(store, maker.name, tally))
        if tally.interrupted:
            return 130
        if options.export != "none" and store.counts()["pictures"]:
            print(f"export      {export(store, options.export)}")
    return 1 if tally.failed or tally.passed_over or tally.stopped else 0


def work(parts: run.Run, batch: bool) -> Coroutine[None, None, str | None]:
    """The run itself, request by request or through batch jobs."""
    if not batch:
        return run.generate(parts)
    from proportrait.generate.gemini.batch import polling

    return polling.generate(parts)


def check_folder(
    options: argparse.Namespace, portraits: PortraitSource, store: RecordStore
) -> None:
    """Make sure that the options are those of the folder's first run.

    Raises:
        ConfigurationError: they are others, and the set would become a mixture; or requests in
            batch jobs would be made, and paid for, twice.
    """
    if (requests := len(store.jobs())) and not options.batch:
        raise ConfigurationError(
            f"{requests} requests of this folder lie in batch jobs and may be paid for: run with "
            f"--batch until they are fetched"
        )
    check_continues(
        store.records(), options.seed, perfect_prob=options.perfect_prob,
        near_perfect_prob=options.near_perfect_prob, encoder=options.format,
        variation=not options.no_variation,
    )  # fmt: skip
    if options.source != "stylegan":
        return
    from proportrait.generate.sources.built_in import StyleganSource

    known = {entry.source_id for entry in store.history()}
    if isinstance(portraits, StyleganSource) and not portraits.continues(known):
        raise begun_otherwise(f"with other --skin_tones than {options.skin_tones}")


def source(options: argparse.Namespace) -> PortraitSource:
    """The source that the arguments name.

    Raises:
        ConfigurationError: see `open_source`.
    """
    whole = open_source(
        options.source,
        hf_dataset=options.hf_dataset,
        hf_split=options.hf_split,
        source_dir=options.source_dir,
        seed=options.seed,
        skin_tones=options.skin_tones,
    )
    return ShardSource(whole, options.shard, options.limit) if options.shard else whole


def generator(options: argparse.Namespace, store: RecordStore) -> ImageGenerator:
    """The generator that the arguments mean; its budget is what was spent on `store` leaves of it.

    Raises:
        ConfigurationError: see `make_generator`.
    """
    budget = options.budget_usd

    def reserve(request: GenerationRequest, tries: int, cost_usd: float) -> None:
        item = request.item
        store.reserve(item.source_id, item.stem, tries=tries, cost_usd=cost_usd)

    name = choose_generator(options.mock, options.model)
    return make_generator(
        name,
        GeneratorOptions(
            api_key=options.api_key,
            model=options.model,
            price_usd=options.price_usd,
            concurrency=options.concurrency,
            requests_per_minute=options.requests_per_minute,
            max_retries=options.max_retries,
            budget_usd=None if budget is None else max(0.0, budget - store.spent_usd),
            reserve=reserve,
            timeout_s=options.timeout,
            base_url=options.base_url,
            diffusion=pipeline.read(options) if name == "diffusion" else None,
            batch=options.batch,
        ),
    )


def price(options: argparse.Namespace) -> tuple[str, float]:
    """The name of the generator that the arguments mean, and the price of its pictures in dollars.

    Raises:
        ConfigurationError: the price of the model is not known.
    """
    name = choose_generator(options.mock, options.model)
    return name, price_usd(name, options.model, options.price_usd, options.batch)


def settle(options: argparse.Namespace) -> None:
    """Fill in what follows from other options.

    Raises:
        ConfigurationError: options that exclude each other or are out of range.
    """
    try:
        check_probabilities(options.perfect_prob, options.near_perfect_prob)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if options.mock and (options.api_key or options.model):
        raise ConfigurationError(
            "--mock edits offline and takes no --api_key and no --model: leave out one or the other"
        )
    if options.source is None:
        if options.source_dir is not None:
            options.source = "folder"
        elif options.hf_dataset is not None or not options.mock:
            options.source = "hf"
        else:
            options.source = "stylegan"
    if options.source_dir is not None and options.source != "folder":
        raise ConfigurationError(f"--source_dir goes with --source folder, not {options.source}")
    if options.source_dir and is_same_folder(options.source_dir, options.output_dir):
        raise ConfigurationError(
            "the data set would lie among your photos: name another folder with -o"
        )
    if options.hf_dataset is not None and options.source != "hf":
        raise ConfigurationError(f"--hf_dataset goes with --source hf, not {options.source}")
    if options.skin_tones != "natural" and options.source != "stylegan":
        raise ConfigurationError(
            f"--skin_tones chooses among the built-in faces, not those of {options.source}: leave "
            f"it out, or give --source stylegan"
        )
    if choose_generator(options.mock, options.model) == "diffusion":
        check_pipeline(options)
    elif flags := pipeline.flags_given(options):
        raise ConfigurationError(
            f"{', '.join(flags)}: for a diffusers pipeline only; name one with --model"
        )
    if options.batch and choose_generator(options.mock, options.model) != "gemini":
        raise ConfigurationError("--batch goes with Gemini: leave out --mock, or name its --model")
    if options.source == "stylegan" and options.limit is None:
        options.limit = 100
    options.hf_dataset = options.hf_dataset or DEFAULT_DATASET


def check_pipeline(options: argparse.Namespace) -> None:
    """Find wrong options of a diffusers pipeline before anything is loaded or written.

    Raises:
        ConfigurationError: see `DiffusionEditor`.
    """
    from proportrait.generate.diffusion.editor import DiffusionEditor

    DiffusionEditor(pipeline.read(options))
    # A batch is made of the requests that wait.
    options.concurrency = max(options.concurrency, options.batch_size)
