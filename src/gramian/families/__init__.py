"""Families: what a row costs, how its mean follows from the linear predictor, and which targets it allows."""
