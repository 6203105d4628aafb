"""The options of commands that can work on a cluster."""

from __future__ import annotations

import argparse

from proportrait.errors import ConfigurationError


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add --engine and --ray_address."""
    # fmt: off
    parser.add_argument("--engine", choices=("local", "ray"), default="local",
        help="ray: look at the pictures on Ray workers, of this machine or a cluster, with the "
             "same results; needs pip install 'proportrait-gen[ray]', see docs/ray.md")
    parser.add_argument("--ray_address", metavar="ADDRESS",
        help="with --engine ray: a cluster that runs, HOST:PORT or auto (default: workers of this "
             "machine, as long as the command runs)")
    # fmt: on


def uses_ray(options: argparse.Namespace) -> bool:
    """Whether --engine ray is given.

    Raises:
        ConfigurationError: --ray_address is, without it.
    """
    if options.ray_address and options.engine != "ray":
        raise ConfigurationError("--ray_address names a Ray cluster: add --engine ray")
    return bool(options.engine == "ray")
