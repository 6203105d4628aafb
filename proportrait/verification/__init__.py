"""Labels that are checked: what is measured against what is said, and what is done about it."""
