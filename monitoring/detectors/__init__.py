"""Detectors of change over a stream, tests between two windows, and intervals that hold at every look.

Each file is one method and needs numpy at most; `adwin` alone needs the extra `drift`. Nothing here knows events,
signals or slices: numbers go in, and a verdict comes out.
"""

from monitoring.detectors.comparison import Comparison, Demand
from monitoring.detectors.detector import Detector

__all__ = ["Comparison", "Demand", "Detector"]
