"""Pictures in and out: files and bytes of any usual format to RGB arrays, and arrays to bytes."""

from proportrait.imaging.decode import (
    LONGEST,
    MAX_PIXELS,
    MIN_SIDE,
    Picture,
    decode,
    decode_picture,
    from_pillow,
    read,
    read_picture,
)
from proportrait.imaging.encode import ENCODERS, checked, encode_jpeg, encode_png, resize
from proportrait.imaging.folders import (
    MADE_HERE,
    Listing,
    each_file,
    is_data_set,
    list_pictures,
    pictures_folder,
)
from proportrait.imaging.formats import FORMATS, PICTURE_SUFFIXES, UNREADABLE_SUFFIXES
from proportrait.imaging.in_memory import as_image

__all__ = [
    "ENCODERS",
    "FORMATS",
    "LONGEST",
    "MADE_HERE",
    "MAX_PIXELS",
    "MIN_SIDE",
    "PICTURE_SUFFIXES",
    "UNREADABLE_SUFFIXES",
    "Listing",
    "Picture",
    "as_image",
    "checked",
    "decode",
    "decode_picture",
    "each_file",
    "encode_jpeg",
    "encode_png",
    "from_pillow",
    "is_data_set",
    "list_pictures",
    "pictures_folder",
    "read",
    "read_picture",
    "resize",
]
