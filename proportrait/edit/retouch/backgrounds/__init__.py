"""Backgrounds for a person who was cut out of a picture."""
