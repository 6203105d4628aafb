"""Croissant: metadata of a data set that search engines and loaders of machine learning read.

MLCommons, "Croissant Format Specification", version 1.0, with the vocabulary of responsible AI
(RAI), https://docs.mlcommons.org/croissant. The form is that in which the Hub describes parquet.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from proportrait.labels import ATTRIBUTES
from proportrait.publish.publication import DataFile

METADATA = "croissant.json"
_VERSIONS = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_CONTEXT: dict[str, Any] = {  # of the specification, word by word
    "@language": "en",
    "@vocab": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
} | {
    word: f"cr:{word}"
    for word in (
        "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject",
        "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
        "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
        "separator", "source", "subField", "transform",
    )
}  # fmt: skip
_NO_DIGEST = (
    "https://github.com/mlcommons/croissant/issues/80"  # as the Hub has it: git has its own
)
_TYPES = {
    "image": "sc:ImageObject", "label": ["sc:Integer", "cr:Label"], "string": "sc:Text",
    "int64": "sc:Integer", "float64": "sc:Float",
}  # fmt: skip
_MEANINGS = {
    **{a.key: f"{a.title}: 1 {a.good}; 0 {a.bad}; null unknown" for a in ATTRIBUTES},
    "image": "the picture",
    "label_code": "the six bits as the file name has them, also where they are unknown",
    "known_code": "1 where the bit is known",
    "requested_code": "the six bits that were asked for",
    "source_id": "the portrait that the picture was made of; the group of every split",
    "parent": "the good picture that this is a degraded twin of",
}


def croissant(
    address: str,
    licence: tuple[str, str],
    data: Mapping[str, DataFile],
    splits: Sequence[str],
    columns: Mapping[str, str],
    facts: Mapping[str, Any],
) -> bytes:
    """The metadata of a published data set as JSON-LD.

    Args:
        address: of its page on the Hub.
        licence: as the Hub names it, and in a sentence.
        data: path in the repository -> parquet file.
        splits: their names.
        columns: name -> kind, as `store.export.columns` gives them.
        facts: `description`, `published`, `provenance`, and `faults`.
    """
    owner, name = address.split("/")[-2:]
    spdx, sentence = licence
    published: datetime.date = facts["published"]
    metadata = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _VERSIONS,
        "name": name,
        "description": facts["description"],
        "license": sentence if spdx == "other" else f"https://spdx.org/licenses/{spdx.upper()}",
        "url": address,
        "creator": {
            "@type": "Organization", "name": owner,
            "url": f"{address.partition('/datasets/')[0]}/{owner}",
        },
        "datePublished": published.isoformat(),
        "keywords": ["portrait", "headshot", "image quality", *(a.title for a in ATTRIBUTES)],
        "isLiveDataset": False,
        "rai:dataAnnotationProtocol": facts["provenance"],
        "rai:dataLimitations": list(facts["faults"]),
        "distribution": _distribution(address, data),
        "recordSet": _record_sets(splits, columns),
    }  # fmt: skip
    return (json.dumps(metadata, indent=2, ensure_ascii=False) + "\n").encode()


def _distribution(address: str, data: Mapping[str, DataFile]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject", "@id": "repo", "name": "repo",
            "description": "The git repository on the Hub.",
            "contentUrl": f"{address}/tree/main", "encodingFormat": "git+https",
            "sha256": _NO_DIGEST,
        },
        *(
            {
                "@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path,
                "containedIn": {"@id": "repo"}, "encodingFormat": "application/x-parquet",
                "contentSize": f"{file.size} B", "sha256": file.sha256,
            }
            for path, file in data.items()
        ),
        {
            "@type": "cr:FileSet", "@id": "parquet", "name": "parquet",
            "containedIn": {"@id": "repo"}, "encodingFormat": "application/x-parquet",
            "includes": "data/*.parquet",
        },
    ]  # fmt: skip


def _record_sets(splits: Sequence[str], columns: Mapping[str, str]) -> list[dict[str, Any]]:
    splits_field = {
        "@type": "cr:Field",
        "@id": "splits/name",
        "name": "name",
        "dataType": "sc:Text",
    }
    pattern = f"data/({'|'.join(splits)})-.*parquet$"
    split = {
        "@type": "cr:Field", "@id": "pictures/split", "name": "split", "dataType": "sc:Text",
        "description": "train, validation, or test; no portrait is in two",
        "source": {
            "fileSet": {"@id": "parquet"}, "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": pattern},
        },
        "references": {"field": {"@id": "splits/name"}},
    }  # fmt: skip
    return [
        {
            "@type": "cr:RecordSet", "@id": "splits", "name": "splits", "dataType": "cr:Split",
            "key": {"@id": "splits/name"}, "field": [splits_field],
            "data": [{"splits/name": name} for name in splits],
        },
        {
            "@type": "cr:RecordSet", "@id": "pictures", "name": "pictures",
            "description": "A row for each picture.",
            "field": [split, *(_field(name, kind) for name, kind in columns.items())],
        },
    ]  # fmt: skip


def _field(name: str, kind: str) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": "parquet"}, "extract": {"column": name}}
    if kind == "image":
        source["transform"] = {"jsonPath": "bytes"}
    field = {
        "@type": "cr:Field", "@id": f"pictures/{name}", "name": name, "dataType": _TYPES[kind],
        "source": source,
    }  # fmt: skip
    return field | ({"description": _MEANINGS[name]} if name in _MEANINGS else {})
