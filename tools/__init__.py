"""How the data and the constants of the package came about, each runnable again."""
