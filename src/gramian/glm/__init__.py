"""Fits by reweighted least squares, and what can go wrong with them: separated targets."""
