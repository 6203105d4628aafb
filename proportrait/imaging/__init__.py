"""Pictures in and out: files and bytes of any usual format to RGB arrays, and arrays to bytes."""

from proportrait.imaging.decode import (
    LONGEST,
    MAX_PIXELS,
    MIN_SIDE,
    Picture,
    decode,
    decode_picture,
    read,
    read_picture,
)
from proportrait.imaging.encode import ENCODERS, checked, encode_jpeg, encode_png, resize
from proportrait.imaging.folders import Listing, is_data_set, list_pictures
from proportrait.imaging.formats import FORMATS, PICTURE_SUFFIXES, UNREADABLE_SUFFIXES

__all__ = [
    "ENCODERS",
    "FORMATS",
    "LONGEST",
    "MAX_PIXELS",
    "MIN_SIDE",
    "PICTURE_SUFFIXES",
    "UNREADABLE_SUFFIXES",
    "Listing",
    "Picture",
    "checked",
    "decode",
    "decode_picture",
    "encode_jpeg",
    "encode_png",
    "is_data_set",
    "list_pictures",
    "read",
    "read_picture",
    "resize",
]
