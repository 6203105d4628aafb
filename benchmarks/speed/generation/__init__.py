"""Of stage one: sources, generators, and what is written."""
