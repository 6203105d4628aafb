"""The part of the OpenAPI document that tells of tastes; requests are as strict as it says."""

from __future__ import annotations

from typing import Any

from proportrait.serve.bodies import BODY_BYTES, NAME
from proportrait.serve.taste.bodies import API, FAR, LONGEST, MOST, REASONS, VALUES
from proportrait.serve.taste.questions import WAYS
from proportrait.serve.taste.state import BINS, STEPS
from proportrait.serve.taste.takeaway import COPIES, TABLES

_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": FAR}
_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST}
_FILE_NAME = {"type": "string", "pattern": f"^{NAME}$"}
_YES = {"type": "boolean"}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_SHARE_OR_NONE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_VALUE = {"enum": list(VALUES)}
_MESSAGES = {
    400: "the body is no JSON",
    401: "the token is missing or wrong",
    403: "a page of another site sent the request",
    404: "there is no such task, folder, or picture",
    409: "there is such a task or taste already, no model yet, no folder of copies, the folder of "
    "the task was not named at the start, or a picture was not shown yet",
    413: f"the body has more than {BODY_BYTES:,} bytes",
    415: "the body is no JSON",
    421: "the request names another host",
    422: "a value has another type or range, or a picture cannot be read",
    500: "labels, copies, or a model cannot be written",
    503: "no process was free",
    504: "the picture took too long",
}


def paths(security: list[dict[str, Any]]) -> dict[str, Any]:
    """The paths of the API; `security` is that of every operation."""
    threshold, name = {"threshold": _SHARE}, {"name": _FILE_NAME}
    answer = _object({"number": _NUMBER, "value": _VALUE})
    between = {"type": "array", "minItems": 2, "maxItems": 2, "items": _SHARE}
    rater = _query("rater", _TEXT, False)
    task = _query("task", _NAME)
    table: dict[tuple[str, str], tuple[str, list[dict[str, Any]], Any, Any]] = {
        ("get", ""): ("Tasks, and folders that new ones may be about", [rater], None,
                      _json("taste_overview")),
        ("post", "/tasks"): (
            "Begin a task", [], _body({"task": _NAME, "folder": _NUMBER}, {"goes_on": _YES}, {}),
            {"application/json": {"schema": _object({"task": _TEXT})}}),
        ("get", "/session"): ("What one rater has labelled, and the model", [task, rater], None,
                              _json("taste_session")),
        ("post", "/questions"): (
            "Pictures to label next", [],
            _body({"count": {"type": "integer", "minimum": 1, "maximum": MOST}},
                  {"way": {"enum": list(WAYS), "default": WAYS[0]}, "between": between,
                   "held": {"type": "array", "items": _NUMBER}, "repeats": _YES}),
            _json("taste_questions")),
        ("post", "/answers"): (
            "Label pictures", [],
            _body({"answers": {"type": "array", "minItems": 1, "maxItems": MOST, "items": answer}},
                  {"way": {"enum": list(REASONS)}}), _json("taste_answers")),
        ("post", "/undo"): ("Take back the last step", [], _body({}), _json("taste_undone")),
        ("post", "/train"): ("Train the model now", [], _body({}), _json("taste_session")),
        ("post", "/copies"): (
            "Copy pictures into a new folder", [],
            _body({"what": {"enum": list(COPIES)}, **threshold, **name}), _json("taste_copies")),
        ("post", "/model"): (
            "Save the model, so that its name is enough to find it", [],
            _body(name, {"replace": _YES}), _json("taste_model")),
        ("post", "/table"): ("Labels, or what the model keeps, as CSV", [],
                             _body({"what": {"enum": list(TABLES)}, **threshold}),
                             {"text/csv": {"schema": {}}}),
        ("get", "/pictures/{number}"): (
            "A picture without metadata",
            [{"name": "number", "in": "path", "required": True, "schema": _NUMBER}, task,
             _query("size", {"enum": ["small", "large"], "default": "large"}, False)],
            None, {"image/jpeg": {"schema": {}}}),
    }  # fmt: skip
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/problem"}}}
    problems = {
        str(code): {"description": text, "content": problem} for code, text in _MESSAGES.items()
    }
    result: dict[str, Any] = {}
    for (method, path), (summary, parameters, body, content) in table.items():
        result.setdefault(f"{API}{path}", {})[method] = {
            "operationId": f"taste_{path.split('/')[1] if path else 'overview'}",
            "summary": summary, "parameters": parameters,
            **({"requestBody": body} if body else {}), "security": security,
            "responses": {"200": {"description": "the answer", "content": content}, **problems},
        }  # fmt: skip
    return result


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _query(name: str, schema: dict[str, Any], is_required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": is_required, "schema": schema}


def _body(
    required: dict[str, Any],
    optional: dict[str, Any] | None = None,
    who: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A JSON object; of a task and a rater, unless `who` says otherwise."""
    who = {"task": _NAME, "rater": _NAME} if who is None else who
    schema = _object(who | required | (optional or {}), [*who, *required])
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "additionalProperties": False,
        "required": list(properties) if required is None else required,
    }  # fmt: skip


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_none(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def schemas() -> dict[str, Any]:
    """What answers hold."""
    labels = _object(dict.fromkeys(VALUES, _COUNT))
    agreement = {
        "count": _COUNT, "raw": _SHARE_OR_NONE, "kappa": {"type": ["number", "null"]},
    }  # fmt: skip
    task = _object(
        {
            "task": _TEXT, "folder": _or_none(_NUMBER), "place": _TEXT, "labels": labels,
            "others": _list(_TEXT),
        }
    )  # fmt: skip
    bins = {**_list(_COUNT), "minItems": BINS, "maxItems": BINS}
    reach = {**_list(_COUNT), "minItems": STEPS + 1, "maxItems": STEPS + 1}
    model = _object(
        {
            "labels": _COUNT, "accuracy": _SHARE_OR_NONE, "threshold": _SHARE,
            "precision": _SHARE_OR_NONE, "recall": _SHARE_OR_NONE,
            "histogram": _object({"positive": bins, "negative": bins}), "mistakes": _COUNT,
            "predictions": _COUNT, "reach": reach,
        }
    )  # fmt: skip
    failed = _list(_object({"name": _TEXT, "reason": _TEXT}))
    folder = _object(
        {
            "name": _TEXT, "pictures": _COUNT, "is_listed": _YES, "problem": _TEXT,
            "failures": _COUNT, "failed": failed,
        }
    )  # fmt: skip
    point = {"type": "array", "prefixItems": [_COUNT, _SHARE], "items": False, "minItems": 2}
    question = _object(
        {
            "number": _NUMBER, "way": _TEXT, "likely": _SHARE_OR_NONE, "name": _TEXT,
            "before": {"type": ["boolean", "null"]},
        }
    )  # fmt: skip
    undone = _object({"number": _NUMBER, "name": _TEXT, "value": _VALUE})
    return {
        "taste_overview": _object(
            {"folders": _list(_TEXT), "rater": _TEXT, "tasks": _list(task)}
        ),
        "taste_session": _object(
            {
                "task": _TEXT, "rater": _TEXT, "folder": folder, "features": _COUNT,
                "chooses": {"enum": ["model", "types", "chance"]}, "labels": labels,
                "is_training": _YES, "problem": _TEXT, "model": _or_none(model),
                "curve": _list(point), "steady": _object(agreement),
                "others": _list(_object({"rater": _TEXT, **agreement})),
                "exports": {"type": ["string", "null"]},
            }
        ),
        "taste_questions": _object(
            {"questions": _list(question), "open": {"type": ["integer", "null"]}}
        ),
        "taste_answers": _object({"before": _list(_VALUE)}),
        "taste_undone": _object(
            {"undone": _COUNT, "is_import": _YES, "pictures": _list(undone)}
        ),
        "taste_copies": _object({"folder": _TEXT, "copies": _COUNT, "problems": _list(_TEXT)}),
        "taste_model": _object({"name": _TEXT, "file": _TEXT, "commands": _list(_TEXT)}),
    }  # fmt: skip
