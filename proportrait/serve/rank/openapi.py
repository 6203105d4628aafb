"""The part of the OpenAPI document that tells of ranking; requests are as strict as it says."""

from __future__ import annotations

from typing import Any

from proportrait.rank.match import SIMILARITY
from proportrait.rank.outputs.sidecars import NAMINGS
from proportrait.rank.weights import FACTOR, KINDS, PARTS
from proportrait.serve.bodies import BODY_BYTES, NAME
from proportrait.serve.rank.bodies import (
    FORMATS,
    MOST_COPIES,
    MOST_PEOPLE,
    MOST_ROWS,
)

_NUMBER = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_BOOL = {"type": "boolean"}
_TEXTS = {"type": "array", "items": _TEXT}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_MARK = {"type": "number", "minimum": 0, "maximum": 100}
_MESSAGES = {
    400: "the body is no JSON",
    404: "there is no such folder, face, photo, or reference",
    409: "another process changed the index, or no folder of copies was named",
    413: f"the body has more than {BODY_BYTES:,} bytes, or the photo too many",
    415: "the body is no JSON, or no photo",
    422: "a value has another type or range, or a photo cannot be read",
    503: "the folder was not listed yet, or no process was free",
}


def paths(api: str, picture: dict[str, Any], security: list[dict[str, Any]]) -> dict[str, Any]:
    """The paths of the API.

    Args:
        api: what they begin with.
        picture: the body of a request that sends one picture.
        security: of every operation.
    """
    folder = f"{api}/folders/{{folder}}"
    top = {"type": "integer", "minimum": 1, "maximum": MOST_COPIES}
    rows = {"offset": _NUMBER, "count": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}}
    loose = {"enum": ["0", "1"], "default": "0"}
    person = {"type": "integer", "minimum": 1}
    empty = _content(_object({}))
    table = {
        ("get", api): ("state", "Folders, how far they are indexed, and presets", [], None,
                       _json("rank_state")),
        ("post", f"{folder}/update"): ("update", "Look for new photos", [_in_path("folder")], None,
                                       _json("rank_folder")),
        ("post", f"{folder}/forget"): (
            "forget", "Delete what the index holds of a folder, and our stars beside its photos",
            [_in_path("folder")], empty, _json("rank_forgotten")),
        ("get", f"{folder}/people"): (
            "people", "People of a folder, most photos first", [_in_path("folder")], None,
            _json("rank_people")),
        ("post", f"{folder}/people/name"): (
            "name", "Give a person a name; an empty one takes it away", [_in_path("folder")],
            _content(_object({"person": person, "name": _TEXT})), _json("rank_decided")),
        ("post", f"{folder}/people/merge"): (
            "merge", "Several people are the first of them", [_in_path("folder")],
            _content(_object({"people": _many(person, 2)})), _json("rank_decided")),
        ("post", f"{folder}/people/split"): (
            "split", "Faces are not that person", [_in_path("folder")],
            _content(_object({"person": person, "faces": _many(_NUMBER, 1)})),
            _json("rank_decided")),
        ("post", f"{folder}/people/undo"): (
            "undo", "Take the last decision back", [_in_path("folder")], empty,
            _json("rank_decided")),
        ("get", f"{folder}/faces"): (
            "faces", "Faces of a folder, or of those without a person, the largest and best first",
            [_in_path("folder"), *(_query(name, schema) for name, schema in rows.items()),
             _query("loose", loose, False)], None, _json("rank_faces")),
        ("get", f"{folder}/faces/{{face}}"): (
            "face", "A square around a face", [_in_path("folder"), _in_path("face")], None, _JPEG),
        ("get", f"{folder}/photos/{{photo}}"): (
            "photo", "A photo without metadata",
            [_in_path("folder"), _in_path("photo"),
             _query("size", {"enum": ["small", "large"], "default": "small"}, False)], None, _JPEG),
        ("post", f"{api}/references"): ("references", "The faces of a photo of the person", [],
                                        picture, _json("rank_references")),
        ("post", f"{api}/ranking"): ("ranking", "Rows of the ranking", [], _body(rows),
                                     _json("rank_rows")),
        ("post", f"{api}/list"): (
            "list", "The best photos as a file", [], _body({"format": {"enum": list(FORMATS)},
                                                            "top": top}),
            {kind: {"schema": {}} for kind in ("text/plain", "text/csv", "application/json")}),
        ("post", f"{api}/stars"): (
            "stars", "Write stars as XMP sidecars beside the best photos", [],
            _body({"naming": {"enum": list(NAMINGS)}, "top": top}), _json("rank_stars")),
        ("post", f"{api}/copies"): (
            "copies", "Copy the best photos into a folder, numbered by rank", [],
            _body({"name": {"type": "string", "pattern": f"^{NAME}$"}, "top": top}),
            _json("rank_copies")),
    }  # fmt: skip
    result: dict[str, Any] = {}
    for (method, path), (name, summary, parameters, body, answer) in table.items():
        result.setdefault(path, {})[method] = {
            "operationId": f"rank_{name}", "summary": summary, "parameters": parameters,
            **({"requestBody": body} if body else {}), "security": security,
            "responses": _responses(answer, "202" if name == "update" else "200"),
        }  # fmt: skip
    return result


_JPEG: dict[str, Any] = {"image/jpeg": {"schema": {}}}


def _responses(answer: dict[str, Any], status: str) -> dict[str, Any]:
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/problem"}}}
    codes = (*_MESSAGES, 401, 403, 408, 421, 500, 504)
    return {status: {"description": "the answer", "content": answer}} | {
        str(code): {"description": _MESSAGES.get(code, "as of score"), "content": problem}
        for code in codes
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _NUMBER}


def _query(name: str, schema: dict[str, Any], is_required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": is_required, "schema": schema}


def _body(more: dict[str, Any]) -> dict[str, Any]:
    """A question in JSON, with more keys, all of which are required."""
    part = {"type": "number", "minimum": 0}
    weights = _object({name: part for name in PARTS} | {FACTOR: _SHARE}, ())
    kinds = _object({kind: weights for kind in KINDS}, KINDS)
    name = {"type": "string", "minLength": 1, "maxLength": 40, "description": "of a reference"}
    question = {
        "folder": _NUMBER,
        "person": {"type": ["integer", "null"], "minimum": 1, "description": "of the people"},
        "people": {
            "type": "array", "maxItems": MOST_PEOPLE,
            "description": "references; at least one where no person is named",
            "items": {"oneOf": [{**_NUMBER, "description": "a face of the folder"}, name]},
        },
        "weights": {**kinds, "description": "as docs/rank.md tells; of each kind one above 0"},
        "similarity": {**_SHARE, "default": SIMILARITY},
        "taste": {"type": ["string", "null"], "description": "name of one that counts too"},
    }  # fmt: skip
    required = ("folder", "people", "weights", *more)
    person, face = ({"required": [name], "properties": {name: schema}} for name, schema in (
        ("person", {"type": "integer"}), ("people", {"type": "array", "minItems": 1})
    ))  # fmt: skip
    return _content(_object(question | more, required) | {"anyOf": [person, face]})


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    """A body in JSON."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _many(items: dict[str, Any], least: int) -> dict[str, Any]:
    return {"type": "array", "minItems": least, "maxItems": MOST_ROWS, "items": items}


def _object(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    names = list(properties) if required is None else list(required)
    return {
        "type": "object", "properties": properties, "required": names,
        "additionalProperties": False,
    }  # fmt: skip


def _list(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties)}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def schemas() -> dict[str, Any]:
    """What answers hold."""
    amount = {"type": ["number", "null"], "minimum": 0}
    progress = _object({"done": _NUMBER, "total": _NUMBER, "rate": amount, "seconds_left": amount})
    asked = _object(
        {
            "done": _NUMBER, "total": _NUMBER, "rate": amount, "seconds_left": amount,
            "waiting": _NUMBER, "failures": _NUMBER,
        }
    )  # fmt: skip
    start = _object(
        {
            "people": _list({"key": _TEXT, "name": _TEXT}),
            "person": {"type": ["integer", "null"]}, "purpose": _TEXT, "similarity": _SHARE,
            "taste": _TEXT, "top": _NUMBER,
        }
    )  # fmt: skip
    listing = {
        "version": _NUMBER, "loose": _NUMBER, "undo": {"enum": ["name", "merge", "split", None]},
    }  # fmt: skip
    tile = {
        "id": _NUMBER, "name": {"type": ["string", "null"]}, "photos": _NUMBER,
        "face": _NUMBER,
    }  # fmt: skip
    folder = _object(
        {
            "name": _TEXT, "photos": _NUMBER, "ready": _NUMBER, "faces": _NUMBER,
            "is_indexing": _BOOL, "is_forgotten": _BOOL, "progress": _or_null(progress),
            "people": _or_null(_object({"count": _NUMBER, **listing})),
            "problem": _TEXT, "left_out": _TEXT, "failures": _NUMBER,
            "failed": _list({"name": _TEXT, "reason": _TEXT}),
        }
    )  # fmt: skip
    row = {
        "rank": {"type": "integer", "minimum": 1}, "score": _MARK, "similarity": _SHARE,
        "kind": {"enum": list(KINDS)}, "reasons": _TEXTS,
        "parts": {"type": "object", "propertyNames": {"enum": list(PARTS)},
                  "additionalProperties": _MARK},
        "photo": _NUMBER, "face": _NUMBER, "name": _TEXT,
        "box": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
        "similar": _list({"photo": _NUMBER, "name": _TEXT, "score": _MARK}), "copies": _TEXTS,
        "taste": {"enum": [None, "asked", "waiting", "failed"]},
    }  # fmt: skip
    return {
        "rank_folder": folder,
        "rank_state": _object(
            {
                "folders": {"type": "array", "items": folder},
                "exports": {"type": ["string", "null"]},
                "index": {"type": ["string", "null"]},
                "tastes": _TEXTS,
                "start": _or_null(start),
                "similarity": _SHARE,
                "purposes": {"type": "object", "additionalProperties": {"type": "object"}},
            }
        ),
        "rank_faces": _object(
            {
                "faces": _list({"face": _NUMBER, "name": _TEXT}),
                "is_last": _BOOL,
                "total": _NUMBER,
            }
        ),
        "rank_references": _object({"faces": _list({"reference": _TEXT, "jpeg": _TEXT})}),
        "rank_rows": _object(
            {
                "rows": _list(row),
                "total": _NUMBER,
                "photos": _NUMBER,
                "nearest": _list({"face": _NUMBER, "name": _TEXT, "similarity": _SHARE}),
                "taste": _or_null(asked),
            }
        ),
        "rank_people": _object({"people": _list(tile), **listing}),
        "rank_decided": _object({"decided": _TEXT, "people": _list(tile), **listing}),
        "rank_forgotten": _object({"files": _NUMBER, "taken": _NUMBER, "problems": _TEXTS}),
        "rank_stars": _object(
            {"sidecars": _NUMBER, "foreign": _NUMBER, "taken": _NUMBER, "problems": _TEXTS}
        ),
        "rank_copies": _object({"folder": _TEXT, "photos": _NUMBER, "new": _NUMBER}),
    }
