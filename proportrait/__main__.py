"""`python -m proportrait`, and `accelerate launch -m proportrait train ...`."""

import sys

from proportrait.cli import main

if __name__ == "__main__":
    sys.exit(main())
