"""Rooms that draw the eye away from the person, drawn on a canvas."""

from __future__ import annotations

import numpy as np

from proportrait.edit.sketch import WORDS, WORK, Canvas, Colour, colour, everyday, grey, noise

_WOOD = ((0.06, 0.10), (0.35, 0.6))


def bookshelf(rng: np.random.Generator, aspect: float) -> Canvas:
    """Shelves full of books and small things."""
    wood = _wood(rng, (0.2, 0.6))
    canvas = Canvas(WORK, aspect, wood * np.float32(0.32))
    shelf = rng.uniform(0.20, 0.27)
    bottom = rng.uniform(0.05, shelf)
    while bottom < 1 + shelf:
        board = 0.022
        _shelf_row(rng, canvas, bottom - board, shelf - board)
        canvas.shade(0, bottom - shelf, aspect, bottom - shelf + 0.045, 0.6)
        canvas.box(0, bottom - board, aspect, bottom, wood, down=(1.15, 0.95, 0.7))
        bottom += shelf
    upright = rng.uniform(-0.2, 0.5)
    while upright < aspect:
        canvas.box(upright, 0, upright + 0.03, 1, wood * np.float32(0.9), across=(0.7, 1.1, 0.8))
        upright += rng.uniform(0.65, 0.9)
    return canvas


def _shelf_row(rng: np.random.Generator, canvas: Canvas, floor: float, room: float) -> None:
    x = rng.uniform(-0.05, 0.02)
    while x < canvas.aspect:
        what = rng.random()
        if what < 0.10:
            x += rng.uniform(0.03, 0.1)
        elif what < 0.16:
            wide = rng.uniform(0.08, 0.13)
            for level in range(int(rng.integers(2, 5))):
                top = floor - 0.022 * (level + 1)
                tone = everyday(rng)
                inset = rng.uniform(0, 0.02)
                canvas.box(x + inset, top, x + wide, top + 0.021, tone, down=(1.1, 0.9, 0.7))
            x += wide + 0.01
        elif what < 0.21:
            _vase(rng, canvas, x + 0.05, floor, room)
            x += 0.11
        else:
            tone = everyday(rng)
            tall = room * rng.uniform(0.7, 0.92)
            for _ in range(int(rng.integers(1, 4))):  # volumes of one series
                wide = rng.uniform(0.014, 0.038)
                _book(rng, canvas, x, floor, wide, tall * rng.uniform(0.96, 1), tone)
                x += wide + 0.0015
                if rng.random() < 0.6:
                    tone = everyday(rng)
                    tall = room * rng.uniform(0.62, 0.92)


def _book(
    rng: np.random.Generator,
    canvas: Canvas,
    x: float,
    floor: float,
    wide: float,
    tall: float,
    tone: Colour,
) -> None:
    top = floor - tall
    canvas.box(x, top, x + wide, floor, tone, across=(0.55, 1.05, 1.1, 0.7))
    label = colour(rng, (0.0, 0.4), (0.6, 1.0)) if tone.mean() < 0.5 else tone * np.float32(0.3)
    if rng.random() < 0.7:
        start = rng.uniform(0.15, 0.3)
        canvas.box(
            x + 0.25 * wide,
            top + start * tall,
            x + 0.75 * wide,
            top + rng.uniform(0.5, 0.75) * tall,
            label * np.float32(0.9),
        )
    for where in (0.06, 0.88):
        if rng.random() < 0.4:
            canvas.box(x, top + where * tall, x + wide, top + (where + 0.025) * tall, label)


def _vase(rng: np.random.Generator, canvas: Canvas, x: float, floor: float, room: float) -> None:
    tone = everyday(rng)
    tall = room * rng.uniform(0.35, 0.55)
    canvas.ellipse(x, floor - tall / 2, 0.035, tall / 2, tone * np.float32(0.75))
    canvas.ellipse(x - 0.008, floor - tall / 2, 0.02, tall / 2.3, tone)
    for _ in range(int(rng.integers(0, 9))):
        leaf = colour(rng, (0.35, 0.7), (0.25, 0.6), hue=(0.22, 0.38))
        away = rng.uniform(-0.045, 0.045)
        high = floor - tall - rng.uniform(0.0, 0.06)
        canvas.ellipse(x + away, high, 0.022, 0.009, leaf, float(rng.uniform(0, 180)))


def office(rng: np.random.Generator, aspect: float) -> Canvas:
    """An open-plan office: windows with blinds, binders, screens, chairs, papers."""
    wall = colour(rng, (0.02, 0.12), (0.62, 0.85), hue=(0.08, 0.6))
    canvas = Canvas(WORK, aspect, wall)
    canvas.box(0, 0, aspect, 0.08, grey(0.8))
    for x in np.arange(rng.uniform(0, 0.3), aspect, 0.5):
        canvas.box(x, 0.025, x + 0.24, 0.055, grey(1.4))
    left = rng.uniform(-0.15, 0.25)
    wide = rng.uniform(0.5, 0.7)
    _window(rng, canvas, left, 0.14, left + wide, 0.62)
    shelf = left + wide + 0.06
    for level in (0.28, 0.46, 0.62):
        canvas.shadow([(shelf, level, shelf + 0.6, level + 0.015)], 0.012)
        canvas.box(shelf, level, shelf + 0.6, level + 0.014, grey(0.55))
        x = shelf + 0.01
        while x < shelf + 0.57:
            tone = everyday(rng)
            canvas.box(x, level - 0.13, x + 0.036, level, tone, across=(0.7, 1.05, 0.8))
            canvas.box(x + 0.008, level - 0.1, x + 0.028, level - 0.055, grey(0.92))
            x += 0.038 if rng.random() < 0.85 else 0.1
    desk = rng.uniform(0.76, 0.84)
    canvas.box(0, desk, aspect, 1, _wood(rng, (0.45, 0.75)), down=(1.1, 0.8, 0.45))
    for x in np.arange(rng.uniform(-0.1, 0.15), aspect, rng.uniform(0.36, 0.5)):
        _monitor(rng, canvas, x, desk)
    for _ in range(int(rng.integers(5, 9))):
        x, tone = rng.uniform(0, aspect), everyday(rng, 1.2)
        canvas.box(x, desk - rng.uniform(0.02, 0.06), x + rng.uniform(0.02, 0.1), desk + 0.01, tone)
    for x in rng.uniform(0, aspect, 2):
        back = grey(rng.uniform(0.06, 0.2))
        canvas.ellipse(x, 0.92, 0.11, 0.17, back)
        canvas.ellipse(x - 0.01, 0.9, 0.085, 0.13, back * np.float32(1.6))
    return canvas


def _window(
    rng: np.random.Generator, canvas: Canvas, x0: float, y0: float, x1: float, y1: float
) -> None:
    canvas.box(x0, y0, x1, y1, np.array([1.1, 1.16, 1.22], np.float32), down=(1.1, 1.0, 0.85))
    for x in np.arange(x0, x1, 0.09):
        top = y0 + (y1 - y0) * rng.uniform(0.3, 0.75)
        tone = colour(rng, (0.02, 0.12), (0.75, 1.1), hue=(0.05, 0.62))
        canvas.box(x, top, min(x + rng.uniform(0.06, 0.12), x1), y1, tone)
    slats = rng.random() < 0.5
    for y in np.arange(y0, y1, 0.022) if slats else ():
        canvas.box(x0, y, x1, y + 0.008, grey(0.72))
    for x in np.linspace(x0, x1, 3):
        canvas.box(x - 0.009, y0, x + 0.009, y1, grey(0.35))
    for y in (y0, y1):
        canvas.box(x0, y - 0.009, x1, y + 0.009, grey(0.35))


def _monitor(rng: np.random.Generator, canvas: Canvas, x: float, desk: float) -> None:
    wide, tall = 0.3, 0.19
    top = desk - tall - 0.06
    canvas.box(x + 0.13, desk - 0.07, x + 0.17, desk, grey(0.12))
    canvas.box(x, top, x + wide, top + tall, grey(0.05))
    page = grey(1.05) if rng.random() < 0.6 else colour(rng, (0.4, 0.7), (0.2, 0.4))
    canvas.box(x + 0.01, top + 0.01, x + wide - 0.01, top + tall - 0.014, page)
    canvas.box(x + 0.01, top + 0.01, x + 0.07, top + tall - 0.014, page * np.float32(0.6))
    for y in np.arange(top + 0.03, top + tall - 0.03, 0.017):
        end = x + 0.08 + rng.uniform(0.05, 0.19)
        canvas.box(x + 0.08, y, end, y + 0.006, colour(rng, (0.2, 0.8), (0.2, 0.7)))


def kitchen(rng: np.random.Generator, aspect: float) -> Canvas:
    """Cupboards with handles, tiles, a hood, and a counter full of things."""
    front = (
        colour(rng, (0.02, 0.35), (0.35, 0.92), hue=(0.05, 0.62))
        if rng.random() < 0.6
        else _wood(rng, (0.4, 0.75))
    )
    canvas = Canvas(WORK, aspect, grey(0.85))
    tile, joint = colour(rng, (0.0, 0.22), (0.6, 0.95), hue=(0.05, 0.6)), grey(0.62)
    canvas.box(0, 0.20, aspect, 0.74, joint)
    size = rng.uniform(0.05, 0.075)
    for row, y in enumerate(np.arange(0.202, 0.74, size)):
        for x in np.arange(-size * (row % 2), aspect, 2 * size):
            shade = np.float32(rng.uniform(0.9, 1.06))
            canvas.box(x, y, x + 2 * size - 0.005, min(y + size - 0.005, 0.74), tile * shade)
    hood = rng.uniform(0.1, aspect - 0.4)
    canvas.shadow([(0, 0, hood, 0.20), (hood + 0.3, 0, aspect, 0.20)], 0.03)
    _fronts(rng, canvas, front, -0.05, 0.20)
    canvas.box(hood, 0, hood + 0.3, 0.20, tile)
    canvas.polygon(
        [(hood + 0.1, 0), (hood + 0.2, 0), (hood + 0.28, 0.18), (hood + 0.02, 0.18)], grey(0.62)
    )
    canvas.box(hood + 0.0, 0.17, hood + 0.3, 0.20, grey(0.75), down=(1.2, 0.7))
    canvas.glow(hood + 0.15, 0.27, 0.13, grey(0.35))
    canvas.shadow([(0, 0.44, aspect, 0.455)], 0.02)
    canvas.box(0, 0.44, aspect, 0.455, _wood(rng, (0.4, 0.7)), down=(1.2, 0.8))
    _row(rng, canvas, 0.44)
    counter = colour(rng, (0.0, 0.3), (0.15, 0.8), hue=(0.05, 0.12))
    _fronts(rng, canvas, front, 0.77, 1.15)
    canvas.box(0, 0.735, aspect, 0.775, counter, down=(1.3, 1.0, 0.7))
    _row(rng, canvas, 0.74)
    return canvas


def _row(rng: np.random.Generator, canvas: Canvas, floor: float) -> None:
    x = rng.uniform(0, 0.06)
    while x < canvas.aspect:
        _crockery(rng, canvas, x, floor)
        x += rng.uniform(0.05, 0.12)


def _fronts(rng: np.random.Generator, canvas: Canvas, tone: Colour, y0: float, y1: float) -> None:
    wide = rng.uniform(0.2, 0.28)
    for number, x in enumerate(np.arange(-0.1, canvas.aspect, wide)):
        canvas.box(x, y0, x + wide, y1, tone * np.float32(0.45))
        canvas.box(x + 0.004, y0 + 0.004, x + wide - 0.004, y1 - 0.006, tone, down=(1.0, 0.92))
        inner = tone * np.float32(0.86)
        canvas.box(x + 0.035, y0 + 0.04, x + wide - 0.035, y1 - 0.04, inner, down=(0.8, 1, 1, 1.1))
        handle = x + (0.018 if number % 2 else wide - 0.026)
        low = y1 - 0.11 if y0 < 0.5 else y0 + 0.04
        canvas.box(handle, low, handle + 0.009, low + 0.07, grey(0.25))


def _crockery(rng: np.random.Generator, canvas: Canvas, x: float, floor: float) -> None:
    tone = everyday(rng, 1.15)
    tall, wide = rng.uniform(0.06, 0.2), rng.uniform(0.03, 0.08)
    canvas.shadow([(x, floor - tall, x + wide, floor)], 0.012)
    body = (0.55, 1.05, 1.15, 0.75, 0.5)
    canvas.box(x, floor - tall, x + wide, floor, tone, across=body)
    if rng.random() < 0.5:  # a bottle's neck
        neck = x + 0.35 * wide
        high = floor - tall - 0.05
        canvas.box(neck, high, neck + 0.3 * wide, floor - tall, tone, across=body)
    else:
        canvas.box(x, floor - tall, x + wide, floor - tall + 0.014, tone * np.float32(0.6))
    if rng.random() < 0.5:
        canvas.box(x, floor - 0.6 * tall, x + wide, floor - 0.3 * tall, grey(0.9), across=body)


def closet(rng: np.random.Generator, aspect: float) -> Canvas:
    """Clothes on a rail, boxes above."""
    wall = colour(rng, (0.03, 0.2), (0.5, 0.8), hue=(0.06, 0.12))
    canvas = Canvas(WORK, aspect, wall)
    canvas.box(0, 0, aspect, 1, wall, down=(1.0, 0.55, 0.5))
    x = 0.0
    while x < aspect:
        wide, tall = rng.uniform(0.12, 0.26), rng.uniform(0.07, 0.13)
        tone = everyday(rng)
        canvas.box(x, 0.15 - tall, x + wide, 0.15, tone, across=(1.0, 0.9), down=(1, 1, 0.85))
        canvas.box(x, 0.15 - tall, x + wide, 0.15 - 0.75 * tall, tone * np.float32(0.75))
        x += wide + rng.uniform(0.005, 0.06)
    canvas.box(0, 0.15, aspect, 0.175, wall * np.float32(1.25), down=(1.1, 0.7))
    canvas.box(0, 0.205, aspect, 0.22, grey(0.6), down=(0.8, 1.5, 0.5))
    x = rng.uniform(-0.05, 0.05)
    while x < aspect:
        _garment(rng, canvas, x)
        x += rng.uniform(0.035, 0.09)
    return canvas


def _garment(rng: np.random.Generator, canvas: Canvas, x: float) -> None:
    tone = everyday(rng)
    wide, low = rng.uniform(0.09, 0.15), rng.uniform(0.7, 1.15)
    canvas.line([(x + wide / 2, 0.21), (x + wide / 2, 0.25)], grey(0.4), 0.006)
    steps = 7
    edges = np.linspace(0, 1, steps + 1)
    folds = rng.uniform(0.55, 1.15, steps)
    stripes = rng.random() < 0.2
    for left, right, fold in zip(edges[:-1], edges[1:], folds, strict=True):
        shoulder = 0.25 + 0.045 * abs(left + right - 1) ** 1.5
        strip = tone * np.float32(fold)
        points = [
            (x + left * wide, shoulder),
            (x + right * wide, shoulder),
            (x + right * wide * 1.05, low + rng.uniform(-0.01, 0.01)),
            (x + left * wide * 1.05, low),
        ]
        canvas.polygon(points, strip)
    if stripes:
        other = everyday(rng)
        for y in np.arange(0.3, min(low, 1.0), 0.05):
            canvas.box(x, y, x + wide, y + 0.02, other, across=tuple(folds))
    # The next garment stands in front of this one's edge.
    canvas.shade(x + wide, 0.26, x + wide + 0.012, 1, 0.6)


def cafe(rng: np.random.Generator, aspect: float) -> Canvas:
    """A bar: bottles before a lit wall, hanging lamps, a board with the menu."""
    wall = colour(rng, (0.25, 0.6), (0.18, 0.4), hue=(0.03, 0.12))
    canvas = Canvas(WORK, aspect, wall)
    clouds = noise(rng, WORK, canvas.width, cells=4, octaves=4)
    canvas.pixels *= (1 + 0.12 * clouds)[..., None]
    board = rng.uniform(0.0, max(0.05, aspect - 0.55))
    for level in (0.36, 0.56, 0.76):
        canvas.glow(aspect / 2, level - 0.1, 0.5, np.array([0.10, 0.07, 0.04], np.float32))
        x = 0.0
        while x < aspect:
            tone = colour(rng, (0.2, 0.9), (0.15, 0.8), hue=(0.0, 0.45))
            wide, tall = rng.uniform(0.025, 0.042), rng.uniform(0.09, 0.14)
            canvas.box(x, level - tall, x + wide, level, tone, across=(0.4, 1.3, 0.9, 0.4))
            neck = x + wide / 3
            canvas.box(neck, level - tall - 0.045, neck + wide / 3, level - tall, tone)
            canvas.box(x, level - 0.6 * tall, x + wide, level - 0.25 * tall, grey(0.85))
            x += wide + rng.uniform(0.004, 0.03)
        canvas.box(0, level, aspect, level + 0.016, _wood(rng, (0.35, 0.5)), down=(1.2, 0.6))
    canvas.box(board, 0.06, board + 0.52, 0.68, _wood(rng, (0.4, 0.6)))
    canvas.box(board + 0.015, 0.075, board + 0.505, 0.665, grey(0.09))
    canvas.text(board + 0.05, 0.1, str(rng.choice(WORDS)), 0.075, grey(0.9))
    for y in np.arange(0.22, 0.62, 0.062):
        chalk = colour(rng, (0.0, 0.4), (0.75, 0.95))
        canvas.text(board + 0.05, y, str(rng.choice(WORDS)), 0.042, chalk, 0.9)
    canvas.box(0, 0.9, aspect, 1, _wood(rng, (0.3, 0.5)), down=(1.3, 0.7))
    for x in np.arange(rng.uniform(0.05, 0.2), aspect, rng.uniform(0.3, 0.45)):
        y = rng.uniform(0.12, 0.2)
        canvas.line([(x, 0), (x, y)], grey(0.03), 0.005)
        canvas.glow(x, y + 0.03, 0.11, np.array([0.6, 0.42, 0.2], np.float32))
        canvas.polygon(
            [
                (x - 0.02, y - 0.02),
                (x + 0.02, y - 0.02),
                (x + 0.06, y + 0.035),
                (x - 0.06, y + 0.035),
            ],
            grey(0.05),
        )
        canvas.ellipse(x, y + 0.04, 0.03, 0.02, np.array([1.6, 1.4, 1.0], np.float32))
    return canvas


def _wood(rng: np.random.Generator, value: tuple[float, float]) -> Colour:
    return colour(rng, _WOOD[1], value, hue=_WOOD[0])
