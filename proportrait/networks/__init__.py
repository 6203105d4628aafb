"""Weight files of installed packages, and small networks on the CPU."""

import sys

# `import openvino` reports itself to its maker's statistics; where this module is missing it has a
# stub of its own that sends nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
