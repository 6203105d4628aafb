#!/usr/bin/env python3
"""Stage 1, the same as `proportrait generate`: make a labelled portrait data set."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from proportrait.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code of `proportrait generate`."""
    return run("generate", argv, prog="synthetic_dataset_generator.py")


if __name__ == "__main__":
    sys.exit(main())
