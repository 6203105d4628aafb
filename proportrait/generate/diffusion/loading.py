"""Finding and loading pipelines of diffusers; used in a worker thread only."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proportrait.errors import ConfigurationError, FatalError
from proportrait.generate.diffusion.placement import out_of_memory

log = logging.getLogger(__name__)

HUB_TIMEOUT_S = 10.0


def require_extra(*packages: str) -> None:
    """Raise ConfigurationError where a package of the extra is not installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the diffusion generator needs {', '.join(missing)}: "
            "pip install 'proportrait-gen[diffusion]'"
        )


def pipeline_folder(model: str, variant: str | None = None) -> str:
    """The folder of a pipeline: itself, its place in the cache of the Hub, or a fresh download.

    Raises:
        FatalError: it cannot be found; one line that says why and what to do.
    """
    return local_folder(model, lambda name, local: _fetch_pipeline(name, local, variant))


def load_pipeline(
    folder: str,
    loader: str,
    dtype: str,
    parts: Callable[[str], dict[str, Any]],
    variant: str | None = None,
) -> Any:
    """Load a pipeline into the memory of the machine.

    Args:
        folder: of the model.
        loader: the class of diffusers that loads it.
        dtype: the name of one of torch.
        parts: components to pass to `from_pretrained`, from the folder of the model.
        variant: of the weights, such as "fp16"; None for those without one.

    Raises:
        FatalError: it cannot be loaded; one line that says why and what to do.
    """
    import diffusers
    import torch

    try:
        pipe = getattr(diffusers, loader).from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            variant=variant,
            use_safetensors=True,  # pickled weights could run code
            local_files_only=True,
            **parts(folder),
        )
    except Exception as error:
        if out_of_memory(error):
            raise
        raise FatalError(_load_message(folder, variant, error)) from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def revision(folder: str) -> str | None:
    """The commit of a folder in the cache of the Hub; None for another folder."""
    path = Path(folder)
    return path.name if path.parent.name == "snapshots" else None


def local_folder(name: str, fetch: Callable[[str, bool], str]) -> str:
    """The folder of a model: itself, its place in the cache of the Hub, or a fresh download."""
    if Path(name).is_dir():
        return name
    try:
        return fetch(name, True)
    except (OSError, ValueError) as error:
        log.debug("%s is not in the cache: %s", name, error)
    _require_reachable(name)
    try:
        return fetch(name, False)
    except Exception as error:
        raise FatalError(_hub_message(name, error)) from error


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _fetch_pipeline(model: str, local_files_only: bool, variant: str | None) -> str:
    import diffusers

    folder: str = diffusers.DiffusionPipeline.download(
        model, local_files_only=local_files_only, use_safetensors=True, variant=variant
    )
    return folder


def _load_message(folder: str, variant: str | None, error: Exception) -> str:
    """Why a model that is here could not be loaded, and what to do."""
    path = Path(folder)
    cached = path.parent.name == "snapshots"  # of models--OWNER--NAME
    model = (
        path.parent.parent.name.removeprefix("models--").replace("--", "/") if cached else folder
    )
    again = f" (if a download was cut short: hf download {model})" if cached else ""
    variants = sorted({_variant(path.name) for path in Path(folder).rglob("*.safetensors")})
    if variants and (variant or "") not in variants:
        choices = " or ".join(f"--variant {name}" if name else "no --variant" for name in variants)
        return f"{model} has no weights of the variant {variant or 'without a name'}: try {choices}"
    if not variants:
        return (
            f"{model} has no .safetensors weights, and pickled ones could run code: give --model a "
            f"model that has them, or --variant fp16 where it has only those{again}"
        )
    if isinstance(error, ImportError):
        return f"{model} needs a package that is not installed: {first_line(error)}"
    return f"{model} could not be loaded: {first_line(error)}{again}"


def _variant(name: str) -> str:
    """unet.fp16.safetensors -> fp16, unet.fp16-00001-of-00002.safetensors -> fp16"""
    middle = name.split(".")[1:-1]
    return middle[0].partition("-")[0] if middle else ""


def _require_reachable(name: str) -> None:
    """Ask the Hub once: its own downloads try again for half a minute where there is no network."""
    from huggingface_hub import HfApi, is_offline_mode

    if is_offline_mode():
        raise FatalError(
            f"{name} is not in the cache of the Hugging Face Hub and HF_HUB_OFFLINE is set: "
            f"unset it, or run `hf download {name}` first, or give the folder of a model"
        )
    try:
        HfApi().model_info(name, timeout=HUB_TIMEOUT_S)
    except Exception as error:
        raise FatalError(_hub_message(name, error)) from error


def _hub_message(name: str, error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return (
            f"{name} asks for its licence to be accepted: do so on https://huggingface.co/{name}, "
            "then run `hf auth login` or set HF_TOKEN"
        )
    if isinstance(error, RepositoryNotFoundError):
        return f"the Hugging Face Hub has no model {name} (or HF_TOKEN gives no access to it)"
    if isinstance(error, HfHubHTTPError):
        return f"the Hugging Face Hub refused {name}: {first_line(error)}"
    if isinstance(error, ValueError) and "variant" in str(error):
        return f"{name} has no weights of that --variant: leave it out ({first_line(error)})"
    return (
        f"{name} is not in the cache, and the Hugging Face Hub did not answer "
        f"({first_line(error)}): check the network, or run `hf download {name}` where there is "
        "one, or give the folder of a model"
    )
