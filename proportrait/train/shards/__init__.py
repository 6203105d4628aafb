"""Labelled pictures in parquet shards, for sets that are too large for single files."""
