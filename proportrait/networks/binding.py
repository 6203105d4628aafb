"""OpenVINO for several threads: whoever needs it takes it from here.

The first tensor that a process looks into makes a table, in a lock of C++ and with the help of
Python. A second thread that comes by meanwhile waits for that lock without letting go of the
interpreter, and both wait for ever. So the table is made here, while one thread imports.
"""

from __future__ import annotations

import numpy as np
import openvino
from openvino import opset13 as ops

__all__ = ["openvino", "ops"]

_ = openvino.Tensor(np.zeros(1, np.float32)).data
