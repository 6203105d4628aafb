"""Data sets and models on the Hugging Face Hub: what goes there, and how it gets there.

Only `hub` talks to the network, and only when it is asked to.
"""
