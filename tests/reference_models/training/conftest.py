"""Tests of the networks and of training; they need the extra `train`, and without it there are none here."""

from __future__ import annotations

import importlib.util

if any(importlib.util.find_spec(package) is None for package in ("torch", "PIL")):
    collect_ignore_glob = ["test_*.py"]
