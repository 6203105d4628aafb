"""Finding, loading, and placing pipelines of diffusers; used in a worker thread only."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.errors import ConfigurationError, FatalError

log = logging.getLogger(__name__)

DTYPES = ("auto", "bfloat16", "float16", "float32")
HUB_TIMEOUT_S = 10.0
ADAPTER = "proportrait"


def require_extra(*packages: str) -> None:
    """Raise ConfigurationError where a package of the extra is not installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the diffusion generator needs {', '.join(missing)}: "
            "pip install 'proportrait-gen[diffusion]'"
        )


@dataclass(frozen=True)
class Placement:
    """Where and in which precision a pipeline runs.

    Attributes:
        device: auto (cuda, else mps, else cpu), or a device of torch such as "cuda:1".
        dtype: one of `DTYPES`; auto is float32 on the CPU, else bfloat16, or float16 on GPUs
            without it.
        cpu_offload: keep on the GPU only the part that is at work.
    """

    device: str = "auto"
    dtype: str = "auto"
    cpu_offload: bool = False

    def __post_init__(self) -> None:
        if self.device.partition(":")[0] not in ("auto", "cuda", "mps", "cpu"):
            raise ConfigurationError(
                f"unknown device {self.device!r}; the devices are auto, cuda, cuda:N, mps, cpu"
            )
        if self.dtype not in DTYPES:
            raise ConfigurationError(
                f"unknown dtype {self.dtype!r}; the dtypes are {', '.join(DTYPES)}"
            )
        if self.cpu_offload and self.device == "cpu":
            raise ConfigurationError("CPU offload needs a GPU: leave it out on the device cpu")

    def resolve(self) -> Placement:
        """The same without auto.

        Raises:
            FatalError: the device is not there.
        """
        import torch

        present = {
            "cuda": torch.cuda.is_available(),
            "mps": torch.backends.mps.is_available(),
            "cpu": True,
        }
        device = self.device
        if device == "auto":
            device = next(name for name, here in present.items() if here)
        kind = device.partition(":")[0]
        if not present[kind]:
            raise FatalError(f"torch {torch.__version__} sees no {kind} device; try device auto")
        dtype = self.dtype
        if dtype == "auto":
            half = "bfloat16" if kind == "mps" or torch.cuda.is_bf16_supported() else "float16"
            dtype = "float32" if kind == "cpu" else half
        return Placement(device, dtype, self.cpu_offload and kind != "cpu")


def load_pipeline(
    model: str,
    loader: str,
    placement: Placement,
    parts: Callable[[str], dict[str, Any]],
) -> tuple[Any, str | None]:
    """Load a pipeline and put it on its device.

    Args:
        model: a folder, or an id of the Hub; the cache is used where it is complete.
        loader: the class of diffusers that loads it.
        placement: resolved.
        parts: components to pass to `from_pretrained`, from the folder of the model.

    Returns:
        The pipeline, and the commit of the Hub that it was loaded from (None for a folder).

    Raises:
        FatalError: it cannot be found or loaded; one line that says why and what to do.
    """
    import diffusers
    import torch

    folder = _local_folder(model, _fetch_pipeline)
    try:
        pipe = getattr(diffusers, loader).from_pretrained(
            folder,
            dtype=getattr(torch, placement.dtype),
            use_safetensors=True,  # pickled weights could run code
            local_files_only=True,
            **parts(folder),
        )
        if placement.cpu_offload:
            pipe.enable_model_cpu_offload(device=placement.device)
        else:
            pipe.to(placement.device)
    except Exception as error:
        if out_of_memory(error):
            raise FatalError(f"{model}: {memory_advice(placement)}") from error
        raise FatalError(
            f"{model} could not be loaded: {_line(error)} (if a download was cut short: "
            f"hf download {model})"
        ) from error
    pipe.set_progress_bar_config(disable=True)
    path = Path(folder)
    return pipe, path.name if path.parent.name == "snapshots" else None


def load_lora(pipe: Any, lora: str, scale: float) -> None:
    """Add LoRA weights to a pipeline.

    Args:
        pipe: a loaded pipeline.
        lora: a .safetensors file, a folder, an id of the Hub, or owner/name/file.safetensors.
        scale: 0 is no effect, 1 the full one.

    Raises:
        FatalError: it cannot be found, or does not fit the model.
    """
    path = Path(lora)
    if path.is_file():
        folder, weights = str(path.parent), path.name
    else:
        repository, weights = _split_lora(lora)
        folder = _local_folder(repository, lambda name, local: _fetch_lora(name, weights, local))
    try:
        pipe.load_lora_weights(
            folder, weight_name=weights or None, adapter_name=ADAPTER, use_safetensors=True
        )
        # Weights whose names fit no layer are passed over with a warning only.
        if not any(ADAPTER in names for names in pipe.get_list_adapters().values()):
            raise ValueError("no weight in it belongs to a layer of the model")
        pipe.set_adapters([ADAPTER], [scale])
    except Exception as error:
        raise FatalError(
            f"the LoRA {lora} does not fit {type(pipe).__name__}: {_line(error)}"
        ) from error


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or Python says that memory ran out."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text


def memory_advice(placement: Placement) -> str:
    """What to do where a model does not fit."""
    advice = "" if placement.cpu_offload or placement.device == "cpu" else "CPU offload, "
    return (
        f"out of memory on {placement.device} in {placement.dtype}: try {advice}a smaller size, "
        "no upscaler, or a smaller model"
    )


def _split_lora(lora: str) -> tuple[str, str]:
    """("owner/name", "file.safetensors" or "") of the name of a LoRA that is no file."""
    if Path(lora).is_dir():
        return lora, ""
    owner, _, rest = lora.partition("/")
    name, _, weights = rest.partition("/")
    if not owner or not name:
        raise FatalError(
            f"the LoRA {lora} is neither a file, a folder, nor an id of the Hugging Face Hub"
        )
    return f"{owner}/{name}", weights


def _fetch_pipeline(model: str, local_files_only: bool) -> str:
    import diffusers

    folder: str = diffusers.DiffusionPipeline.download(
        model, local_files_only=local_files_only, use_safetensors=True
    )
    return folder


def _fetch_lora(repository: str, weights: str, local_files_only: bool) -> str:
    from huggingface_hub import snapshot_download

    return snapshot_download(
        repository, allow_patterns=weights or "*.safetensors", local_files_only=local_files_only
    )


def _local_folder(name: str, fetch: Callable[[str, bool], str]) -> str:
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


def _require_reachable(name: str) -> None:
    """Ask the Hub once: its own downloads try again for half a minute where there is no network."""
    from huggingface_hub import HfApi, is_offline_mode

    if is_offline_mode():
        raise FatalError(
            f"{name} is not in the cache of the Hugging Face Hub and HF_HUB_OFFLINE is set: "
            f"unset it, or run `hf download {name}` first"
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
        return f"the Hugging Face Hub refused {name}: {_line(error)}"
    return (
        f"{name} is not in the cache, and the Hugging Face Hub did not answer ({_line(error)}): "
        f"check the network, or run `hf download {name}` where there is one"
    )


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
