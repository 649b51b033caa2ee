"""Rows come in: sources of columns, and the design that turns columns into X."""
