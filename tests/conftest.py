"""Tests see no prices but the built-in ones: whatever this user has measured stays out."""

from __future__ import annotations

import os
import tempfile

os.environ["GRAMIAN_CACHE"] = tempfile.mkdtemp(prefix="gramian-no-prices-")
