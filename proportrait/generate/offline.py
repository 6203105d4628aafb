"""The offline generator: the editor in worker processes, with labels true by construction."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from typing import TYPE_CHECKING

from proportrait.digest import code_digest
from proportrait.errors import FatalError
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.networks.assets import ASSETS
from proportrait.workers import WATCH_S, check_alive, end_pool, fitting_workers, make_pool

if TYPE_CHECKING:
    from proportrait.edit.editor import PortraitEditor

# What the bytes of a picture depend on besides its seed and its source.
_PLACES = (
    "arrays.py", "edit", "faces", "generate/finish.py", "imaging", "labels.py", "measures",
    "networks", "tone.py",
)  # fmt: skip
_LIBRARIES = ("numpy", "opencv-python-headless", "openvino", "pillow", "pillow-heif")
WORKER_BYTES = 3_200_000_000  # resident memory of a worker; most of it are feature maps


@cache
def version() -> str:
    """The version of the editor, part of every record; it follows from code, data, and weights.

    The same version, seed, and source give the same bytes.
    """
    weights = (asset.sha256 for asset in ASSETS.values())
    return f"proportrait-editor {code_digest(_PLACES, _LIBRARIES, weights)}"


class OfflineGenerator:
    """Edits portraits on this machine, for nothing and without a network.

    A face of the built-in source is drawn anew and gets all six bits; of any other picture light,
    background, and framing are edited, and its attire and expression are not known; nor is good
    light where the photo was taken in bad light.

    Args:
        workers: most processes; never more than cores, or than the free memory holds.
    """

    name = "offline"
    price_usd = 0.0

    def __init__(self, workers: int | None = None) -> None:
        self.workers = fitting_workers(workers, WORKER_BYTES)
        self._pool = make_pool(self.workers)

    async def generate(self, request: GenerationRequest) -> Generated:
        """Edit one portrait in a worker process.

        Raises:
            ImageError: the source portrait cannot be used.
            EditError: a bit could not be made true.
            FatalError: the worker processes died.
        """
        loop = asyncio.get_running_loop()
        try:
            with _blocked_in_new_processes(signal.SIGINT):
                work = loop.run_in_executor(self._pool, _work, request)
            # Nobody asks for it after Ctrl-C, and asyncio would print what it was not asked for.
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            # Never cancelled itself: a broken pool gives its futures their error from a thread of
            # its own, which fails on one that is cancelled meanwhile.
            while not (await asyncio.wait({work}, timeout=WATCH_S))[0]:
                check_alive(self._pool)
            return work.result()
        except BrokenProcessPool as error:
            raise FatalError(
                "a worker process of the offline editor was killed, most likely for want of memory:"
                " run the same command with a smaller --concurrency"
            ) from error

    async def close(self) -> None:
        """End the worker processes, at work or not."""
        workers = list((self._pool._processes or {}).values())
        end_pool(self._pool)
        for worker in workers:
            await asyncio.to_thread(worker.join, 2.0)


@contextlib.contextmanager
def _blocked_in_new_processes(number: int) -> Iterator[None]:
    """Processes that are started in this block never receive the signal: they inherit its mask.

    Ctrl-C is for the parent alone, also while a worker is still importing.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_editor: PortraitEditor | None = None


def _work(request: GenerationRequest) -> Generated:
    """Edit one portrait; runs in a worker process, which imports and loads the networks once."""
    from proportrait.edit.editor import PortraitEditor
    from proportrait.generate.sources.built_in import StyleganItem

    global _editor
    if _editor is None:
        _editor = PortraitEditor(threads=1)
    item, labels, seed = request.item, request.labels, request.seed
    if isinstance(item, StyleganItem):
        shots = _editor.edit_face(item.latent_seed, labels, seed)
    else:
        shots = _editor.edit_photo(item.open().image, labels, seed)
    return Generated(*shots, model=version(), obeys_prompt=False)
