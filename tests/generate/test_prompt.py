"""The request in words: what it may say, what it leaves out, and that it says what is known."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest

from proportrait.generate.prompt import BASE_PROMPTS, PHRASES, Prompt, build_prompt
from proportrait.labels import KEYS, LabelVector

ALL_LABELS = [LabelVector(bits) for bits in itertools.product((0, 1), repeat=6)]
BASES = [base for bases in BASE_PROMPTS.values() for base in bases]
SENTENCES = {(k, bit): texts for k, by_bit in PHRASES.items() for bit, texts in by_bit.items()}
OBEYED = ("lighting", "background", "attire", "expression")

# Words of an attribute, which no base prompt and no sentence of another attribute may hold.
WORDS = {
    "lighting": r"light(s|ed|ing)?\b(?! grey| shirt)|lamps?|flash|shadows?|expos\w+|glare|sunny",
    "background": r"back(ground|drop)|wall(paper)?|shelves|kitchen|cafe|street|strangers|studio b",
    "attire": r"wears?|dress\w*|suits?|jackets?|shirts?|T-shirt|ties?|blazer|blouse|clothes",
    "expression": r"smil\w+|laugh\w*|expression|scowl\w*|emotion|mouth|brows?|calm|neutral [^c]",
}
# What is applied afterwards, and must never be asked for.
DEGRADED = (
    r"off.cent|cut off|cropped|too close|too far|tilted|out of frame|unsharp|blurry|defocus\w*"
    r"|out of focus|soft focus|pixelat\w+|low.res\w+|grainy|motion blur"
)
# Identity is kept, and nothing that a safety filter would refuse is asked for.
REFUSED = r"sexy|naked|nude|blood|weapon|gun|drunk|child|race|ethnic\w*|gender|younger|older|logo"


def holds(pattern: str, text: str) -> bool:
    return re.search(rf"\b({pattern})", text, re.IGNORECASE) is not None


def test_there_are_enough_base_prompts_and_sentences() -> None:
    assert len(BASE_PROMPTS) >= 4
    assert len(set(BASES)) == len(BASES) >= 15
    assert list(PHRASES) == list(KEYS)
    for (key, bit), texts in SENTENCES.items():
        assert len(set(texts)) == len(texts) >= 6, (key, bit)
    assert [k for k in KEYS if 0 in PHRASES[k]] == list(OBEYED)


@pytest.mark.parametrize("base", BASES)
def test_base_prompts_ask_for_the_same_person_and_say_nothing_about_an_attribute(base: str) -> None:
    assert holds("square", base)
    assert re.search(r"head(-and-| and | to the |, head and )shoulders|head to the", base)
    assert re.search(r"reference|same person", base)
    assert re.search(r"same|[Kk]eep|not (alter|change)|must not|exactly|recognise|no change", base)
    for pattern in (*WORDS.values(), DEGRADED, REFUSED, "sharp", "blur"):
        assert not holds(pattern, base), pattern


@pytest.mark.parametrize(("key", "bit"), list(SENTENCES))
def test_sentences_keep_to_their_own_attribute(key: str, bit: int) -> None:
    for text in SENTENCES[key, bit]:
        assert text[0].isupper()
        assert text.endswith(".")
        assert not holds(DEGRADED, text), text
        assert not holds(REFUSED, text), text
        for other, pattern in WORDS.items():
            assert other == key or not holds(pattern, text), (text, other)


def test_no_sentence_is_part_of_another() -> None:
    everything = [*BASES, *itertools.chain(*SENTENCES.values())]
    for one, two in itertools.permutations(everything, 2):
        assert one not in two


@pytest.mark.parametrize("labels", ALL_LABELS[::5], ids=lambda v: v.code)
def test_the_text_holds_exactly_one_sentence_of_each_known_bit(labels: LabelVector) -> None:
    for i in range(60):
        prompt = build_prompt(11, f"s{i}", labels)
        assert prompt.text == " ".join((prompt.base, *prompt.phrases))
        assert prompt.base in BASES
        for key in KEYS:
            found = {b: sum(t in prompt.text for t in ts) for b, ts in PHRASES[key].items()}
            asked = 1 if key in ("framing", "sharpness") else labels[key]
            assert found == {b: int(b == asked and prompt.known[key]) for b in PHRASES[key]}
        assert prompt.known["framing"] == prompt.known["sharpness"] == 1


def test_a_tenth_of_the_sentences_is_dropped_and_their_bits_become_unknown() -> None:
    prompts = [build_prompt(2, f"s{i}", LabelVector.ones()) for i in range(4000)]
    for key in OBEYED:
        # Standard error is .0047.
        assert sum(not p.known[key] for p in prompts) / 4000 == pytest.approx(0.1, abs=0.019)
    both = sum(not p.known["lighting"] and not p.known["attire"] for p in prompts) / 4000
    assert both == pytest.approx(0.01, abs=0.0065)  # the attributes are independent


@pytest.mark.parametrize(("dropout", "code"), [(0.0, "111111"), (1.0, "000011")])
def test_dropout_reaches_both_ends(dropout: float, code: str) -> None:
    for i in range(20):
        assert build_prompt(0, str(i), LabelVector.ones(), dropout=dropout).known.code == code


def test_every_base_prompt_and_sentence_is_used() -> None:
    texts = [build_prompt(0, f"s{i}", ALL_LABELS[i % 64]) for i in range(3000)]
    assert {p.base for p in texts} == set(BASES)
    assert {t for p in texts for t in p.phrases} == set(itertools.chain(*SENTENCES.values()))


def test_a_prompt_is_a_function_of_seed_source_and_labels() -> None:
    labels = LabelVector.from_code("010111")
    prompts = {i: build_prompt(4, f"s{i}", labels) for i in range(50)}
    assert {i: build_prompt(4, f"s{i}", labels) for i in reversed(range(50))} == prompts
    assert len({p.text for p in prompts.values()}) == 50
    other_seed = [build_prompt(5, f"s{i}", labels) for i in range(50)]
    assert sum(a != b for a, b in zip(prompts.values(), other_seed, strict=True)) >= 49


def test_a_bit_changes_its_own_sentence_and_no_other() -> None:
    for i in range(30):
        one = build_prompt(4, f"s{i}", LabelVector.ones(), dropout=0)
        two = build_prompt(4, f"s{i}", LabelVector.ones().replace(attire=0), dropout=0)
        assert one.base == two.base
        different = [a != b for a, b in zip(one.phrases, two.phrases, strict=True)]
        assert different == [key == "attire" for key in KEYS]


def test_without_variation_the_first_of_everything_is_taken() -> None:
    labels = LabelVector.from_code("010100")
    prompts = {build_prompt(s, f"s{s}", labels, variation=False, dropout=0.9) for s in range(20)}
    (prompt,) = prompts
    assert prompt.known == LabelVector.ones()
    assert prompt.base == BASES[0]
    first = [PHRASES[k][b][0] for k, b in zip(KEYS, (0, 1, 0, 1, 1, 1), strict=True)]
    assert list(prompt.phrases) == first


def test_a_prompt_is_frozen_and_a_wrong_dropout_is_misuse() -> None:
    prompt = build_prompt(0, "s", LabelVector.ones())
    with pytest.raises(dataclasses.FrozenInstanceError):
        prompt.text = "x"  # type: ignore[misc]
    assert isinstance(prompt, Prompt)
    for dropout in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="dropout"):
            build_prompt(0, "s", LabelVector.ones(), dropout=dropout)


def test_a_sentence_that_was_cut_off_claims_nothing() -> None:
    prompt = build_prompt(1, "a", LabelVector.ones(), variation=False)
    assert prompt.known_without("") == LabelVector.ones()
    # The last words of the attire sentence, and all behind it, were not read.
    attire = prompt.phrases[2]
    cut = prompt.text.index(attire) + len(attire) // 2
    known = prompt.known_without(prompt.text[cut:])
    assert known.code == "110011"  # framing and sharpness are applied afterwards
    assert prompt.known_without(prompt.text).code == "000011"
