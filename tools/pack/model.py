"""Make a trained model the packaged one: `python -m tools.pack.model FILE`.

Its weights become float16, which halves the file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from proportrait.commandline import exit_code
from proportrait.model.saved import load, packaged, save

LARGEST = 10_000_000  # bytes


def pack(model: Path, to: Path) -> int:
    """Write a model with half the precision; returns the bytes of the file.

    Raises:
        AssetError: the file is no model.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    save(load(model), to, half=True)
    return to.stat().st_size


def main(argv: list[str] | None = None) -> int:
    """Returns 0, or 1 if the file is no model or too large for the package."""
    parser = argparse.ArgumentParser(prog="python -m tools.pack.model", description=__doc__)
    parser.add_argument("model", type=Path, help="a model.safetensors of `proportrait train`")
    options = parser.parse_args(argv)

    def work() -> int:
        size = pack(options.model, packaged())
        print(f"{packaged()}: {size / 1e6:.1f} MB")
        return int(size > LARGEST)

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
