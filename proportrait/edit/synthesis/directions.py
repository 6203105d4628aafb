"""Properties of a built-in face as linear functions of its style, and steps that change them.

The smallest step that reaches the target properties and keeps all the others keeps the person:
mouth, brows, and eyes move, or the clothes and the background, while sex, age, skin, hair, light,
and the identity embedding stay. Where the identity is not kept, angry faces turn younger and
laughing men into women; suits come with grey hair; and a covariance-weighted step turns adults
into children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from proportrait.arrays import Float, Mask
from proportrait.edit.data import load_arrays, mean_style

# Principal coordinates of the identity embedding, in which faces differ most.
IDENTITIES: tuple[str, ...] = tuple(f"identity_{i}" for i in range(8))
# Ratings of faces, see fit_traits.py. "clean" (background), "formal" (clothes), "even" (light),
# "child", and "man" are log-odds, "age" is a band from 0 to 3, "tone" of the skin is in degrees.
TRAITS: tuple[str, ...] = ("clean", "formal", "even", "child", "man", "age", "tone")
RIMS = "rims"
BEHIND = ("behind_luminance", "behind_red", "behind_yellow")
INVARIANTS: tuple[str, ...] = (
    "yaw", "side", "luminance", "red", "yellow", "hair", *BEHIND, *IDENTITIES, *TRAITS,
)  # fmt: skip
# The source adds spectacles to faces that squint. A face with at least the first value of "rims",
# in standard deviations, wears some (98 % of 73 that do, 0.4 % of those that do not); a step of any
# other face lowers its "rims" by the second.
_SPECTACLES, _RIMS_STEP = 0.8, 1.5
# Limits of `presentable`: about frontal, an adult, and lit evenly enough for another light.
_YAW, _CHILD, _EVEN = 0.9, -0.8, 0.3


@dataclass(frozen=True, eq=False)
class Directions:
    """property = weights (n, 512) @ (style - mean style) + intercept (n,), by name.

    Measured properties are in standard deviations of the source, `TRAITS` in their own units.
    """

    names: tuple[str, ...]
    weights: Float
    intercept: Float

    def tell(self, styles: Float, names: Sequence[str]) -> dict[str, Float]:
        """The properties of faces by their styles (n, 512): (n,) each."""
        offset = styles - mean_style()
        rows = [self.names.index(name) for name in names]
        return {
            n: offset @ self.weights[i] + self.intercept[i]
            for n, i in zip(names, rows, strict=True)
        }

    def change(
        self,
        style: Float,
        targets: Mapping[str, float],
        invariants: Sequence[str] = (*INVARIANTS, RIMS),
    ) -> Float:
        """The smallest step (512,) from a style to `targets` that keeps the `invariants`.

        With "rims" among them, a face without spectacles is moved away from wearing some.
        """
        names = [*targets, *(name for name in invariants if name not in targets)]
        rows = [self.names.index(name) for name in names]
        weights = self.weights[rows].astype(np.float64)
        current = weights @ (style - mean_style()) + self.intercept[rows]
        target = np.array([*targets.values(), *current[len(targets) :]])
        if RIMS in invariants and current[names.index(RIMS)] < _SPECTACLES:
            target[names.index(RIMS)] -= _RIMS_STEP
        # Units differ in scale: with rows of equal length all properties weigh the same.
        length = np.linalg.norm(weights, axis=1)
        unit = weights / length[:, None]
        step = unit.T @ np.linalg.solve(
            unit @ unit.T + 1e-6 * np.eye(len(rows)), (target - current) / length
        )
        return np.asarray(step, np.float32)


def presentable(styles: Float) -> Mask:
    """Which styles (n, 512) give a face that is fit for a portrait: (n,) bool.

    Children are left out: hardly one of them wears professional clothes.
    """
    traits = directions().tell(styles, ("yaw", "child", "even"))
    mask = (np.abs(traits["yaw"]) < _YAW) & (traits["child"] < _CHILD) & (traits["even"] > _EVEN)
    return np.asarray(mask)


@cache
def directions() -> Directions:
    """The fitted model that ships with the package (see fit_directions.py and fit_traits.py)."""
    measures, traits = load_arrays("directions"), load_arrays("traits")
    return Directions(
        (*map(str, measures["names"]), *TRAITS),
        np.concatenate([measures["weights"], traits["weights"]]),
        np.concatenate([measures["intercept"], traits["intercept"]]),
    )
