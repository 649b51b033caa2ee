"""Races: methods on the same rows, timed one after the other, with their errors measured outside the clock."""

from gramian.racing.lane import Lane, TracePoint
from gramian.racing.outcome import Race

__all__ = ["Lane", "Race", "TracePoint"]
