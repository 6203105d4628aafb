"""A page on which a taste is labelled, learnt, and used to sift a folder."""
