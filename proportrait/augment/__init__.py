"""Degraded twins of good pictures, until framing and sharpness are balanced."""
