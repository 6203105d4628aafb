#!/usr/bin/env python3
"""Stage 2, the same as `proportrait verify`: hold every label against its picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from proportrait.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code of `proportrait verify`."""
    return run("verify", argv, prog="verify_labels.py")


if __name__ == "__main__":
    sys.exit(main())
