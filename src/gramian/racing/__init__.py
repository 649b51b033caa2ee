"""Races: methods on the same rows, timed one after the other, with their errors measured outside the clock."""

from gramian.racing.outcome import Lane, Race, TracePoint

__all__ = ["Lane", "Race", "TracePoint"]
