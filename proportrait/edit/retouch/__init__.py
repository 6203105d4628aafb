"""What is done in pixels to a scene that was drawn or photographed."""
