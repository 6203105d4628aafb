"""Ratios of speed and memory against stated bounds."""
