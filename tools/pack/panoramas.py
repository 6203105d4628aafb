"""Store the panoramas of data/place_*.webp: `python -m tools.pack.panoramas FOLDER...`.

The folders hold what data/README.md names as sources.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from proportrait.edit.data import FOLDER
from proportrait.edit.retouch.backgrounds.panoramas import BOTTOM, TOP, encode

# By place: the file and its height in px, which tells the two collections apart.
SOURCES = {
    "hotel_room": ("interior", 512),
    "courtyard": ("courtyard", 512),
    "car_park": ("city", 512),
    "garden": ("forest", 512),
    "quay": ("sunset", 512),
    "mall": ("esplanade", 256),
    "woods": ("forest", 256),
    "banquet_hall": ("hall", 256),
    "laboratory": ("lab", 256),
    "lobby": ("lobby", 256),
    "workshop": ("workshop", 256),
    "warehouse": ("warehouse", 256),
    "footbridge": ("bridge", 256),
    "old_square": ("sunset", 256),
    "plaza": ("city", 256),
    "apartment": ("apartment", 256),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Read, crop, and write them."""
    parser = argparse.ArgumentParser(prog="python -m tools.pack.panoramas", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="of .exr files")
    folders: list[Path] = parser.parse_args(argv).folders
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"  # before the first of them is read
    found = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.exr"))):
        stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if stored is None:
            raise ValueError(f"{path} cannot be read")
        found[path.stem, stored.shape[0]] = stored[..., 2::-1].astype(np.float32)
    for place, source in SOURCES.items():
        light = found[source]
        rows = light.shape[0]
        top, bottom = (round((90 - angle) / 180 * rows) for angle in (TOP, BOTTOM))
        path = FOLDER / f"place_{place}.webp"
        Image.fromarray(encode(light[top:bottom])).save(path, quality=95, method=6)
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
