"""Taste: a few labels of your own, and a model that judges as you do."""
