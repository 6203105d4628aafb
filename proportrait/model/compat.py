"""timm beside a PyTorch without CUDA.

timm imports torchvision, whose build on PyPI registers its compiled operators with a PyTorch with
CUDA: beside a CPU-only one its import fails with "operator torchvision::nms does not exist".
Nothing here detects boxes, so it is enough to declare the operators that the import needs.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[Any] = []  # kept alive: a library that is collected takes its operators along


@cache
def timm() -> Any:
    """The timm package."""
    mend_torchvision()
    import timm

    return timm


def mend_torchvision() -> None:
    """Make `import torchvision` work; call it before importing a package that needs torchvision."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    else:
        return
    import torch

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    untyped: Any = torch.library
    library = untyped.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(operator + _SCHEMA)
    _libraries.append(library)
    import torchvision  # noqa: F401
