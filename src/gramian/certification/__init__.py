"""Certificates: what is proven of an answer, from what evidence, and when it is enough."""
