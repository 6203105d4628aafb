"""A backbone with six heads: what it sees, how it is built, and how it is kept."""
