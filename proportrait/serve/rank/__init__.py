"""The page of `proportrait serve` on which the best photos of one person are chosen."""
