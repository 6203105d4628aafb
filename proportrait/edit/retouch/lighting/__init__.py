"""Light on a face: its relief, the rigs, and the picture that they give."""
