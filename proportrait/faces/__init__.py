"""Faces: detector, landmarks, mask of the person, emotion, and identity."""

from proportrait.faces.analyzer import FaceAnalyzer, shared_analyzer
from proportrait.faces.crop import cut_square
from proportrait.faces.detector import DETECTORS
from proportrait.faces.emotion import EMOTIONS
from proportrait.faces.face import Face, expression_ratios
from proportrait.faces.identity import SAME_PERSON_LIMIT, distance
from proportrait.faces.iris import Eye

__all__ = [
    "DETECTORS",
    "EMOTIONS",
    "SAME_PERSON_LIMIT",
    "Eye",
    "Face",
    "FaceAnalyzer",
    "cut_square",
    "distance",
    "expression_ratios",
    "shared_analyzer",
]
