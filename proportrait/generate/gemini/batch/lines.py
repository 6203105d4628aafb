"""Lines of a batch job's files: requests as the Batch API takes them, and its answers."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.genai import errors

from proportrait.disk import disk_errors
from proportrait.errors import RetryableError
from proportrait.generate.base import Generated
from proportrait.generate.gemini.errors import SDK_ERRORS
from proportrait.generate.gemini.generator import GeminiGenerator, PreparedRequest, parsed

log = logging.getLogger(__name__)

# google/rpc/code.proto: name and HTTP status of a code. A line's error is a google.rpc.Status,
# whose code is one of these, where an online reply has the HTTP status.
_CODES = {
    1: ("CANCELLED", 499),
    2: ("UNKNOWN", 500),
    3: ("INVALID_ARGUMENT", 400),
    4: ("DEADLINE_EXCEEDED", 504),
    5: ("NOT_FOUND", 404),
    6: ("ALREADY_EXISTS", 409),
    7: ("PERMISSION_DENIED", 403),
    8: ("RESOURCE_EXHAUSTED", 429),
    9: ("FAILED_PRECONDITION", 400),
    10: ("ABORTED", 503),
    11: ("OUT_OF_RANGE", 400),
    12: ("UNIMPLEMENTED", 400),
    13: ("INTERNAL", 500),
    14: ("UNAVAILABLE", 503),
    15: ("DATA_LOSS", 500),
    16: ("UNAUTHENTICATED", 401),
}


def request_line(key: str, prepared: PreparedRequest, generator: GeminiGenerator) -> bytes:
    """The request that `GeminiGenerator.ask` would send, as a line with a key."""
    reference = base64.b64encode(prepared.reference).decode()
    parts = [
        {"inlineData": {"mimeType": "image/jpeg", "data": reference}},
        {"text": prepared.request.prompt},
    ]
    config = {
        "seed": prepared.request.seed,
        "responseModalities": ["IMAGE"],
        "imageConfig": generator.image_config.model_dump(by_alias=True, exclude_none=True),
    }
    request = {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}
    return json.dumps({"key": key, "request": request}, ensure_ascii=False).encode() + b"\n"


def places(results: Path) -> dict[str, int]:
    """key -> where its line begins in a file of results, in any order.

    Lines that are no JSON or have no key are passed over. Where several have one key, the first
    with a picture counts, or else the first.

    Raises:
        StoreError: the file cannot be read.
    """
    offsets: dict[str, int] = {}
    pictures: set[str] = set()
    damaged = repeated = offset = 0
    with disk_errors(results), results.open("rb") as lines:
        for line in lines:
            try:
                key = str(json.loads(line)["key"])
            except (ValueError, KeyError, TypeError):
                damaged += bool(line.strip())
            else:
                repeated += key in offsets
                is_picture = b'"inlineData"' in line
                if key not in offsets or (is_picture and key not in pictures):
                    offsets[key] = offset
                if is_picture:
                    pictures.add(key)
            offset += len(line)
    if damaged or repeated:
        log.warning("%s: %d lines are damaged, %d repeated", results.name, damaged, repeated)
    return offsets


async def read(answer: Mapping[str, Any], generator: GeminiGenerator) -> Generated:
    """Take the picture out of a line of results.

    Raises:
        RefusedError, RetryableError, GenerationError, FatalError: as of an online reply; see
            `GeminiGenerator.read` and `errors.sort_error`.
    """
    if isinstance(answer.get("response"), dict):
        try:
            reply = parsed(answer["response"])
        except SDK_ERRORS as error:
            failure = generator.sorted(error)
        else:
            return await generator.read(reply)
    elif isinstance(answer.get("error"), dict):
        failure = generator.sorted(_as_online(answer["error"]))
    else:
        failure = RetryableError("the line holds neither a response nor an error")
        failure.cost_usd = generator.price_usd
    raise failure


def _as_online(status: Mapping[str, Any]) -> errors.APIError:
    code = status.get("code")
    if not isinstance(code, int):
        code = 2
    name, http = _CODES.get(code, (status.get("status"), code))
    return errors.APIError(http, {"error": {**status, "code": http, "status": name}})
