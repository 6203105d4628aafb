"""Weight files: where they are and what they are; and how small networks run."""
