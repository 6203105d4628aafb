"""One look at a picture, for every use of it."""
