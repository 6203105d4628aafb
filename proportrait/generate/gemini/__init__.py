"""Gemini, a paid service."""
