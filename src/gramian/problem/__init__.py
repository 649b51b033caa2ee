"""What is minimised and what is wanted of the answer; the solution that comes back."""
