"""Looks and scores by Ray Data, on this machine or on many.

Ray is an extra, `pip install 'proportrait-gen[ray]'`, and imported where it is used.
"""
