"""What went wrong between us and Gemini, in the words of this project."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from google.genai import errors, types

from proportrait.errors import (
    FatalError,
    GenerationError,
    NoPictureError,
    ProPortraitError,
    QuotaError,
    RateLimitedError,
    RefusedError,
    RetryableError,
)
from proportrait.generate.gemini.keys import redact
from proportrait.generate.gemini.prices import MODELS

# What the SDK raises for a body that is no JSON, has bad base64, or another shape: the first two
# are ValueErrors (UnknownApiResponseError, pydantic's ValidationError).
_DAMAGED = (ValueError, TypeError, AttributeError, LookupError)
# All that one request raises.
SDK_ERRORS = (errors.APIError, httpx2.HTTPError, OSError, *_DAMAGED)

# An error reply, and what is raised before the request was sent whole: neither is paid for.
_FREE = (
    errors.APIError,
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.WriteError,
    httpx2.WriteTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
_KEYS_PAGE = "https://aistudio.google.com/apikey"
_LIMITS_PAGE = "https://ai.google.dev/gemini-api/docs/rate-limits"
# A 429 says at its end which limits were passed. The ledger keeps 2,000 characters.
_TEXT_LIMIT = 1500
_ZERO_LIMIT = re.compile(r"(metric: (?P<metric>[^\s,]+), )?limit: 0(?![.\d]*[1-9])")
# Reasons for a reply without a picture that often do not hold at the next try; None: not given.
_MAY_PASS = (None, "STOP", "NO_IMAGE", "IMAGE_OTHER", "OTHER", "MALFORMED_RESPONSE")


def sort_error(
    error: Exception, *, model: str, secret: str, timeout_s: float, price_usd: float
) -> ProPortraitError:
    """Turn an error of the SDK into one of ours, without the API key.

    A reply that was lost on the way may have been paid for; it counts as paid (`cost_usd`), so
    that a budget holds whatever happens. Google does not charge for 4xx and 5xx replies
    (https://ai.google.dev/gemini-api/docs/billing).
    """
    sorted_error: ProPortraitError
    if isinstance(error, errors.APIError):
        sorted_error = _sort_status(error, model, secret)
    elif isinstance(error, TimeoutError | httpx2.TimeoutException):
        sorted_error = RetryableError(f"no reply within {timeout_s:g} s")
    elif isinstance(error, _DAMAGED):
        sorted_error = RetryableError("the reply was damaged: not the JSON that was announced")
    else:
        text = redact(_one_line(str(error)), secret)
        sorted_error = RetryableError(f"the connection failed: {text or type(error).__name__}")
    if not isinstance(error, _FREE):
        sorted_error.cost_usd = price_usd
    return sorted_error


def no_picture(response: types.GenerateContentResponse, secret: str) -> GenerationError:
    """Why a reply holds no picture: it says nothing at all, or something else, or refuses."""
    if not (response.candidates or response.prompt_feedback or response.response_id):
        # An empty body with status 200; the SDK takes it for a reply.
        return RetryableError("the reply was empty")
    text = redact(_one_line(_refusal_text(response)), secret)
    reasons = [_name(candidate.finish_reason) for candidate in response.candidates or ()]
    if reasons and reasons[0] in _MAY_PASS:
        return NoPictureError(text)
    return RefusedError(text)


def retry_after_s(error: errors.APIError) -> float | None:
    """Seconds that the server asked us to wait: the longer of Retry-After and RetryInfo, or None.

    Sources: RFC 9110, section 10.2.3 (seconds or a date); google/rpc/error_details.proto.
    """
    waits = []
    header = getattr(error.response, "headers", {}).get("retry-after")
    if header is not None:
        waits.append(_seconds_of_header(header))
    for detail in _details(error):
        if str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            waits.append(_number(str(detail.get("retryDelay", "")).removesuffix("s")))
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _sort_status(error: errors.APIError, model: str, secret: str) -> ProPortraitError:
    said = redact(_said(error), secret)
    code = error.code
    if code == 429 and (quota := _lasting_quota(error)):
        return QuotaError(f"{said}. {_quota_advice(*quota, model)}")
    if code == 429:
        return RateLimitedError(said, retry_after=retry_after_s(error))
    if code == 408 or code >= 500:
        return RetryableError(said, retry_after=retry_after_s(error))
    if code == 401 or (code == 400 and _is_key_error(error)):
        return FatalError(f"{said}. Check the API key ({_KEYS_PAGE}), or use --mock")
    if code in (402, 403) or (code == 400 and error.status == "FAILED_PRECONDITION"):
        return FatalError(
            f"{said}. This key may not use {model}: check its project, billing, restrictions and "
            f"region ({_KEYS_PAGE})"
        )
    if code == 404:
        return FatalError(
            f"{said}. There is no model {model!r} for this key: choose another with --model, "
            f"such as {', '.join(known.name for known in MODELS.values() if not known.shutdown)}"
        )
    return GenerationError(said)


def _said(error: errors.APIError) -> str:
    message = error.message if isinstance(error.message, str) else json.dumps(error.details)
    status = f" {error.status}" if error.status else ""
    return f"Gemini answered {error.code}{status}: {_one_line(message).rstrip('.')}"


def _lasting_quota(error: errors.APIError) -> tuple[str, bool] | None:
    """Name of a quota that no wait of minutes cures, and whether it is zero (else: of a day).

    The request itself names its quotas (google.rpc.QuotaFailure); the message has their limits.
    """
    violations = [
        violation
        for detail in _details(error)
        if str(detail.get("@type", "")).endswith("google.rpc.QuotaFailure")
        for violation in detail.get("violations") or ()
        if isinstance(violation, dict)
    ]
    names = [str(v.get("quotaId") or v.get("quotaMetric") or "") for v in violations]
    for name, violation in zip(names, violations, strict=True):
        if str(violation.get("quotaValue")) == "0":
            return name, True
    daily = [name for name in names if "perday" in name.lower().replace("_", "")]
    if zero := _ZERO_LIMIT.search(str(error.message)):
        return daily[0] if daily else zero["metric"] or "of this model", True
    return (daily[0], False) if daily else None


def _quota_advice(quota: str, is_zero: bool, model: str) -> str:
    if is_zero:
        return (
            f"The quota {quota} is zero: the plan of this key has no {model}. Set up billing for "
            f"its project ({_KEYS_PAGE}), or choose another model with --model"
        )
    return (
        f"The quota {quota} of today is used up: run the same command again tomorrow (it is "
        f"renewed at midnight, Pacific time), or raise the plan of the key's project "
        f"({_LIMITS_PAGE})"
    )


def _is_key_error(error: errors.APIError) -> bool:
    reasons = [detail.get("reason") for detail in _details(error)]
    return "API_KEY_INVALID" in reasons or "api key" in str(error.message).lower()


def _details(error: errors.APIError) -> Iterator[Mapping[str, Any]]:
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error", body)
    details = inner.get("details") if isinstance(inner, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail


def _seconds_of_header(value: str) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _refusal_text(response: types.GenerateContentResponse) -> str:
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        text = f"the request was blocked: {_name(feedback.block_reason)}"
        message = feedback.block_reason_message
        return f"{text} ({message})" if message else text
    if not response.candidates:
        return "the reply holds no candidate"
    candidate = response.candidates[0]
    parts = (candidate.content.parts if candidate.content else None) or []
    words = " ".join(part.text for part in parts if part.text and not part.thought)
    text = "the reply holds no picture"
    if (reason := _name(candidate.finish_reason)) not in (None, "STOP"):
        text += f" ({reason})"
    if candidate.finish_message:
        text += f": {candidate.finish_message}"
    return f"{text}; the model said: {words}" if words else text


def _name(reason: Any) -> str | None:
    return None if reason is None else str(getattr(reason, "value", reason))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_LIMIT else f"{line[: _TEXT_LIMIT - 3]}..."
