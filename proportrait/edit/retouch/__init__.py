"""Pixel edits of a scene, drawn or photographed: framing, background, light, and blur."""
