#!/usr/bin/env python3
"""Stage 3, the same as `proportrait balance`: add twins until half of the pictures are bad."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from proportrait.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code of `proportrait balance`."""
    return run("balance", argv, prog="augment_framing.py")


if __name__ == "__main__":
    sys.exit(main())
