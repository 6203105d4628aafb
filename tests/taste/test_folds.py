"""Splits of cross-validation."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.taste.folds import copies, folds


def test_every_row_is_held_out_once_with_both_labels_in_each_part() -> None:
    labels = np.arange(40) % 4 == 0
    masks = folds(labels, np.arange(40), 5, seed=0)
    assert (np.sum(masks, 0) == 1).all()
    assert [(int(mask.sum()), int(labels[mask].sum())) for mask in masks] == [(8, 2)] * 5


def test_a_group_is_never_split() -> None:
    groups = np.repeat(np.arange(10), 4)
    labels = np.tile([True, False, True, False], 10)
    for held in folds(labels, groups, 5, seed=1):
        assert not set(groups[held]) & set(groups[~held])


@pytest.mark.parametrize("labels", [[True, False], [True, True, True, False], [True, True]])
def test_without_two_groups_of_each_label_there_is_none(labels: list[bool]) -> None:
    assert folds(np.array(labels), np.arange(len(labels)), 5, seed=0) == []


def test_copies_share_a_group() -> None:
    rows = np.array([[1, 2], [3, np.nan], [1, 2], [3, np.nan], [4, 4]], np.float32)
    assert copies(rows).tolist() == [0, 1, 0, 1, 2]
