"""Files and bytes to arrays, on pictures made here whose right answer is known."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from proportrait import imaging
from proportrait.errors import CorruptImageError, ImageError, ImageTooSmallError
from tests import ROOT
from tests.imaging.drawn import corners, encoded, noise


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


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JPEG2000"])
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


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "TIFF", "HEIF"])
@pytest.mark.parametrize("longest", [None, 140])
def test_every_format_with_exif_is_turned(kind: str, longest: int | None) -> None:
    """Stored lying, red on the left, to be turned clockwise: red comes to the top."""
    stored = np.zeros((128, 200, 3), np.uint8)
    stored[:, :100, 0] = stored[:, 100:, 2] = 255
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    data = encoded(PIL.Image.fromarray(stored), kind, exif=exif.tobytes())
    picture = imaging.decode_picture(data, longest=longest, min_side=1)
    assert picture.size == (200, 128)
    assert picture.image.shape == ((200, 128, 3) if longest is None else (140, 90, 3))
    for row, colour in ((10, (255, 0, 0)), (-10, (0, 0, 255))):
        assert np.abs(picture.image[row, 45].astype(int) - colour).max() <= 12


@pytest.mark.filterwarnings("ignore:Tag data larger than file")  # Pillow tells of it
def test_damage_elsewhere_in_exif_does_not_cost_the_turn() -> None:
    """The orientation, and a text that lies beyond the end of the block."""
    entries = struct.pack("<HHLHxx", 0x0112, 3, 1, 6) + struct.pack("<HHLL", 0x010F, 2, 99, 9999)
    exif = b"Exif\x00\x00II*\x00" + struct.pack("<LH", 8, 2) + entries + bytes(4)
    data = encoded(PIL.Image.new("RGB", (200, 128)), "JPEG", exif=exif)
    assert imaging.decode(data).shape == (200, 128, 3)


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


@pytest.mark.parametrize(("mode", "value"), [("F", 0.5), ("I", 90)], ids=["floating", "signed"])
def test_samples_without_a_white_are_refused_with_advice(mode: str, value: float) -> None:
    with pytest.raises(ImageError, match="8 or 16 bits"):
        imaging.decode(encoded(PIL.Image.new(mode, (128, 128), value), "TIFF"))


@pytest.mark.parametrize("longest", [None, 128])
@pytest.mark.parametrize("level", [0, 1, 100, 127, 128, 255])
def test_32_bit_samples_come_to_8_bits(level: int, longest: int | None) -> None:
    samples = np.full((130, 260), level * 0x01010101, np.uint32)
    data = encoded(PIL.Image.fromarray(samples.view(np.int32)), "TIFF")
    signed, unsigned = (struct.pack("<HHIHH", 339, 3, 1, kind, 0) for kind in (2, 1))
    assert signed in data  # SampleFormat, as Pillow writes it
    decoded = imaging.decode(data.replace(signed, unsigned), longest=longest, min_side=64)
    assert decoded.shape == ((130, 260, 3) if longest is None else (64, 128, 3))
    assert (decoded == level).all()


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
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"])
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


@pytest.mark.parametrize("side", [14_143, 50_000])
def test_bombs_are_refused_before_they_are_decoded(side: int) -> None:
    with pytest.raises(ImageError, match="at most 200 megapixels are read: reduce it") as caught:
        imaging.decode(bomb(side, side))
    assert not isinstance(caught.value, CorruptImageError)


@pytest.mark.filterwarnings("error")
def test_the_limit_of_the_library_is_neither_met_nor_changed() -> None:
    limit = PIL.Image.MAX_IMAGE_PIXELS
    with pytest.raises(
        CorruptImageError, match="damaged"
    ):  # 196 megapixels, of which none is there
        imaging.decode(bomb(14_000, 14_000))
    assert limit == PIL.Image.MAX_IMAGE_PIXELS


def test_read_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with pytest.raises(ImageError, match=r"a\.jpg cannot be read"):
        imaging.read(path)
    path.write_bytes(b"nothing")
    with pytest.raises(CorruptImageError, match=r"a\.jpg: "):
        imaging.read(path)
    path.write_bytes(encoded(PIL.Image.fromarray(corners())))
    assert np.array_equal(imaging.read(path), corners())


def test_the_bytes_tell_the_format(tmp_path: Path) -> None:
    path = tmp_path / "renamed.jpg"
    path.write_bytes(encoded(PIL.Image.fromarray(corners()), "HEIF", quality=95))
    assert np.abs(imaging.read(path)[32, 96].astype(int) - (0, 255, 0)).max() <= 12


def test_the_reader_of_heif_is_loaded_when_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "phone.heic"
    path.write_bytes(encoded(PIL.Image.fromarray(corners()), "HEIF"))
    program = (
        "import sys; from proportrait import imaging; print('pillow_heif' in sys.modules);"
        "print(imaging.read(sys.argv[1]).shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["False", "(128, 128, 3)"]


def test_a_message_is_one_line_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.jpg"
    path.write_bytes(b"nothing")
    with pytest.raises(CorruptImageError, match=r"two\\nlines\.jpg: the bytes are no picture"):
        imaging.read(path)
    with pytest.raises(ImageError, match=r"/two\\nlines\.jpg cannot be read: No such file"):
        imaging.read(tmp_path / "gone" / "two\nlines.jpg")


# Smooth enough for a filter to be compared with, and nowhere symmetric.
def waves(height: int = 600, width: int = 900) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    channels = [np.sin(x / 9 + y / 40), np.sin(y / 7), np.sin((x + y) / 11)]
    return (127.5 + 120 * np.stack(channels, axis=-1)).astype(np.uint8)


def test_a_picture_of_the_longest_side_keeps_every_pixel() -> None:
    image = waves(200, 300)
    data = encoded(PIL.Image.fromarray(image))
    for longest in (None, 300, imaging.LONGEST):
        assert np.array_equal(imaging.decode(data, longest=longest), image)
    assert imaging.decode(data, longest=299).shape == (199, 299, 3)
    assert imaging.LONGEST == 2048


def test_by_default_a_larger_picture_is_reduced() -> None:
    picture = imaging.decode_picture(encoded(PIL.Image.new("RGB", (3000, 2000), (9, 99, 200))))
    assert picture.image.shape == (1365, 2048, 3)
    assert picture.size == (2000, 3000)
    assert (picture.image == (9, 99, 200)).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA", "P", "I;16"])
def test_strips_give_what_the_whole_would(mode: str) -> None:
    """Every kind, reduced by strips of 64 rows, is the whole picture made plain, then resized."""
    image = PIL.Image.fromarray(waves())
    if mode == "I;16":
        image = PIL.Image.fromarray(waves()[..., 1].astype(np.uint16) * 257)
    elif mode == "RGBA":
        image.putalpha(PIL.Image.fromarray(waves()[..., 2]))
    else:
        image = image.convert(mode)
    data = encoded(image, "TIFF" if mode == "CMYK" else "PNG")
    whole = imaging.decode(data, longest=None)
    right = imaging.resize(whole, (400, 267))
    reduced = imaging.decode(data, longest=400).astype(int)
    # CMYK is reduced before it becomes RGB: its black is not linear.
    assert np.abs(reduced - right).max() <= (3 if mode == "CMYK" else 1)


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("MPO", "RGB", {"save_all": True, "append_images": [PIL.Image.new("RGB", (1805, 1203))]}),
    ],
)
def test_a_jpeg_decoded_at_a_smaller_scale_is_the_same_picture(
    kind: str, mode: str, options: dict[str, object]
) -> None:
    image = PIL.Image.fromarray(waves(1203, 1805)).convert(mode)
    data = encoded(image, kind, quality=95, **options)
    right = imaging.resize(imaging.decode(data, longest=None), (200, 133))
    reduced = imaging.decode(data, longest=200)  # at 1/4, then by the filter
    assert reduced.shape == right.shape
    assert np.abs(reduced.astype(int) - right).mean() < 1
    assert np.array_equal(reduced, imaging.decode(data, longest=200))


def test_a_long_strip_keeps_the_least_side() -> None:
    data = encoded(PIL.Image.new("RGB", (4000, 150)))
    assert imaging.decode(data).shape == (128, 3413, 3)
    assert imaging.decode(data, min_side=1).shape == (77, 2048, 3)


def test_a_strip_is_no_photo() -> None:
    """Reduced to 2,048 px it would be under the least side."""
    strip = PIL.Image.fromarray(np.zeros((128, 5121, 3), np.uint8))
    with pytest.raises(ImageError, match="40 times as long"):
        imaging.decode(encoded(strip, "PNG"))


@pytest.mark.filterwarnings("error")
def test_a_large_png_is_reduced_without_a_warning_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    large = PIL.Image.fromarray(np.full((2100, 2200, 3), 90, np.uint8))
    assert imaging.decode(encoded(large, "PNG")).shape == (1955, 2048, 3)
