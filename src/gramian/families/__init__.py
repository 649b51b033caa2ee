"""Families: what a row costs, how its mean follows from the linear predictor, and which targets it allows.

To add one, write its value in a file of its own and name it here.
"""

from __future__ import annotations

from gramian.families.binomial import BINOMIAL
from gramian.families.family import FAMILIES, Family
from gramian.families.gamma import GAMMA
from gramian.families.gaussian import GAUSSIAN
from gramian.families.link import Link
from gramian.families.losses import Loss
from gramian.families.poisson import POISSON

__all__ = ["FAMILIES", "GAUSSIAN", "Family", "Link", "Loss"]

FAMILIES |= {family.name: family for family in (GAUSSIAN, BINOMIAL, POISSON, GAMMA)}
