"""Tests, in the rooms of the package."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # of the repository
FACE = ROOT / "tests" / "data" / "face.jpg"  # of a person who does not exist
