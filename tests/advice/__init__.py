"""Tests of `proportrait.advice`."""
