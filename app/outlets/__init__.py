"""Ways to take the whole dataset along: JSON Schemas, tidy tables, one package of files."""
