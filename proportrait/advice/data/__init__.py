"""Data of the advice: evidence.json, made by `python -m tools.fit_reasons`."""
