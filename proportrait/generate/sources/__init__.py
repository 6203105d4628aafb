"""Where portraits come from."""
