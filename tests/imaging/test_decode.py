"""Pictures in and out, on pictures made here whose right answer is known."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from proportrait import imaging
from proportrait.errors import CorruptImageError, ImageError, ImageTooSmallError


def corners(side: int = 128) -> np.ndarray:
    """Red, green, blue, and white quarters, from left to right and top to bottom."""
    image = np.zeros((side, side, 3), np.uint8)
    half = side // 2
    image[:half, :half, 0] = 255
    image[:half, half:, 1] = 255
    image[half:, :half, 2] = 255
    image[half:, half:] = 255
    return image


def encoded(image: PIL.Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(height: int = 128, width: int = 160) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes do not hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "PPM"])
def test_lossless_formats_give_the_pixels(kind: str) -> None:
    image = corners()
    assert np.array_equal(imaging.decode(encoded(PIL.Image.fromarray(image), kind)), image)


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats_give_the_colours(kind: str) -> None:
    decoded = imaging.decode(encoded(PIL.Image.fromarray(corners()), kind, quality=95))
    assert decoded.dtype == np.uint8
    for y, x in ((32, 32), (32, 96), (96, 32), (96, 96)):
        assert np.abs(decoded[y, x].astype(int) - corners()[y, x]).max() <= 12


# What the stored picture must be so that turning it as EXIF says gives `upright`.
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),  # the camera was turned: rotate clockwise to view
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
    99: lambda upright: upright,
}


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = np.concatenate([corners(), corners()[:, :40]], axis=1)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    data = encoded(PIL.Image.fromarray(stored), "PNG", exif=exif)
    assert np.array_equal(imaging.decode(data), upright)


def test_a_damaged_exif_block_does_not_cost_the_picture() -> None:
    data = encoded(PIL.Image.fromarray(corners()), "JPEG", exif=b"Exif\x00\x00garbage" * 3)
    assert imaging.decode(data).shape == (128, 128, 3)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        # Half covered: 255 + (c - 255) * 128 / 255, rounded.
        ("RGBA", (0, 0, 255, 128), (127, 127, 255)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 257 * 100, (100, 100, 100)),
        ("I;16", 300, (1, 1, 1)),
    ],
)
def test_modes_become_rgb(mode: str, value: object, expected: tuple[int, ...]) -> None:
    decoded = imaging.decode(encoded(PIL.Image.new(mode, (130, 128), value)))
    assert decoded.shape == (128, 130, 3)
    assert (decoded == expected).all()


def test_a_transparent_palette_is_laid_on_white() -> None:
    image = PIL.Image.fromarray(corners()).quantize(4)
    clear = image.getpixel((0, 0))
    decoded = imaging.decode(encoded(image, "PNG", transparency=clear))
    assert (decoded[0, 0] == 255).all()
    assert tuple(decoded[0, 127]) == (0, 255, 0)


def test_cmyk_is_converted() -> None:
    image = PIL.Image.new("CMYK", (128, 128), (255, 0, 0, 0))
    decoded = imaging.decode(encoded(image, "JPEG", quality=95))
    assert np.abs(decoded[64, 64].astype(int) - (0, 255, 255)).max() <= 3


def test_float_samples_are_refused_with_advice() -> None:
    with pytest.raises(ImageError, match="8 or 16 bits"):
        imaging.decode(encoded(PIL.Image.new("F", (128, 128), 0.5), "TIFF"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"not a picture", "no picture of a known format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "no picture|damaged"),
        (encoded(PIL.Image.fromarray(noise()), "JPEG")[:-3000], "damaged.*truncated"),
        (encoded(PIL.Image.fromarray(noise()), "PNG")[:-3000], "damaged"),
        (encoded(PIL.Image.fromarray(noise()), "WEBP")[:-3000], "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\n", "no picture"),
    ],
)
def test_garbage_is_a_corrupt_image(data: bytes, message: str) -> None:
    with pytest.raises(CorruptImageError, match=message):
        imaging.decode(data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of odd TIFF tags
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_damaged_bytes_raise_nothing_but_image_errors(kind: str) -> None:
    whole = encoded(PIL.Image.fromarray(noise(128, 128)), kind)
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        for position in rng.integers(0, min(len(data), 2000), 6):
            data[position] = rng.integers(0, 256)
        try:
            decoded = imaging.decode(bytes(data))
        except ImageError:
            refused += 1
        else:
            assert decoded.dtype == np.uint8
            assert decoded.shape[2] == 3
    assert refused > 0


@pytest.mark.parametrize(("width", "height"), [(127, 500), (500, 127), (1, 1)])
def test_small_pictures_are_refused(width: int, height: int) -> None:
    data = encoded(PIL.Image.new("RGB", (width, height)))
    with pytest.raises(ImageTooSmallError, match=f"{width}x{height} px.*128"):
        imaging.decode(data)
    assert imaging.decode(data, min_side=1).shape == (height, width, 3)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 50_000])
def test_bombs_are_refused_before_they_are_decoded(side: int) -> None:
    with pytest.raises(ImageError, match="pixels") as caught:
        imaging.decode(bomb(side, side))
    assert not isinstance(caught.value, CorruptImageError)


def test_read_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with pytest.raises(ImageError, match=r"a\.jpg cannot be read"):
        imaging.read(path)
    path.write_bytes(b"nothing")
    with pytest.raises(CorruptImageError, match=r"a\.jpg: "):
        imaging.read(path)
    path.write_bytes(encoded(PIL.Image.fromarray(corners())))
    assert np.array_equal(imaging.read(path), corners())


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """(marker, body) of every segment before the scan data."""
    found, position = [], 2
    while position < len(jpeg):
        marker, length = (
            jpeg[position + 1],
            int.from_bytes(jpeg[position + 2 : position + 4], "big"),
        )
        found.append((marker, jpeg[position + 4 : position + 2 + length]))
        if marker == 0xDA:
            break
        position += 2 + length
    return found


def test_jpeg_has_one_form_whatever_the_picture() -> None:
    size = (128, 128)
    pictures = [corners(), noise(*size), np.full((*size, 3), 200, np.uint8)]
    forms = []
    for picture in pictures:
        data = imaging.encode_jpeg(picture)
        assert data == imaging.encode_jpeg(picture.copy())
        forms.append(segments(data))
    assert forms[0] == forms[1] == forms[2]
    markers = [marker for marker, _ in forms[0]]
    assert set(markers) == {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # JFIF, tables, baseline, no metadata
    frame = next(body for marker, body in forms[0] if marker == 0xC0)
    assert frame[7] == 0x11  # the luma component is sampled 1x1, as the others are: 4:4:4


def test_jpeg_keeps_the_picture_and_obeys_quality() -> None:
    decoded = imaging.decode(imaging.encode_jpeg(corners()))
    assert np.abs(decoded.astype(int) - corners()).mean() < 1
    assert len(imaging.encode_jpeg(noise(), 50)) < len(imaging.encode_jpeg(noise(), 95))


@pytest.mark.parametrize(
    "bad", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)]
)
def test_other_arrays_are_misuse(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="RGB uint8"):
        imaging.encode_jpeg(bad)
    with pytest.raises(ValueError, match="RGB uint8"):
        imaging.resize(bad, (4, 4))


def test_resize_takes_width_and_height_and_does_not_alias() -> None:
    image = np.zeros((512, 384, 3), np.uint8)
    image[:, ::2] = 255  # one-pixel stripes: their mean is 127.5 at any smaller size
    small = imaging.resize(image, (96, 128))
    assert small.shape == (128, 96, 3)
    assert np.abs(small[:, 4:-4].astype(int) - 127).max() <= 2
    assert np.array_equal(imaging.resize(image, (384, 512)), image)
    flat = imaging.resize(np.full((130, 140, 3), 90, np.uint8), (300, 200))
    assert flat.shape == (200, 300, 3)
    assert (flat == 90).all()


def test_png_is_lossless_and_repeats() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    data = imaging.encode_png(image)
    assert data == imaging.encode_png(image)
    assert np.array_equal(imaging.decode(data, min_side=1), image)
