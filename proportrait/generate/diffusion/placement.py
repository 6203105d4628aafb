"""Where and in which precision a pipeline runs, and what to do where memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from proportrait.errors import ConfigurationError, FatalError

DTYPES = ("auto", "bfloat16", "float16", "float32")
OFFLOADS = ("none", "model", "group", "sequential")
QUANTIZATIONS = ("none", "fp8")


@dataclass(frozen=True)
class Placement:
    """Where and in which precision a pipeline runs.

    Attributes:
        device: auto (cuda, else mps, else cpu), or a device of torch such as "cuda:1".
        dtype: one of `DTYPES`; auto is float32 on the CPU, else bfloat16, or float16 on GPUs
            without it.
        offload: one of `OFFLOADS`, from the fastest to the one that takes the least of the GPU's
            memory: what is not at work waits in the memory of the machine.
        quantize: fp8 keeps the weights of the denoising network in eight bits and computes in
            `dtype`.
    """

    device: str = "auto"
    dtype: str = "auto"
    offload: str = "none"
    quantize: str = "none"

    def __post_init__(self) -> None:
        if self.device.partition(":")[0] not in ("auto", "cuda", "mps", "cpu"):
            raise ConfigurationError(
                f"unknown --device {self.device!r}; the devices are auto, cuda, cuda:N, mps, cpu"
            )
        for flag, value, choices in (
            ("dtype", self.dtype, DTYPES),
            ("offload", self.offload, OFFLOADS),
            ("quantize", self.quantize, QUANTIZATIONS),
        ):
            if value not in choices:
                raise ConfigurationError(f"unknown --{flag} {value!r}; {', '.join(choices)}")
        if self.offload != "none" and self.device == "cpu":
            raise ConfigurationError("--offload needs a GPU: leave it out with --device cpu")

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
            raise FatalError(
                f"torch {torch.__version__} sees no {kind} device: try --device auto, or install "
                "the build of torch for your GPU"
            )
        dtype = self.dtype
        if dtype == "auto":
            half = "bfloat16" if kind == "mps" or torch.cuda.is_bf16_supported() else "float16"
            dtype = "float32" if kind == "cpu" else half
        offload = "none" if kind == "cpu" else self.offload
        return replace(self, device=device, dtype=dtype, offload=offload)

    def place(self, pipe: Any) -> None:
        """Put a pipeline there; the placement must be resolved."""
        import torch

        if self.quantize == "fp8":
            network = getattr(pipe, "transformer", None) or pipe.unet
            network.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, self.dtype)
            )
        if self.offload == "model":
            pipe.enable_model_cpu_offload(device=self.device)
        elif self.offload == "sequential":
            pipe.enable_sequential_cpu_offload(device=self.device)
        elif self.offload == "group":
            pipe.enable_group_offload(
                onload_device=torch.device(self.device),
                offload_type="leaf_level",
                use_stream=self.device.startswith("cuda"),
            )
        else:
            pipe.to(self.device)

    def advice(self, *, size: int, upscaler: bool = False) -> str:
        """What to do where a picture of `size` px does not fit into the memory."""
        ways = []
        if self.device != "cpu":
            if self.offload != OFFLOADS[-1]:
                ways.append(f"--offload {OFFLOADS[OFFLOADS.index(self.offload) + 1]}")
            if self.quantize == "none":
                ways.append("--quantize fp8")
        if self.dtype == "float32":
            ways.append("--dtype bfloat16")
        if upscaler:
            ways.append("no --upscaler")
        if size > 512:
            ways.append(f"--size {max(512, size * 3 // 4 // 64 * 64)}")
        ways.append("a smaller --model")
        return f"out of memory on {self.device} in {self.dtype}: try {', '.join(ways)}"


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or Python says that memory ran out."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text
