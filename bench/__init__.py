"""Studies of speed, memory and truth; `python -m bench` from the project's root runs them all."""
