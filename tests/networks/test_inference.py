"""How small networks run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import proportrait


def test_nothing_is_reported_to_the_maker_of_openvino() -> None:
    program = (
        "import proportrait.networks.inference as inference; inference._core();"
        "import openvino.tools.ovc as ovc; print(type(ovc.telemetry).__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "openvino.tools.ovc.telemetry_stub"


def test_threads_may_use_a_network_at_once_from_the_first_call_on() -> None:
    """The second one comes while the first call of the process still looks numpy up."""
    program = """
import os, threading, time
import numpy as np, numpy.lib
from proportrait.faces.detector import make_detector

detector = make_detector("short-range", 1)
detector._network  # compiled before
inside = threading.Event()

class Slow(numpy.lib.NumpyVersion):
    def __init__(self, version):
        inside.set()
        time.sleep(0.5)
        super().__init__(version)

numpy.lib.NumpyVersion = Slow
picture = np.zeros((128, 128, 3), np.uint8)
first = threading.Thread(target=detector, args=(picture,), daemon=True)
first.start()
inside.wait(1)
detector(picture)
first.join()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_only_the_binding_imports_openvino() -> None:
    package = Path(proportrait.__file__).parent
    places = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) openvino\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert places == {"networks/binding.py"}
