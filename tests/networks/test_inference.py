"""How small networks run."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_is_reported_to_the_maker_of_openvino() -> None:
    program = (
        "import proportrait.networks.inference as inference; inference._core();"
        "import openvino.tools.ovc as ovc; print(type(ovc.telemetry).__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "openvino.tools.ovc.telemetry_stub"
