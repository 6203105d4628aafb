"""The request in words: a base prompt, and one sentence for each attribute.

Sharpness and bad framing are never asked of a generator: every request asks for good framing and
sharp focus, and the degraded twins are made from the picture that comes back. The sentences of one
attribute say nothing about another, and the base prompts say nothing about any, so that every
combination of bits is a request without a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proportrait.labels import KEYS, LabelVector, stream

# Bits that follow from how the picture is processed afterwards, not from what the generator obeys.
APPLIED_AFTERWARDS = ("framing", "sharpness")

BASE_PROMPTS: dict[str, tuple[str, ...]] = {
    "corporate": (
        "Make a square head-and-shoulders photograph of the person in the reference picture for a "
        "company's staff page. Keep the face, age, hair and skin tone as they are.",
        "Turn the reference picture into a realistic square portrait for a business network "
        "profile, from the head to the shoulders. It must stay recognisably the same person.",
        "Photograph the person shown in the reference for an annual report: one person, square "
        "picture, head and shoulders. Do not alter the identity or the facial features.",
        "Create a realistic square portrait, head and shoulders, of exactly the person in the "
        "reference picture, to stand beside the name on a meeting page.",
    ),
    "creative": (
        "Make a realistic square head-and-shoulders photograph of the person in the reference "
        "picture for a design studio's team page. Keep every feature of the face.",
        "Take a square portrait of this same person, from the head to the shoulders, for the "
        "authors' page of a publisher. The identity must not change.",
        "Show the person of the reference picture in a natural square portrait, head and "
        "shoulders, for a speaker list of a film festival. Keep the face, hair and age unchanged.",
        "Produce a photographic square portrait of the person in the reference, head and "
        "shoulders, for a portfolio website, with the very same face.",
    ),
    "academic and medical": (
        "Make a square head-and-shoulders photograph of the person in the reference picture for a "
        "university's directory. Keep the person's identity, age and skin tone.",
        "Create a realistic square portrait, head and shoulders, for a clinic's list of staff. "
        "Show the same person as the reference picture, with no change to the face.",
        "Photograph the person in the reference for a conference programme: a square picture of "
        "head and shoulders in which the face stays the same.",
        "Turn the reference into a square head-and-shoulders portrait for a research group's web "
        "page. Friends must recognise the person at once.",
    ),
    "entrepreneur": (
        "Make a square head-and-shoulders photograph of the person in the reference picture for "
        "the founders' page of a young company. Keep the face as it is.",
        "Create a realistic square portrait of the person in the reference, from the head to the "
        "shoulders, for an interview about their shop. Identity, age and hair stay the same.",
        "Photograph the person in the reference for a podcast's web page: square, head and "
        "shoulders, one person, with the same facial features.",
        "Produce a natural square portrait, head and shoulders, of the person in the reference "
        "picture for the website of a self-employed consultant. Do not change who it is.",
    ),
}

# For each attribute: the sentences that ask for 1, and those that ask for 0.
PHRASES: dict[str, dict[int, tuple[str, ...]]] = {
    "lighting": {
        1: (
            "Light the face evenly from the front with a large soft source.",
            "Use gentle, balanced light that reaches both sides of the face alike.",
            "The light on the face is soft and frontal, with no hard shadow.",
            "Two soft lamps, left and right of the camera, give the face even brightness.",
            "Expose the face correctly, in diffuse light without glare.",
            "Let soft frontal light fill the eye sockets and the shadow under the chin.",
            "Keep the brightness even from the forehead to the chin and from cheek to cheek.",
        ),
        0: (
            "A hard lamp from one side leaves the other half of the face in deep shadow.",
            "Strong light straight from above puts dark shadows into the eye sockets and under "
            "the nose.",
            "The light comes from behind the person, so that the face is much too dark.",
            "A direct on-camera flash burns out the forehead and cheeks with white glare.",
            "The picture is badly under-exposed, far too dark all over the face.",
            "The face is strongly over-exposed, with burnt-out white patches on the skin.",
            "A lone lamp below the chin throws hard shadows upwards over the face.",
        ),
    },
    "background": {
        1: (
            "Behind the person is a plain light grey studio backdrop.",
            "The background is one smooth neutral colour, with nothing in it.",
            "Place the person before a clean off-white wall without any object.",
            "The background dissolves into a strong, even blur in which no object can be made out.",
            "Use a seamless dark grey paper backdrop.",
            "Set the person against a plain, pale blue backdrop with no pattern.",
            "Keep everything behind the person empty and of one muted tone.",
        ),
        0: (
            "Behind the person are crowded shelves full of books, boxes and odds and ends, all "
            "clearly visible.",
            "Several strangers stand and walk close behind the person, plainly visible.",
            "The wall behind the person has a loud, colourful, large-patterned wallpaper.",
            "Behind the person hang posters and signs with big lettering.",
            "The background is an untidy kitchen with dishes piled up, in full detail.",
            "Set the person in a busy cafe, with tables, cups and other guests plainly visible.",
            "Behind the person is a crowded market street with stalls, goods and passers-by.",
        ),
    },
    "attire": {
        1: (
            "The person wears a dark suit jacket over a white dress shirt.",
            "Dress the person in a well-fitting navy blazer and a plain collared shirt.",
            "The person wears a pressed dress shirt with a tie.",
            "Dress the person in a smart, plain blouse or dress shirt with a crisp collar.",
            "The person wears a charcoal suit in a classic cut.",
            "Give the person formal office clothes: a tailored jacket over a light shirt.",
            "The person wears a grey blazer over a buttoned shirt, neat at the collar.",
        ),
        0: (
            "The person wears a faded crew-neck T-shirt.",
            "Dress the person in a hooded sweatshirt with drawstrings.",
            "The person wears a football jersey in bright team colours.",
            "Dress the person in a washed-out denim jacket over a T-shirt.",
            "The person wears a loud, flowered holiday shirt with an open collar.",
            "Dress the person in a chunky knitted jumper with a reindeer pattern.",
            "The person wears a theatrical pirate costume with a ruffled collar.",
            "Dress the person in a zipped training jacket with stripes on the sleeves.",
        ),
    },
    "expression": {
        1: (
            "The expression is calm and neutral, with the mouth closed.",
            "The person gives a slight, polite smile and looks into the camera.",
            "The face is relaxed and attentive, the eyes open, the lips together.",
            "Show a composed, friendly look with barely a smile.",
            "The person looks at the camera with a quiet, confident expression.",
            "Keep the brows relaxed and let the corners of the mouth lift only a little.",
            "The expression is pleasant and serene, without strong emotion.",
        ),
        0: (
            "The person laughs out loud with the mouth wide open.",
            "The person looks utterly astonished: eyebrows high, eyes wide, mouth open.",
            "The person scowls, with deeply furrowed brows and pressed lips.",
            "The person pulls a silly face with puffed-out cheeks.",
            "The person yawns with the mouth wide open and the eyes squeezed shut.",
            "The person pouts in an exaggerated way, with the lips pushed far forward.",
            "The person shouts with joy, with every tooth showing.",
        ),
    },
    "framing": {
        1: (
            "Centre the face and leave a little space above the head.",
            "Frame the person from the chest up, with the whole head inside the picture.",
            "Keep the head upright in the middle, with both shoulders in view.",
            "Compose it as a classic headshot: face in the centre, some headroom, shoulders below.",
            "The face takes up about a third of the picture's height and sits in the middle.",
            "Show the complete head with a margin on every side, and the upper chest.",
        ),
    },
    "sharpness": {
        1: (
            "The eyes and the whole face are in sharp focus.",
            "Render the face crisply, with every eyelash and hair clear.",
            "The face is tack-sharp, as from a good portrait lens.",
            "Keep fine detail in skin, hair and eyes.",
            "Focus precisely on the eyes; the face is crisp from ear to ear.",
            "Deliver a high-resolution picture in which the face is clear and detailed.",
        ),
    },
}


@dataclass(frozen=True)
class Prompt:
    """The words of one request.

    Attributes:
        text: the base prompt and the sentences, parted by spaces, in the order of the attributes.
        known: 1 where the request (or what is done afterwards) claims the bit, 0 where the
            sentence was dropped and nothing is claimed.
        base: the base prompt.
        phrases: the sentences of the text, in its order.
    """

    text: str
    known: LabelVector
    base: str
    phrases: tuple[str, ...]

    def known_without(self, unread: str) -> LabelVector:
        """`known`, less the bits whose sentence a model did not read to its end.

        Args:
            unread: the end of the text that was cut off (some text encoders read 77 tokens); ""
                if all was read.
        """
        read = len(self.text) - len(unread.strip())
        keys = [key for key in KEYS if self.known[key]]
        end, cut_off = len(self.base), []
        for key, phrase in zip(keys, self.phrases, strict=True):
            end += 1 + len(phrase)
            if end > read and key not in APPLIED_AFTERWARDS:
                cut_off.append(key)
        return self.known.replace(**dict.fromkeys(cut_off, 0))


def build_prompt(
    seed: int,
    source_id: str,
    labels: LabelVector,
    *,
    variation: bool = True,
    dropout: float = 0.1,
) -> Prompt:
    """Word the request for one source, as a pure function of the run's seed, source and labels.

    Every base prompt is equally likely, and so is every sentence of an attribute and bit. Each of
    the four sentences that a generator is asked to obey (lighting, background, attire, expression)
    is left out with probability `dropout`, which makes its bit unknown. Good framing and sharp
    focus are always asked for, and their bits always known, because they are applied afterwards.

    Args:
        seed: of the run.
        source_id: of the portrait.
        labels: the bits wanted.
        variation: False takes the first base prompt and the first sentences, and drops none.
        dropout: probability, 0 to 1.

    Raises:
        ValueError: dropout is out of 0..1.
    """
    if not 0.0 <= dropout <= 1.0:
        raise ValueError(f"dropout is a probability from 0 to 1, not {dropout}")
    base = _choose_base(stream(seed, source_id, "prompt", "base") if variation else None)
    phrases, known = [], []
    for key in KEYS:
        # One stream an attribute: its sentence does not depend on the other bits.
        rng = stream(seed, source_id, "prompt", key) if variation else None
        dropped = rng is not None and rng.random() < dropout and key not in APPLIED_AFTERWARDS
        if dropped:
            continue
        choices = PHRASES[key][1 if key in APPLIED_AFTERWARDS else labels[key]]
        phrases.append(choices[0] if rng is None else choices[int(rng.integers(len(choices)))])
        known.append(key)
    return Prompt(
        text=" ".join((base, *phrases)),
        known=LabelVector.of(known),
        base=base,
        phrases=tuple(phrases),
    )


def _choose_base(rng: np.random.Generator | None) -> str:
    choices = [base for bases in BASE_PROMPTS.values() for base in bases]
    return choices[0 if rng is None else int(rng.integers(len(choices)))]
