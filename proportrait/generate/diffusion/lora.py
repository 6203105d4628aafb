"""LoRA weights for a pipeline of diffusers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proportrait.errors import ConfigurationError, FatalError
from proportrait.generate.diffusion.loading import first_line, local_folder

STANDARD_NAME = "pytorch_lora_weights.safetensors"


def matched_scales(loras: Sequence[str], scales: Sequence[float]) -> tuple[float, ...]:
    """The scale of each LoRA: one for all, or one each; 1 where none is given.

    Raises:
        ConfigurationError: another number of scales.
    """
    if (scales and not loras) or (len(scales) > 1 and len(scales) != len(loras)):
        raise ConfigurationError(
            f"{len(scales)} --lora_scale for {len(loras)} --lora: give one for all, or one each"
        )
    return tuple(scales) if len(scales) > 1 else tuple(scales or (1.0,)) * len(loras)


def load_loras(pipe: Any, loras: Sequence[str], scales: Sequence[float]) -> None:
    """Add LoRA weights to a pipeline; the effects of several add up.

    Args:
        pipe: a loaded pipeline.
        loras: .safetensors files, folders, ids of the Hub, or owner/name/file.safetensors.
        scales: of each: 0 is no effect, 1 the full one.

    Raises:
        FatalError: one cannot be found, or does not fit the model.
    """
    names = [f"proportrait{number}" for number in range(len(loras))]
    for lora, name in zip(loras, names, strict=True):
        _load(pipe, lora, name)
    pipe.set_adapters(names, list(scales))


def _load(pipe: Any, lora: str, adapter: str) -> None:
    path = Path(lora)
    if path.is_file():
        folder, weights = str(path.parent), path.name
    else:
        repository, weights = _split(lora)
        folder = local_folder(repository, lambda name, local: _fetch(name, weights, local))
        weights = weights or _only_weights(lora, folder)
    try:
        pipe.load_lora_weights(
            folder, weight_name=weights, adapter_name=adapter, use_safetensors=True
        )
        # Weights whose names fit no layer are passed over with a warning only.
        if not any(adapter in names for names in pipe.get_list_adapters().values()):
            raise ValueError("no weight in it belongs to a layer of the model")
    except Exception as error:
        raise FatalError(
            f"--lora {lora} does not fit {type(pipe).__name__}: {first_line(error)}"
        ) from error


def _only_weights(lora: str, folder: str) -> str:
    """The file of a folder, by diffusers' own name or because there is no other."""
    files = sorted(file.name for file in Path(folder).glob("*.safetensors"))
    if STANDARD_NAME in files or len(files) == 1:
        return STANDARD_NAME if STANDARD_NAME in files else files[0]
    if not files:
        raise FatalError(f"--lora {lora} holds no .safetensors file")
    raise FatalError(
        f"--lora {lora} holds {len(files)} .safetensors files: name one, such as --lora "
        f"{lora.rstrip('/')}/{files[0]}"
    )


def _split(lora: str) -> tuple[str, str]:
    """("owner/name", "file.safetensors" or "") of the name of a LoRA that is no file."""
    if Path(lora).is_dir():
        return lora, ""
    owner, _, rest = lora.partition("/")
    name, _, weights = rest.partition("/")
    if not owner or not name:
        raise FatalError(
            f"--lora {lora} is neither a file, a folder, nor an id of the Hugging Face Hub"
        )
    return f"{owner}/{name}", weights


def _fetch(repository: str, weights: str, local_files_only: bool) -> str:
    from huggingface_hub import snapshot_download

    return snapshot_download(
        repository, allow_patterns=weights or "*.safetensors", local_files_only=local_files_only
    )
