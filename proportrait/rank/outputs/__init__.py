"""What a ranking leaves behind when it is asked to: a page, a folder of the best, stars."""
