"""Results: what a call returns, with its tables, tests, predictions and saved form."""
