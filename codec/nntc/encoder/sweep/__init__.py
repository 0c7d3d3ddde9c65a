"""Rate against fidelity of several methods: curves, their table and their picture."""

from nntc.encoder.sweep.curves import Curves, SweepMethod, SweepPoint, sweep

__all__ = ["Curves", "SweepMethod", "SweepPoint", "sweep"]
