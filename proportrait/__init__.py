"""ProPortrait-Gen: from a portrait to a verdict that one can act on.

A portrait becomes a record, a picture becomes a look, looks become verdicts.

A room imports only what stands above it in this list, or left of it in its line:

    errors, arrays, labels        words and types
    disk, commandline             durable writes; options and errors of a command
    runlog, workers               the log of a run, worker processes
    digest                        versions that follow from the code
    imaging                       pictures in and out
    tone                          sRGB and light
    sheets                        the contact sheet
    networks                      weight files, and how small networks run
    faces                         detector, landmarks, mask of the person, emotion, identity
    measures                      native measures with units, one module an attribute
    looks                         one look at a picture, for every use of it
    model                         the network, its input, its file
    taste                         one person's two-class judgement, learnt from a few labels
    advice                        reasons of a verdict in words, and what to do
    limits                        limits of one's own
    score                         what a model says of pictures
    distributed                   looks and scores on a cluster of machines
    rank                          the best photos of one person
    people                        who is in a folder, without a reference
    explanations                  what in a picture spoke against each attribute
    fixes                         crops of a photo that are no worse than it
    store                         records, ledger, journal, exports
    edit                          the offline editor
    generate                      sources, prompts, generators, what a run reports
    verification                  labels against measures and against each other; repair, undo
    augment                       twins that balance framing and sharpness
    download                      the published data set
    train                         from labelled pictures to a model, and how good it is
    publish                       data sets and models on the Hugging Face Hub
    api                           what can be called from Python in one line
    serve                         a page and a REST endpoint that judge photos
    commands                      what each command takes, does, and prints
    cli, __main__                 the one command
"""

from importlib import import_module
from typing import TYPE_CHECKING

from proportrait.errors import ProPortraitError
from proportrait.labels import ATTRIBUTES, Attribute, LabelVector

if TYPE_CHECKING:
    from proportrait.api import measure, verify
    from proportrait.edit.editor import PortraitEditor
    from proportrait.explanations import Explanation, explain
    from proportrait.fixes import Fix, fix
    from proportrait.score import Score, Scorer
    from proportrait.store import RecordStore
    from proportrait.taste import Taste

__all__ = [
    "ATTRIBUTES",
    "Attribute",
    "Explanation",
    "Fix",
    "LabelVector",
    "PortraitEditor",
    "ProPortraitError",
    "RecordStore",
    "Score",
    "Scorer",
    "Taste",
    "explain",
    "fix",
    "measure",
    "verify",
]
__version__ = "0.1.0"

_PLACES = {  # of what is imported when it is first asked for, so that `import proportrait` is fast
    "Explanation": "proportrait.explanations",
    "Fix": "proportrait.fixes",
    "PortraitEditor": "proportrait.edit.editor",
    "RecordStore": "proportrait.store",
    "Score": "proportrait.score",
    "Scorer": "proportrait.score",
    "Taste": "proportrait.taste",
    "explain": "proportrait.explanations",
    "fix": "proportrait.fixes",
    "measure": "proportrait.api",
    "verify": "proportrait.api",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
