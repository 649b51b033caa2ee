"""Sources: tables of every kind, read in parts, each part a run of small tables of columns."""
