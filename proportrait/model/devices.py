"""What networks compute on: the devices, their precision, and the processes, by accelerate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, TypeVar

Result = TypeVar("Result")
Precision = Literal["auto", "bf16", "fp32"]


def make_accelerator(precision: Precision, compiled: bool = False) -> Any:
    """Accelerate's view of the devices: one process, or those of `accelerate launch` or torchrun.

    Args:
        compiled: let torch.compile compile the models that it prepares.
    """
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import GradientAccumulationPlugin, InitProcessGroupKwargs

    if precision == "auto":
        has_bf16 = (
            torch.cuda.is_bf16_supported(including_emulation=False)
            if torch.cuda.is_available()
            else _cpu_has_bf16()
        )
        precision = "bf16" if has_bf16 else "fp32"
    AcceleratorState._reset_state()  # else the first precision of a process stays
    return Accelerator(
        cpu=not torch.accelerator.is_available(),  # else processes on a CPU do not find each other
        mixed_precision="bf16" if precision == "bf16" else "no",
        dynamo_backend="inductor" if compiled else None,  # None: that of `accelerate launch`
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),  # the loop does it
        # The other processes wait while the main one looks at the pictures.
        kwargs_handlers=[InitProcessGroupKwargs(timeout=timedelta(days=1))],
    )


def by_main(accelerator: Any, work: Callable[[], Result]) -> Result:
    """Do the work in the main process; all processes wait, and get what it returns."""
    from accelerate.utils import broadcast_object_list

    results = [work() if accelerator.is_main_process else None]
    result: Result = broadcast_object_list(results)[0]
    return result


def leads() -> bool:
    """Whether this is the main process, which prints and writes; the others have no more to do."""
    from accelerate import PartialState

    state = PartialState()
    state.destroy_process_group()
    return bool(state.is_main_process)


def _cpu_has_bf16() -> bool:
    """Whether the processor has bf16 instructions: emulated, bf16 is slower than float32."""
    import torch

    avx512 = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return bool(avx512 or getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
