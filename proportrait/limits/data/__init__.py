"""Limits for common uses."""
