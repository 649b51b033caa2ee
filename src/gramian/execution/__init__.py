"""Who reads the rows: runners, the fixed tree in which partial results merge, and limits on threads."""
