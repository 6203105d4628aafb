"""The arguments of stage three."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from proportrait.augment.plan import KINDS
from proportrait.commandline import count, seed, share, some_of
from proportrait.errors import ConfigurationError

ALL = tuple(kind for kinds in KINDS.values() for kind in kinds)


def parse(argv: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    """Read the command line.

    Raises:
        ConfigurationError: only kinds of blur, without --blur.
        SystemExit: an option that is unknown or out of range, or --help.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # fmt: off
    add = parser.add_argument
    add("-i", "--input", type=Path, default=Path("output"), metavar="DIR",
        help="folder that synthetic_dataset_generator.py wrote (default ./output)")
    add("--balance", type=share, default=0.5, metavar="SHARE",
        help="share of the pictures that shall be badly framed, and unsharp (default 0.5)")
    add("--kinds", type=some_of(ALL, "kind"), default=ALL, metavar="NAMES",
        help=f"all (the default), or some of {','.join(ALL)}")
    add("--blur", action="store_true", help="balance sharpness too, not framing alone")
    add("--seed", type=seed, default=0, help="same seed, same twins (default 0)")
    add("--workers", type=count, metavar="N",
        help="processes (default: one a core, as far as the memory reaches)")
    add("--dry_run", action="store_true", help="say what would be made, and make nothing")
    # fmt: on
    options = parser.parse_args(argv)
    wanted = ("framing", "sharpness") if options.blur else ("framing",)
    options.attributes = [key for key in wanted if set(KINDS[key]) & set(options.kinds)]
    if not options.attributes:
        raise ConfigurationError(f"--kinds {','.join(options.kinds)} needs --blur")
    return options
