"""Which pictures are read, and what their files are called."""

from __future__ import annotations

# Named one by one: some other readers of Pillow start outside programs (EPS: Ghostscript). The
# order is that in which readers are asked: AVIF and HEIF share a container, and only Pillow's own
# AVIF reader refuses what is the other's.
_SUFFIXES: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),  # MPO: several JPEG pictures in one file
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "HEIF": (".heic", ".heif", ".heics", ".heifs", ".hif"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
}
FORMATS = tuple(_SUFFIXES)
PICTURE_SUFFIXES = frozenset(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)

# Pictures that people have and that are not read: told apart from files that are no pictures.
UNREADABLE_SUFFIXES = frozenset((
    ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".raf", ".orf", ".rw2",
    ".pef", ".raw", ".psd", ".psb", ".xcf", ".ai", ".eps", ".svg", ".jxl", ".jxr", ".hdr", ".exr",
    ".pfm", ".ico", ".tga",
))  # fmt: skip
