"""A picture in words, built from the edits that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proportrait.edit.scene import OWN
from proportrait.labels import KEYS

_OF_PERSON = "the person's own"


def caption(edits: Mapping[str, Any]) -> str:
    """One sentence for each attribute that an edit set, in their order.

    >>> caption({"attire": {"kind": "dark suit"}, "framing": {"kind": "off_centre_left"}})
    'A portrait. Attire: dark suit. Framing: off centre left.'
    """
    sentences = ["A portrait."]
    for key in KEYS:
        edit = edits.get(key)
        if isinstance(edit, Mapping) and "kind" in edit:
            kind = str(edit["kind"])
            words = _OF_PERSON if kind == OWN else kind.replace("_", " ")
            sentences.append(f"{key.capitalize()}: {words}.")
    return " ".join(sentences)
