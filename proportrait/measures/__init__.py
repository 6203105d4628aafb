"""What can be measured on a headshot, one module an attribute.

Names are those of ISO/IEC 29794-5:2025 where it has one. A measure has a native value with a unit
and a quality component from 0 to 100; where it cannot be taken there is a reason, never a number.
"""

from proportrait.measures.base import Measure, Subject, Unassessed

__all__ = ["Measure", "Subject", "Unassessed"]
