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
    score                         what a model says of pictures
    store                         records, ledger, journal, exports
    edit                          the offline editor
    generate                      sources, prompts, generators, what a run reports
    verify                        labels against measures and against each other; repair, undo
    augment                       twins that balance framing and sharpness
    download                      the published data set
    train                         from labelled pictures to a model, and how good it is
    cli, __main__                 the commands that follow the data
"""

from proportrait.errors import ProPortraitError
from proportrait.labels import ATTRIBUTES, Attribute, LabelVector

__all__ = ["ATTRIBUTES", "Attribute", "LabelVector", "ProPortraitError"]
__version__ = "0.1.0"
