"""What the network draws: heads, clothes, and surroundings of a person who does not exist."""
