"""The screenshots of the web page and the report: `python -m benchmarks.screens DIR [-o FOLDER]`.

DIR holds the pictures that they show: people who do not exist. It needs Chromium (the variable
CHROMIUM names another browser) and requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from proportrait.commandline import exit_code
from proportrait.errors import ConfigurationError
from proportrait.imaging import list_pictures

_WIDTH, _HEIGHT = 1200, 1000  # px
_MOST = 24  # pictures of the report
_TRIES = 120


@contextmanager
def _server() -> Iterator[str]:
    """The address of a server that runs for as long as the block."""
    command = [sys.executable, "-m", "proportrait", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if address := re.search(r"http://\S+?:\d+", line):
                    _wait(f"{address[0]}/healthz")
                    yield address[0]
                    break
            else:
                raise ConfigurationError("proportrait serve did not start")
        finally:
            process.terminate()


def _wait(address: str) -> None:
    """Wait until somebody answers."""
    for _ in range(_TRIES):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise ConfigurationError(f"nobody answers at {address}")


def draw(folder: Path, output: Path) -> list[Path]:
    """Write page.png and report.png; returns them.

    Raises:
        ConfigurationError: there is no Chromium, or the folder holds no pictures.
    """
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise ConfigurationError("there is no Chromium: apt-get install chromium, or set CHROMIUM")
    pictures = list_pictures(folder).paths[:_MOST]
    files = [output / "page.png", output / "report.png"]
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        report = Path(scratch) / "report.html"
        names = [path.name for path in pictures]
        command = [sys.executable, "-m", "proportrait", "score", *names, "--report", str(report)]
        subprocess.run(command, check=True, cwd=pictures[0].parent, capture_output=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        with _server() as address:
            page.goto(address)
            page.wait_for_selector("body[data-ready]")
            page.set_input_files("#files", [str(path) for path in pictures[:2]])
            page.locator(".overall").nth(1).wait_for(timeout=120_000)
            page.wait_for_timeout(500)
            page.screenshot(path=files[0], full_page=False)
        page.goto(report.as_uri())
        page.wait_for_timeout(1000)
        page.screenshot(path=files[1])
        browser.close()
    return files


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screens", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("-o", "--output", type=Path, default=Path("visuals"), metavar="FOLDER")
    options = parser.parse_args(argv)

    def call() -> int:
        for path in draw(options.folder, options.output):
            print(f"written to {path}")
        return 0

    return exit_code(call)


if __name__ == "__main__":
    sys.exit(main())
