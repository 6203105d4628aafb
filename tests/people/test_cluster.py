from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from proportrait.arrays import Float
from proportrait.people.cluster import average_linkage


def line(*places: float) -> Float:
    """Faces on a line."""
    return np.array(places, np.float32)[:, None]


@pytest.mark.parametrize(
    ("limit", "labels"),
    [
        (0.19, [0, 1, 2, 3]),
        (0.21, [0, 0, 1, 2]),
        (0.31, [0, 0, 1, 1]),
        (1.06, [0, 0, 1, 1]),  # mean of 1, 1.69, .64, 1.21 is 1.135, its root 1.0654
        (1.07, [0, 0, 0, 0]),
    ],
)
def test_clusters_join_up_to_the_root_of_the_mean_squared_distance(
    limit: float, labels: list[int]
) -> None:
    assert average_linkage(line(0, 0.2, 1, 1.3), limit).tolist() == labels


@pytest.mark.parametrize("limit", [0.68, 0.72, 1.4])
def test_the_result_is_the_one_of_scipy_in_any_order(
    limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proportrait.people.cluster._CELLS", 1000)  # several blocks
    rng = np.random.default_rng(0)
    faces = rng.normal(0, 0.08, (25, 128))[rng.integers(0, 25, 200)]
    faces = (faces + rng.normal(0, 0.045, faces.shape)).astype(np.float32)
    expected = fcluster(linkage(pdist(faces, "sqeuclidean"), "average"), limit**2, "distance")
    assert 1 < expected.max() < 200
    order = rng.permutation(200)
    for labels in (
        average_linkage(faces, limit),
        average_linkage(faces[order], limit)[order.argsort()],
    ):
        assert np.array_equal(labels[:, None] == labels, expected[:, None] == expected)


def test_people_by_decision_take_what_is_near_and_never_join() -> None:
    people = np.array([7, 7, 9, 0, 0])
    faces = line(0, 1, 1.1, 1.15, 5)
    assert average_linkage(faces, 0.5, people).tolist() == [0, 0, 1, 1, 2]
    assert average_linkage(faces, 9, people).tolist() == [0, 0, 1, 1, 1]


def test_faces_that_are_apart_do_not_meet_through_a_third() -> None:
    faces = line(0, 0.1, 0.21)
    assert average_linkage(faces, 1).tolist() == [0, 0, 0]
    assert average_linkage(faces, 1, apart=np.array([(0, 2)])).tolist() == [0, 0, 1]
    assert average_linkage(faces, 1, apart=np.array([(2, 0), (0, 1)])).tolist() == [0, 1, 1]


def test_copies_join_and_no_face_is_no_cluster() -> None:
    assert average_linkage(np.ones((50, 3), np.float32), 0.1).tolist() == [0] * 50
    assert average_linkage(np.empty((0, 128), np.float32), 0.5).tolist() == []
