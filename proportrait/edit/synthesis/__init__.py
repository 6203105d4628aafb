"""Portraits of people who do not exist: head, clothes, and background, drawn by the network."""
