"""Views: what a solver may look at, each made from the rows by one fold over their blocks."""
