"""The commands: what each takes, does, and prints; one module a command."""
