"""The registry of sources: from options to one object that gives portraits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.generate.base import PortraitSource
from proportrait.generate.sources.folder import FolderSource
from proportrait.generate.sources.names import DEFAULT_DATASET


@dataclass(frozen=True)
class SourceOptions:
    """The options of all sources; each takes those that it needs.

    Attributes:
        hf_dataset: name on the Hugging Face Hub, or a local imagefolder or parquet file or folder.
        hf_split: the split of it.
        source_dir: the folder of `--source folder`.
        seed: of the run.
        skin_tones: of the built-in faces of `SKIN_TONES`.
    """

    hf_dataset: str = DEFAULT_DATASET
    hf_split: str = "train"
    source_dir: Path | None = None
    seed: int = 0
    skin_tones: str = "natural"


def _hub(options: SourceOptions) -> PortraitSource:
    from proportrait.generate.sources.hub import HubSource

    return HubSource(options.hf_dataset, options.hf_split)


def _folder(options: SourceOptions) -> PortraitSource:
    if options.source_dir is None:
        raise ConfigurationError("--source folder needs --source_dir, the folder with the pictures")
    return FolderSource(options.source_dir)


def _stylegan(options: SourceOptions) -> PortraitSource:
    from proportrait.generate.sources.built_in import StyleganSource

    return StyleganSource(options.seed, options.skin_tones)


SOURCES: dict[str, Callable[[SourceOptions], PortraitSource]] = {
    "hf": _hub,
    "folder": _folder,
    "stylegan": _stylegan,
}


def open_source(
    name: str,
    *,
    hf_dataset: str = DEFAULT_DATASET,
    hf_split: str = "train",
    source_dir: str | Path | None = None,
    seed: int = 0,
    skin_tones: str = "natural",
) -> PortraitSource:
    """Make the source of that name; see `SourceOptions`.

    Raises:
        ConfigurationError: the name is unknown (the message lists the choices), or the source
            lacks an option.
    """
    factory = SOURCES.get(name)
    if factory is None:
        raise ConfigurationError(f"unknown source {name!r}; choose from {', '.join(SOURCES)}")
    folder = None if source_dir is None else Path(source_dir)
    return factory(SourceOptions(hf_dataset, hf_split, folder, seed, skin_tones))
