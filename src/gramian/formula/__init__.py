"""Formulas: from text and the columns of a source to the columns of X, with what is learned of all rows."""
