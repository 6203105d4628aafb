"""What labels, verdicts, and measures are worth."""
