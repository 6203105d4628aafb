"""What is kept about one picture, its JSON, and the name of its file."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from proportrait.errors import StoreError
from proportrait.labels import ATTRIBUTES, LabelVector

TITLES = tuple(attribute.title for attribute in ATTRIBUTES)

_NAME = re.compile(r"(?P<stem>.+)_(?P<code>[01]{6})(\.\w+)?")


def file_stem(stem: str, labels: LabelVector, blur: bool = False, badframe: bool = False) -> str:
    """The file name, without suffix, of the picture of a source that has these labels.

    `stem` is the source's; the tags say what was done to a twin of the good picture.

    >>> file_stem("ffhq_00001", LabelVector.from_code("111100"), blur=True, badframe=True)
    'ffhq_00001_badframe_blur_111100'

    Raises:
        ValueError: a tag contradicts its bit (a blurred picture is not sharp).
    """
    if (blur and labels["sharpness"]) or (badframe and labels["framing"]):
        raise ValueError(f"the labels {labels.code} contradict blur={blur}, badframe={badframe}")
    tags = "_badframe" * badframe + "_blur" * blur
    return f"{stem}{tags}_{labels.code}"


def parse_file_stem(name: str) -> tuple[str, tuple[str, ...], LabelVector]:
    """Take apart a name that `file_stem` made; a suffix such as ".jpg" may follow.

    Returns:
        The source's stem, the tags ("badframe", "blur") in the order of the name, and the labels.

    >>> parse_file_stem("my_cat_blur_111110.jpg")[:2]
    ('my_cat', ('blur',))

    Raises:
        ValueError: the name has another form.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise ValueError(f"{name!r} is no name such as ffhq_00001_011111")
    stem, labels = match["stem"], LabelVector.from_code(match["code"])
    tags: list[str] = []
    for tag, key in (("blur", "sharpness"), ("badframe", "framing")):
        # A source may itself be called "photo_blur": a tag counts only where its bit is 0.
        if stem.endswith(f"_{tag}") and not labels[key]:
            stem = stem.removesuffix(f"_{tag}")
            tags.insert(0, tag)
    return stem, tuple(tags), labels


def source_stem(name: str) -> str:
    """The source's stem in the name of a picture or a JSON; in another form, all but the suffix.

    >>> source_stem("my_cat_blur_111110.json"), source_stem("holiday.png")
    ('my_cat', 'holiday')
    """
    try:
        return parse_file_stem(name)[0]
    except ValueError:
        return PurePath(name).stem


def unique_stems(source_id: str, stem: str) -> Iterator[str]:
    """Starts of file names that a source can have, the plain one first.

    >>> list(unique_stems("photo:me", "me"))[:2]
    ['me', 'me-5dbb54']
    """
    digest = hashlib.sha256(source_id.encode()).hexdigest()
    yield stem
    for length in (6, 16, 64):
        yield f"{stem}-{digest[:length]}"


def json_name(name: str) -> str:
    """The name in metadata/ that goes with a picture's name in images/.

    >>> json_name("ffhq_00001_111111.jpg")
    'ffhq_00001_111111.json'
    """
    return f"{name.rpartition('.')[0] or name}.json"


@dataclass(frozen=True)
class Record:
    """Everything that is kept about one picture.

    Attributes:
        output_filename: name in the folder images/.
        original_filename: the source's own name in its data set.
        source_id: the source portrait, the group of every split; twins share it.
        requested: the bits that were asked for.
        labels: the bits that are true now.
        known: 1 where the bit of `labels` is known, 0 where it is no claim.
        prompt_text: the request in words; of an offline edit, which reads none, what was made.
        generation_seed: of this picture; None in a data set that did not keep it.
        timestamp: when it was made, ISO 8601 in UTC; None where the same bytes can be made again at
            any time: the ledger says when that was.
        generator: name in the registry of generators.
        model_version: the model that answered, in its own words.
        response_id: the server's name of the reply, or None.
        cost_usd: what the request cost; a twin carries 0.
        edits: parameters of every edit, JSON-ready.
        blur_type: kind of blur that was applied, or None.
        framing_type: kind of bad framing that was applied, or None.
        parent: output_filename of the picture that this is a degraded twin of, or None.
        checks: what was measured on the finished picture, JSON-ready.
        sha256: of the bytes of the image file, in hex; "" where it is not known.
        extra: keys of the JSON that this version does not know; they are written back.
    """

    output_filename: str
    original_filename: str
    source_id: str
    requested: LabelVector
    labels: LabelVector
    known: LabelVector
    prompt_text: str = ""
    generation_seed: int | None = None
    timestamp: str | None = ""
    generator: str = ""
    model_version: str = ""
    response_id: str | None = None
    cost_usd: float = 0.0
    edits: Mapping[str, Any] = field(default_factory=dict)
    blur_type: str | None = None
    framing_type: str | None = None
    parent: str | None = None
    checks: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON-ready dict; the keys of earlier data sets keep their meaning."""
        return {
            **self.extra,
            "original_filename": self.original_filename,
            "label_vector": list(self.labels),
            "label_names": list(TITLES),
            "prompt_text": self.prompt_text,
            "generation_seed": self.generation_seed,
            "timestamp": self.timestamp,
            "output_filename": self.output_filename,
            "cost_usd": self.cost_usd,
            "blur_type": self.blur_type,
            "framing_type": self.framing_type,
            "source_id": self.source_id,
            "requested": list(self.requested),
            "known": list(self.known),
            "generator": self.generator,
            "model_version": self.model_version,
            "response_id": self.response_id,
            "edits": dict(self.edits),
            "parent": self.parent,
            "checks": dict(self.checks),
            "sha256": self.sha256,
        }

    def to_bytes(self) -> bytes:
        """The JSON file of the record: equal records give equal bytes.

        Raises:
            ValueError: `edits` or `checks` hold something that JSON cannot say (NaN, an array).
        """
        try:
            text = json.dumps(
                self.to_json(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"the record of {self.output_filename}: {error}") from error
        return text.encode() + b"\n"

    @classmethod
    def from_json(cls, data: Any, *, name: str = "record") -> Record:
        """Read a dict of `to_json`, or one of an earlier data set, which has only the old keys.

        There the source is named by its file, the request was what the labels say, and every bit
        counts as known. `name` stands in messages.

        Raises:
            StoreError: a key is missing or has a value of a wrong kind.
        """
        if not isinstance(data, dict):
            raise StoreError(f"{name}: a record is a JSON object, not {type(data).__name__}")
        take = _Taker(data, name)
        labels = take("label_vector", _label_vector)
        original = take("original_filename", _text)
        optional = {
            "prompt_text": take("prompt_text", _text, ""),
            "generation_seed": take("generation_seed", _integer_or_none, None),
            "timestamp": take("timestamp", _text_or_none, ""),
            "generator": take("generator", _text, ""),
            "model_version": take("model_version", _text, ""),
            "response_id": take("response_id", _text_or_none, None),
            "cost_usd": take("cost_usd", _dollars, 0.0),
            "edits": take("edits", _mapping, {}),
            "blur_type": take("blur_type", _text_or_none, None),
            "framing_type": take("framing_type", _text_or_none, None),
            "parent": take("parent", _text_or_none, None),
            "checks": take("checks", _mapping, {}),
            "sha256": take("sha256", _text, ""),
        }
        return cls(
            output_filename=take("output_filename", _base_name),
            original_filename=original,
            source_id=take("source_id", _text, original),
            requested=take("requested", _label_vector, labels),
            labels=labels,
            known=take("known", _label_vector, LabelVector.ones()),
            extra={k: v for k, v in data.items() if k not in take.seen | {"label_names"}},
            **optional,
        )

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read the JSON file of a record.

        Raises:
            StoreError: the file cannot be read, is no JSON, or is no record.
        """
        try:
            data = json.loads(path.read_bytes())
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise StoreError(f"{path} is no JSON: {error}") from error
        return cls.from_json(data, name=str(path))


@dataclass(frozen=True)
class SetAside:
    """What stands in place of a picture's new record where the picture is taken away."""


Change = Record | SetAside


class _Taker:
    """Takes keys out of a dict, checks their values, and remembers which keys were asked for."""

    def __init__(self, data: dict[str, Any], name: str) -> None:
        self.data, self.name = data, name
        self.seen: set[str] = set()

    def __call__(self, key: str, read: Callable[[Any], Any], *default: Any) -> Any:
        self.seen.add(key)
        if key not in self.data:
            if default:
                return default[0]
            raise StoreError(f"{self.name}: the key {key!r} is missing")
        try:
            return read(self.data[key])
        except ValueError as error:
            raise StoreError(f"{self.name}: the key {key!r}: {error}") from None


def _kind(expected: str, value: Any) -> ValueError:
    return ValueError(f"expected {expected}, found {json.dumps(value)[:80]}")


def _label_vector(value: Any) -> LabelVector:
    if not isinstance(value, list) or any(bit not in (0, 1) for bit in value):
        raise _kind("a list of six bits", value)
    return LabelVector(tuple(int(bit) for bit in value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _kind("a text", value)
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _base_name(value: Any) -> str:
    # Earlier data sets may keep a path; a name never leads out of the folder images/.
    name = PurePosixPath(_text(value).replace("\\", "/")).name
    if name in ("", ".."):
        raise _kind("a file name", value)
    return name


def _integer_or_none(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise _kind("a whole number or null", value)
    return value


def _dollars(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _kind("a number of dollars", value)
    return float(value)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _kind("an object", value)
    return value
