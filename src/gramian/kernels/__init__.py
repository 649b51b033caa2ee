"""Loops over plain arrays, where the arithmetic itself is the point."""
