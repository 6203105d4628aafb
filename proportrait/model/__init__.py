"""The six-head model: its input, its network, its calibration, and its file."""
