"""Constants of the measures that commands of `tools/` fit: what faults cost, by attribute."""
