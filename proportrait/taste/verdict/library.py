"""Where tastes are kept, and how one is found by its name."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS

SUFFIX = ".safetensors"
RESERVED = (*KEYS, "overall", "path")  # columns of a score, by which it is sorted too
FOLDER_VARIABLE = "PROPORTRAIT_TASTES"  # of the environment: overrides the user's data directory


def models_folder() -> Path:
    """The folder into which `proportrait taste train` writes where none is named."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else user_data_path("proportrait", appauthor=False) / "tastes"


def checked_name(name: str) -> str:
    """A name that a taste may have.

    Raises:
        ConfigurationError: it is empty, leads to another folder, or is that of an attribute.
    """
    if not name or Path(name).name != name:
        raise ConfigurationError(f"a taste has a name without a folder, not {printable(name)!r}")
    if name.lower() in RESERVED:
        raise ConfigurationError(
            f"a taste cannot be named {printable(name)!r}: a column of every score has that name "
            f"already ({', '.join(RESERVED)}); choose another one, such as my-{printable(name)}"
        )
    return name


def file_of(name: str) -> Path:
    """The file of a taste in the models folder, by its name; it may be there or not.

    Raises:
        ConfigurationError: as of `checked_name`.
    """
    return models_folder() / f"{checked_name(name)}{SUFFIX}"


def taste_names() -> list[str]:
    """Names of the tastes in the models folder, sorted; [] where there is no such folder."""
    return sorted(path.stem for path in models_folder().glob(f"*{SUFFIX}"))


def find(word: str | Path) -> Path:
    """The file of a taste.

    Args:
        word: a file, or the name of a taste in the models folder.

    Raises:
        ConfigurationError: there is no such name; the message lists those that there are.
    """
    text = os.fspath(word)
    if text.endswith(SUFFIX) or os.path.basename(text) != text:  # noqa: PTH119 - of any name
        return Path(text)
    folder = models_folder()
    file = folder / f"{text}{SUFFIX}"
    if file.is_file():
        return file
    if os.path.isfile(text):  # noqa: PTH113 - never raises
        return Path(text)
    names = ", ".join(map(printable, taste_names()))
    what = f"holds {names}" if names else "holds none yet: proportrait taste train writes one there"
    raise ConfigurationError(
        f"there is no taste {printable(text)!r}: {printable(folder)} {what}; or name a file"
    )
