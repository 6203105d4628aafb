"""`proportrait taste label` with the quick features of `hooks`, as a process of its own."""

from __future__ import annotations

import argparse
import sys

from proportrait.commands.taste import label
from proportrait.serve.taste import work
from tests.serve.taste import hooks

if __name__ == "__main__":
    work.features = hooks.features
    parser = argparse.ArgumentParser()
    label.add_arguments(parser)
    sys.exit(label.execute(parser.parse_args()))
