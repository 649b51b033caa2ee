"""Reductions: sums over the rows that one pass gives, merged in a fixed tree."""
