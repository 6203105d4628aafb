"""Walls that draw the eye away from the person, drawn on a canvas."""

from __future__ import annotations

import numpy as np

from proportrait.edit.sketch import WORDS, WORK, Canvas, Colour, colour, everyday, grey, noise


def posters(rng: np.random.Generator, aspect: float) -> Canvas:
    """A wall full of posters, prints, and notes."""
    canvas = Canvas(WORK, aspect, colour(rng, (0.02, 0.35), (0.5, 0.9), hue=(0.05, 0.62)))
    y = rng.uniform(-0.2, 0.02)
    while y < 1:
        x = rng.uniform(-0.15, 0.05)
        row = rng.uniform(0.32, 0.46)
        while x < aspect:
            tall = row * rng.uniform(0.75, 0.95)
            wide = tall * rng.choice([0.7, 0.75, 1.0, 1.35])
            _poster(rng, canvas, x, y + rng.uniform(0, 0.03), wide, tall)
            x += wide + rng.uniform(0.02, 0.07)
        y += row
    return canvas


def _poster(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, wide: float, tall: float
) -> None:
    canvas.shadow([(x, y, x + wide, y + tall)], 0.012)
    ground = everyday(rng, 1.15)
    if rng.random() < 0.4:  # framed
        canvas.box(x, y, x + wide, y + tall, grey(rng.choice([0.06, 0.9, 0.3])))
        x, y, wide, tall = x + 0.012, y + 0.012, wide - 0.024, tall - 0.024
    canvas.box(x, y, x + wide, y + tall, ground, down=(1.0, 0.9))
    ink = grey(0.08) if ground.mean() > 0.5 else grey(0.95)
    what = rng.integers(3)
    if what == 0:
        top = y + 0.08 * tall
        while top < y + 0.8 * tall:
            size = tall * rng.uniform(0.07, 0.17)
            words = str(rng.choice(WORDS))[: max(3, int(1.5 * wide / size))]
            canvas.text(x + 0.06 * wide, top, words, size, ink)
            top += 1.3 * size
    elif what == 1:
        for _ in range(int(rng.integers(3, 7))):
            tone, r = everyday(rng, 1.2), rng.uniform(0.06, 0.22) * min(wide, tall)
            where = rng.uniform(r, wide - r), rng.uniform(r, 0.8 * tall - r)
            canvas.ellipse(x + where[0], y + where[1], r, r * rng.uniform(0.5, 1), tone)
        canvas.text(x + 0.06 * wide, y + 0.83 * tall, str(rng.choice(WORDS))[:8], 0.1 * tall, ink)
    else:
        hill = y + tall * rng.uniform(0.4, 0.6)
        canvas.box(
            x,
            y,
            x + wide,
            hill,
            colour(rng, (0.2, 0.5), (0.6, 1.0), hue=(0.5, 0.62)),
            down=(0.8, 1.15),
        )
        canvas.ellipse(x + wide * 0.7, hill - 0.15 * tall, 0.1 * wide, 0.1 * wide, grey(0.97))
        land = colour(rng, (0.2, 0.6), (0.15, 0.5), hue=(0.05, 0.4))
        peaks = [
            (x + wide * t, hill - tall * rng.uniform(-0.05, 0.2)) for t in np.linspace(0, 1, 6)
        ]
        canvas.polygon([(x, y + tall), *peaks, (x + wide, y + tall)], land)


def whiteboard(rng: np.random.Generator, aspect: float) -> Canvas:
    """A board with handwriting, diagrams, and sticky notes."""
    wall = colour(rng, (0.02, 0.2), (0.5, 0.75), hue=(0.05, 0.62))
    canvas = Canvas(WORK, aspect, wall)
    left, right = rng.uniform(-0.1, 0.06), aspect - rng.uniform(-0.1, 0.06)
    canvas.shadow([(left, 0.05, right, 0.9)], 0.02)
    canvas.box(left, 0.05, right, 0.9, grey(0.45))
    canvas.box(left + 0.014, 0.064, right - 0.014, 0.886, grey(0.93), across=(1, 0.97, 1.03, 0.96))
    pens = [np.array(p, np.float32) for p in ((0.1, 0.1, 0.5), (0.7, 0.1, 0.1), (0.05, 0.4, 0.15))]
    y = 0.11
    while y < 0.8:
        x = left + rng.uniform(0.05, 0.12)
        while x < right - 0.2:
            pen = pens[int(rng.integers(3))]
            what = rng.random()
            if what < 0.55:
                for line in range(int(rng.integers(1, 4))):
                    _scribble(rng, canvas, x, y + 0.045 * line, rng.uniform(0.12, 0.26), pen)
            elif what < 0.75:
                _boxes(rng, canvas, x, y, pen)
            else:
                for column in range(2):
                    note = colour(rng, (0.35, 0.7), (0.85, 1.0))
                    nx, ny = x + 0.1 * column, y + rng.uniform(-0.02, 0.02)
                    canvas.shadow([(nx, ny, nx + 0.08, ny + 0.08)], 0.006)
                    canvas.box(nx, ny, nx + 0.08, ny + 0.08, note)
                    _scribble(rng, canvas, nx + 0.01, ny + 0.03, 0.06, grey(0.15))
            x += rng.uniform(0.28, 0.4)
        y += 0.19
    canvas.box(left, 0.9, right, 0.925, grey(0.6), down=(1.2, 0.6))
    return canvas


def _scribble(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, length: float, pen: Colour
) -> None:
    """Something like handwriting."""
    count = max(8, int(length / 0.006))
    along = x + np.linspace(0, length, count) + rng.normal(0, 0.002, count)
    high = y + np.where(np.arange(count) % 2, -0.008, 0.008) * rng.uniform(0.3, 1.6, count)
    words = np.split(np.arange(count), np.flatnonzero(rng.random(count) < 0.14))
    for word in words:
        if len(word) > 1:
            canvas.line(list(zip(along[word], high[word], strict=True)), pen, 0.004)


def _boxes(rng: np.random.Generator, canvas: Canvas, x: float, y: float, pen: Colour) -> None:
    """A diagram: boxes and arrows."""
    for number in range(2):
        left, top = x + 0.15 * number, y + rng.uniform(-0.02, 0.05)
        corners = [(left, top), (left + 0.1, top), (left + 0.1, top + 0.07), (left, top + 0.07)]
        canvas.line([*corners, corners[0]], pen, 0.005)
        _scribble(rng, canvas, left + 0.015, top + 0.035, 0.07, pen)
    canvas.line([(x + 0.1, y + 0.04), (x + 0.15, y + 0.04)], pen, 0.005)


def storage(rng: np.random.Generator, aspect: float) -> Canvas:
    """Metal shelves with cardboard boxes and bins."""
    canvas = Canvas(WORK, aspect, grey(0.16))
    level = rng.uniform(0.22, 0.34)
    first = level
    while level < 1.4:
        x = rng.uniform(-0.1, 0.02)
        while x < aspect:
            wide, tall = rng.uniform(0.12, 0.26), rng.uniform(0.12, 0.26)
            card = rng.random() < 0.6
            tone = (
                colour(rng, (0.35, 0.5), (0.5, 0.72), hue=(0.07, 0.10)) if card else everyday(rng)
            )
            canvas.box(x, level - tall, x + wide, level, tone, (0.9, 1.05, 0.8), (1.1, 0.9, 0.8))
            middle = x + wide / 2
            if card:
                canvas.box(
                    middle - 0.012, level - tall, middle + 0.012, level, tone * np.float32(1.2)
                )
                if rng.random() < 0.6:
                    canvas.text(x + 0.02, level - 0.6 * tall, "BOX 1234"[: rng.integers(3, 9)],
                                0.035, grey(0.12))  # fmt: skip
            else:
                canvas.box(x, level - tall, x + wide, level - tall + 0.03, tone * np.float32(0.6))
            canvas.shade(x + wide, level - tall, x + wide + 0.02, level, 0.5)
            x += wide + rng.uniform(0.005, 0.07)
        canvas.box(0, level, aspect, level + 0.028, np.array([0.3, 0.34, 0.4]), down=(1.4, 0.7))
        level += rng.uniform(0.3, 0.36)
    for x in np.arange(rng.uniform(0, 0.3), aspect, rng.uniform(0.6, 0.8)):
        canvas.box(x, 0, x + 0.03, 1, np.array([0.35, 0.39, 0.45]), across=(0.7, 1.2, 0.6))
        for y in np.arange(first % 0.04, 1, 0.04):
            canvas.box(x + 0.011, y, x + 0.019, y + 0.014, grey(0.08))
    return canvas


def wallpaper(rng: np.random.Generator, aspect: float) -> Canvas:
    """Printed wallpaper with large flowers, a picture on it."""
    ground = everyday(rng, 1.1)
    canvas = Canvas(WORK, aspect, ground)
    petal = everyday(rng)
    while abs(float(petal.mean() - ground.mean())) < 0.2:
        petal = everyday(rng)
    leaf = colour(rng, (0.3, 0.6), (0.2, 0.55), hue=(0.22, 0.42))
    heart = colour(rng, (0.4, 0.8), (0.6, 1.0), hue=(0.08, 0.16))
    size = rng.uniform(0.11, 0.17)
    start = rng.uniform(0, 360)
    for row, y in enumerate(np.arange(-size, 1 + size, 0.87 * size)):
        for x in np.arange(-size + (row % 2) * size / 2, aspect + size, size):
            turn = start + 30 * (row % 3)
            stem = [(x, y), (x + 0.25 * size, y + 0.3 * size), (x + 0.2 * size, y + 0.6 * size)]
            canvas.line(stem, leaf, 0.006)
            for side in (-1, 1):
                canvas.ellipse(
                    x + 0.24 * size + 0.1 * size * side,
                    y + 0.42 * size,
                    0.12 * size,
                    0.045 * size,
                    leaf,
                    turn + 40 * side,
                )
            for number in range(6):
                angle = np.radians(turn + 60 * number)
                shade = np.float32(0.85 + 0.15 * np.cos(angle))
                canvas.ellipse(
                    x + 0.17 * size * np.cos(angle),
                    y + 0.17 * size * np.sin(angle),
                    0.15 * size,
                    0.09 * size,
                    petal * shade,
                    float(np.degrees(angle)),
                )
            canvas.ellipse(x, y, 0.075 * size, 0.075 * size, heart)
    weave = noise(rng, WORK, canvas.width, cells=90, octaves=2)
    canvas.pixels *= (1 + 0.025 * weave)[..., None]
    for x in np.arange(rng.uniform(0, 0.3), aspect, rng.uniform(0.55, 0.9)):
        if rng.random() < 0.7:
            _poster(rng, canvas, x, rng.uniform(0.05, 0.3), rng.uniform(0.2, 0.3), 0.3)
    return canvas


def bricks(rng: np.random.Generator, aspect: float) -> Canvas:
    """A brick wall with graffiti and bills."""
    mortar = grey(rng.uniform(0.45, 0.7))
    canvas = Canvas(WORK, aspect, mortar)
    tone = colour(rng, (0.35, 0.6), (0.4, 0.65), hue=(0.0, 0.06))
    tall = rng.uniform(0.035, 0.048)
    for row, y in enumerate(np.arange(0, 1, tall)):
        for x in np.arange(-tall * 3 * (row % 2) / 2, aspect, 3 * tall):
            brick = tone * np.float32(rng.uniform(0.7, 1.2))
            canvas.box(x, y, x + 3 * tall - 0.007, y + tall - 0.007, brick, down=(1.1, 1.0, 0.8))
    clouds = noise(rng, WORK, canvas.width, cells=3, octaves=5, gain=0.6)
    canvas.pixels *= (1 + 0.1 * clouds)[..., None]
    for _ in range(int(rng.integers(3, 6))):
        _tag(rng, canvas, rng.uniform(-0.1, aspect * 0.8), rng.uniform(0.15, 0.8))
    return canvas


def _tag(rng: np.random.Generator, canvas: Canvas, x: float, y: float) -> None:
    """Sprayed letters: thick loops with an outline."""
    paint = colour(rng, (0.0, 0.95), (0.5, 1.0))
    outline, size = grey(0.05 if rng.random() < 0.7 else 0.97), rng.uniform(0.08, 0.16)
    loops = []
    for letter in range(int(rng.integers(3, 6))):
        t = np.linspace(0, 1, 14)
        a, b, phase = rng.uniform(0.8, 2.2, 3)
        loop_x = x + size * (0.8 * letter + 0.38 * np.sin(2 * np.pi * a * t + phase))
        loop_y = y + size * 0.8 * np.cos(np.pi * b * t + phase)
        loops.append(list(zip(loop_x, loop_y, strict=True)))
    for loop in loops:
        canvas.line(loop, outline, 0.30 * size)
    for loop in loops:
        canvas.line(loop, paint, 0.2 * size)
