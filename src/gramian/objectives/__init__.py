"""Objectives: a value and a gradient over the rows, read as often as a method asks."""
