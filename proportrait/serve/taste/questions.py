"""Which picture a rater is asked next, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np

from proportrait.serve.taste.session import Session, Trained
from proportrait.taste.choose import How, next_index
from proportrait.taste.labels import Kind

Way = Literal["mixed", "uncertainty", "disagreement", "diversity", "random", "mistakes"]
WAYS: tuple[Way, ...] = get_args(Way)
REPEAT_EVERY = 15  # answers from one question that was asked before to the next
REPEAT_AFTER = 10  # answers since a picture was answered first
_POOL = 400  # pictures that one is chosen from: a choice among more takes longer than a key press
_MIXED: tuple[How, ...] = ("uncertainty", "disagreement", "diversity", "random")
_SHARES = (0.5, 0.2, 0.2, 0.1)


@dataclass(frozen=True)
class Question:
    """A picture that a rater is asked.

    Attributes:
        number: of the picture.
        way: how it was chosen: one of `WAYS` other than mixed and mistakes, "typical", "repeat", or
            "review".
        likely: probability of positive by the present model; None where that is not known, or
            would sway the answer.
        before: what the rater answered, of a review.
    """

    number: int
    way: str
    likely: float | None = None
    before: bool | None = None


def kind_of(way: str) -> Kind:
    """How the answer to a question is written down."""
    kinds = {"repeat": Kind.REPEAT, "review": Kind.REVIEW}
    return kinds.get(way, Kind.LABEL)


def next_questions(
    session: Session,
    count: int,
    held: Iterable[int],
    rng: np.random.Generator,
    way: Way = "mixed",
    between: tuple[float, float] = (0.0, 1.0),
    repeats: bool = False,
) -> list[Question]:
    """Up to `count` questions; [] where there is nothing to ask.

    Args:
        session: of the rater.
        count: how many.
        held: numbers of pictures that the page has already.
        rng: of chance.
        way: how to choose; before a model is trained typical pictures come first, except at random
            and of mistakes.
        between: lowest and highest probability of positive.
        repeats: whether a picture may be asked that was answered before, now and then.
    """
    held = set(held)
    if way == "mistakes":
        return [
            Question(number, "review", likely, session.values[session.album.digest(number)])
            for number, likely in session.mistakes()
            if number not in held
        ][:count]
    questions: list[Question] = []
    while len(questions) < count:
        question = _repeat(session, held, rng) if repeats else None
        question = question or _new(session, held, rng, way, between)
        if question is None:
            break
        held.add(question.number)
        questions.append(question)
    return questions


def _repeat(session: Session, held: set[int], rng: np.random.Generator) -> Question | None:
    """A picture that was answered before, now and then, to see whether the answer is the same."""
    digests = [digest for digest, value in session.values.items() if value is not None]
    if len(digests) < (len(session.repeated) + 1) * REPEAT_EVERY:
        return None
    known = [
        number
        for digest in digests[:-REPEAT_AFTER]
        if digest not in session.repeated
        and (number := session.album.number(digest)) is not None
        and session.album.holds(number)
    ]
    # One at a time: the page holds it until it is answered.
    if not known or held & {number for number in known if session.is_labelled(number)}:
        return None
    return Question(int(rng.choice(known)), "repeat")


def _new(
    session: Session,
    held: set[int],
    rng: np.random.Generator,
    way: Way,
    between: tuple[float, float],
) -> Question | None:
    trained = session.trained
    if trained is not None and len(session.rows):
        question = _chosen(session, trained, held, rng, way, between)
        if question is not None or between != (0.0, 1.0):
            return question
    elif way != "random":
        number = session.start.next(partial(_is_open, session, held), rng)
        if number is not None:
            return Question(number, "typical")
    return _random(session, held, rng)


def _chosen(
    session: Session,
    trained: Trained,
    held: set[int],
    rng: np.random.Generator,
    way: Way,
    between: tuple[float, float],
) -> Question | None:
    """By the model, among pictures whose features are known."""
    low, high = between
    predictions = session.predictions
    pool: list[int] = []
    for number in rng.permutation(session.rows.numbers()).tolist():
        if low <= predictions.get(number, low) <= high and _is_open(session, held, number):
            pool.append(number)
        if len(pool) == _POOL:
            break
    if not pool:
        return None
    how: How = _MIXED[rng.choice(len(_MIXED), p=_SHARES)] if way == "mixed" else way  # type: ignore[assignment]
    labelled = [number for _, number, _ in session.lessons()] if how == "diversity" else []
    values = session.rows.values([*pool, *labelled])
    mask = np.arange(len(values)) >= len(pool)
    place = next_index(trained.ensemble, values, mask, rng, how, between)
    likely = float(trained.ensemble.probabilities(values[place : place + 1])[0])
    if not low <= likely <= high:  # the nearest one, where none is between
        return None
    return Question(pool[place], how, likely)


def _random(session: Session, held: set[int], rng: np.random.Generator) -> Question | None:
    """Any picture that has no answer yet."""
    album = session.album
    count = len(album.paths)

    is_open = partial(_is_open, session, held)
    for number in rng.integers(0, count, 50) if count else ():
        if is_open(int(number)):
            return Question(int(number), "random")
    rest = [number for number in range(count) if is_open(number)]
    return Question(int(rng.choice(rest)), "random") if rest else None


def _is_open(session: Session, held: set[int], number: int) -> bool:
    """Whether a picture can be asked, and has no answer yet."""
    return number not in held and session.album.holds(number) and not session.is_labelled(number)
