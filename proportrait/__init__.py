"""ProPortrait-Gen: from a portrait to a verdict that one can act on.

    source portrait -> label vector -> prompt / edit -> image -> record -> verified record
    -> augmented twins

A module imports only what stands above it in this list, or left of it in its line:

    errors, labels          words and types
    commandline             types of options, errors in one line
    imaging, disk           reading and writing pictures, durable writes
    records, ledger, journal, store, export     what is kept, and other formats of it
    assets, inference       weight files: where they are, what they are, how they run
    workers                 worker processes
    faces                   detector, landmarks, person mask, emotion, identity
    features                what a network that has learnt to see makes of a picture
    measures                native measures with units, one module an attribute
    edit                    the offline editor
    generate                sources, prompts, generators, retries and limits, twins
    report, runlog          what a run tells its user
    verify                  labels against measures and against each other; repair, undo
    augment                 twins that balance framing and sharpness
    download                the published data set
    model                   the network, its input, its file
    train                   from labelled pictures to a model, and how good it is
    score                   what a model says of pictures
    cli, __main__           the commands that follow the data
"""

from proportrait.errors import ProPortraitError
from proportrait.labels import ATTRIBUTES, Attribute, LabelVector

__all__ = ["ATTRIBUTES", "Attribute", "LabelVector", "ProPortraitError"]
__version__ = "0.1.0"
