"""Stage 4: labelled pictures -> batches -> six heads -> figures, and a model that can be used."""
