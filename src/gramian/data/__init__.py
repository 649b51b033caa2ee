"""Data: blocks of rows of X and y, what wraps them, and the protocol of a table."""
