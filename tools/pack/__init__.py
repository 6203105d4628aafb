"""What is stored in the package: `python -m tools.pack.NAME` makes its files."""
