"""What the page asks: questions, answers, undo, training, sifting, and what is refused."""

from __future__ import annotations

import csv
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from proportrait.serve.judges import Judges
from proportrait.serve.taste.bodies import API
from proportrait.taste.exchange import Entry, add_entries
from proportrait.taste.labels import Labels
from proportrait.taste.verdict import load_tastes
from proportrait.taste.verdict.library import models_folder, taste_names
from tests.serve.taste import hooks
from tests.serve.taste.conftest import Client, serving


def test_labels_teach_a_model_that_sifts_the_folder(client: Client) -> None:
    client.label(14)
    state = client.wait(lambda state: state["model"] and state["model"]["predictions"] == 24)
    assert state["labels"]["positive"] + state["labels"]["negative"] == 14
    assert state["model"]["accuracy"] > 0.9
    histogram = state["model"]["histogram"]
    assert sum(histogram["positive"] + histogram["negative"]) == state["model"]["labels"]
    assert state["model"]["reach"][0] == 24
    assert state["model"]["reach"] == sorted(state["model"]["reach"], reverse=True)
    assert state["curve"][-1][1] == state["model"]["accuracy"]
    result = client.post("copies", what="sifted", threshold=0.5, name="kept ones")
    copies = sorted(path.name for path in Path(result["folder"]).iterdir())
    assert copies == [f"light_{number:02d}.png" for number in range(12)]
    assert result["copies"] == 12
    saved = client.post("model", name="mine")
    assert Path(saved["file"]) == models_folder() / "mine.safetensors"
    assert taste_names() == ["mine"]
    assert load_tastes(["mine"])[0].taste.ensemble.labels.size == state["model"]["labels"]
    score, rank = map(shlex.split, saved["commands"])
    assert score == ["proportrait", "score", str(client.photos), "--taste", "mine"]
    assert rank[-4:] == ["--photos", str(client.photos), "--taste", "mine"]
    for name, status, text in (
        ("mine", 409, "there is a taste 'mine' already"),
        ("Lighting", 422, "cannot be named 'Lighting'"),
        ("../mine", 422, "letters, digits"),
    ):
        answer = client.client.post(f"{API}/model", json=client.who | {"name": name})
        assert (answer.status_code, text in answer.json()["error"]) == (status, True)
    client.post("model", name="mine", replace=True)
    table = client.client.post(
        f"{API}/table", json=client.who | {"what": "sifted", "threshold": 0.5}
    )
    rows = list(csv.DictReader(table.text.splitlines()))
    assert len(rows) == 12
    assert [row["probability"] for row in rows] == sorted(
        (row["probability"] for row in rows), reverse=True
    )


def test_every_picture_is_asked_once_and_the_broken_one_is_named(client: Client) -> None:
    names = {question["name"] for question in client.label(15)}
    questions = client.ask(30, repeats=True)  # one is asked a second time now
    repeats = [question for question in questions if question["way"] == "repeat"]
    assert len(repeats) == 1
    assert repeats[0]["name"] in names
    names |= {question["name"] for question in questions}
    state = client.wait(lambda state: state["folder"]["failures"])
    assert state["folder"]["failed"][0]["name"] == "broken.png"
    assert len(names - {"broken.png"}) == 24


def test_the_answer_to_a_repeat_tells_how_steady_a_rater_is(client: Client) -> None:
    client.label(15)
    (question,) = client.ask(repeats=True)
    assert (question["way"], question["likely"]) == ("repeat", None)
    value = "negative" if question["name"].startswith("light") else "positive"
    client.answer(question, value)
    assert client.state()["steady"]["count"] == 1
    assert client.state()["steady"]["raw"] == 0.0
    assert client.ask(repeats=True)[0]["way"] != "repeat"


def test_a_wrong_label_is_a_likely_mistake(client: Client) -> None:
    client.label(23)
    (question,) = client.ask(way="random", held=[])
    is_light = question["name"].startswith("light")
    client.answer(question, "negative" if is_light else "positive")
    client.wait(lambda state: state["features"] == 24)
    client.post("train")
    (mistake,) = client.ask(5, way="mistakes")
    assert (mistake["number"], mistake["way"]) == (question["number"], "review")
    assert mistake["before"] is not is_light
    client.answer(mistake, "positive" if is_light else "negative")
    assert client.ask(5, way="mistakes") == []


def test_only_pictures_between_two_probabilities_are_asked(client: Client) -> None:
    client.label(12)
    client.wait(lambda state: state["model"] and state["model"]["predictions"] == 24)
    for between in ([0, 0.4], [0.6, 1]):
        questions = client.ask(20, way="random", between=between)
        assert questions
        assert all(between[0] <= question["likely"] <= between[1] for question in questions)
    assert client.ask(1, between=[0.499, 0.5]) == []


def test_undo_gives_back_a_page_or_a_picture(client: Client) -> None:
    client.label(2)
    page = client.ask(3)
    client.post("answers", answers=[
        {"number": question["number"], "value": "skip"} for question in page])  # fmt: skip
    assert client.state()["labels"]["skip"] == 3
    undone = client.post("undo")
    assert {entry["number"] for entry in undone["pictures"]} == {entry["number"] for entry in page}
    assert client.post("undo")["undone"] == client.post("undo")["undone"] == 1
    assert client.post("undo") == {"undone": 0, "is_import": False, "pictures": []}
    assert client.state()["labels"] == {"positive": 0, "negative": 0, "skip": 0}


def test_an_import_is_taken_back_at_once_and_its_model_with_it(
    client: Client,
) -> None:
    places = client.photos.glob("*_0*.png")
    entries = [Entry(path, path.name.startswith("light")) for path in places]
    with Labels(client.places.labels) as labels:
        labels.put_folder("later", client.photos)
        assert add_entries(labels, "later", "anna", entries).count == 20
    who = {"task": "later"}
    client.wait(lambda state: state["features"] == 24)
    state = client.wait(lambda state: state["model"], **who)
    assert state["labels"] == {"positive": 10, "negative": 10, "skip": 0}
    (question,) = client.ask(**who)
    client.answer(question, "skip", **who)
    assert client.post("undo", **who)["undone"] == 1
    assert client.post("undo", **who) == {"undone": 20, "is_import": True, "pictures": []}
    state = client.state(**who)
    assert (state["labels"]["positive"], state["model"], state["chooses"]) == (0, None, "types")
    with Labels(client.places.labels) as labels:
        assert [row["kind"] for row in labels.history("later")].count("import") == 20
        assert add_entries(labels, "later", "anna", entries).count == 20


def test_before_a_model_typical_pictures_are_asked_as_soon_as_features_are_there(
    client: Client,
) -> None:
    client.wait(lambda state: state["chooses"] == "types" and state["features"] == 24)
    questions = client.ask(8)
    assert {question["way"] for question in questions} == {"typical"}
    kinds = {question["name"].split("_")[0] for question in questions}
    assert kinds == {"light", "dark"}
    assert len({question["number"] for question in questions}) == 8
    assert {question["way"] for question in client.ask(4, way="random")} == {"random"}
    later = client.ask(24, held=[question["number"] for question in questions])
    assert len(later) >= 16  # all of them come, in finer clusters


def test_how_many_pictures_are_left_is_told(client: Client) -> None:
    client.label(4)
    client.wait(lambda state: state["folder"]["failures"] == 1)
    assert client.post("questions", count=30)["open"] == 20
    assert len(client.ask(30)) == 20
    assert client.post("questions", count=3, way="mistakes")["open"] is None
    client.label(20)
    assert client.post("questions", count=30) == {"questions": [], "open": 0}


def test_tasks_and_raters_stand_side_by_side(client: Client) -> None:
    client.label(6)
    assert client.of_task("another").state()["labels"]["positive"] == 0
    rows = {row["task"]: row for row in client.overview()["tasks"]}
    assert sum(rows[client.who["task"]]["labels"].values()) == 6
    assert rows["another"] == {
        "task": "another", "folder": 0, "place": "photos", "others": [],
        "labels": {"positive": 0, "negative": 0, "skip": 0},
    }  # fmt: skip
    current = client.ask(30, rater="ben")
    assert len(current) >= 24  # nothing is labelled by ben
    for question in current:
        value = "positive" if question["name"].startswith("light") else "negative"
        client.answer(question, value, rater="ben")
    rows = {row["task"]: row for row in client.overview(rater="ben")["tasks"]}
    assert rows[client.who["task"]]["others"] == ["anna"]
    (other,) = client.state()["others"]
    assert (other["rater"], other["count"], other["raw"]) == ("ben", 6, 1.0)


def test_a_folder_that_changes_is_followed(photos: Path, tmp_path: Path) -> None:
    with serving(tmp_path, photos) as client:
        client.label(3)
        (photos / "sub").mkdir()
        shutil.move(photos / "light_00.png", photos / "sub" / "light_00.png")
        (photos / "light_01.png").unlink()
        state = client.wait(lambda state: state["folder"]["pictures"] == 23)
        assert state["labels"]["positive"] + state["labels"]["negative"] == 3
        shutil.copy(photos / "dark_00.png", photos / "again.png")  # its content may be labelled
        client.wait(lambda state: state["folder"]["pictures"] == 24)
        shutil.rmtree(photos)
        client.wait(lambda state: state["folder"]["problem"])
        assert client.picture(0).status_code == 422


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server of 4 pictures, a large one with metadata, and 3 that cannot be used."""
    home = tmp_path_factory.mktemp("odd")
    photos = home / "photos"
    hooks.write_photos(photos, 2)
    (photos / "broken.png").write_bytes(b"no picture")
    shutil.copy(photos / "dark_00.png", photos / f"{hooks.DEADLY}.png")
    Image.new("RGB", (3000, 2000)).save(photos / "aaa.jpg", exif=b"Exif\0\0secret")
    shutil.copy(photos / "dark_01.png", home / "secret.png")
    (photos / "link.png").symlink_to(home / "secret.png")
    with serving(home, photos, workers=Judges) as client:
        client.wait(lambda state: state["features"] == 5 and state["folder"]["failures"] == 3)
        yield client


def test_a_picture_that_ends_its_worker_costs_no_other(odd: Client) -> None:
    folder = odd.state()["folder"]
    assert folder["pictures"] == 5
    assert {entry["name"] for entry in folder["failed"]} == {
        "broken.png", "link.png", f"{hooks.DEADLY}.png",
    }  # fmt: skip


def test_pictures_are_small_and_have_no_metadata(odd: Client) -> None:
    sizes = {}
    for size, longest in (("large", 1600), ("small", 360)):
        for number in range(8):
            answer = odd.picture(number, size=size)
            if answer.status_code == 200:
                assert b"secret" not in answer.content
                assert answer.headers["content-type"] == "image/jpeg"
                sizes[size] = max(sizes.get(size, 0), *_size(answer.content))
        assert sizes[size] == longest


def _size(data: bytes) -> tuple[int, int]:
    import io

    return Image.open(io.BytesIO(data)).size


def test_nothing_outside_the_folder_is_shown(odd: Client) -> None:
    reasons = {entry["name"]: entry["reason"] for entry in odd.state()["folder"]["failed"]}
    assert reasons["link.png"] == "a link to a file outside the folder"
    for path in ("-1", "1000", "../labels.sqlite", "%2e%2e%2flabels.sqlite", "a.png"):
        assert odd.picture(path).status_code == 404


def test_a_task_of_another_folder_goes_on_in_one_of_these(client: Client) -> None:
    task = {"task": "moved"}
    with Labels(client.places.labels) as labels:
        labels.put_folder("moved", Path("/media/camera"))
        labels.add_task("older")
    rows = {row["task"]: (row["folder"], row["place"]) for row in client.overview()["tasks"]}
    assert (rows["moved"], rows["older"]) == ((None, "/media/camera"), (None, ""))
    answer = client.client.get(f"{API}/session", params=task)
    assert answer.status_code == 409
    assert client.client.post(f"{API}/tasks", json=task | {"folder": 1}).status_code == 409
    answer = client.client.post(f"{API}/tasks", json=task | {"folder": 1, "goes_on": True})
    assert answer.status_code == 200
    assert client.state(**task)["folder"]["name"] == "empty"


def test_what_was_labelled_before_is_known_again(client: Client) -> None:
    numbers = [question["name"] for question in client.label(4)]
    with Labels(client.places.labels) as labels:
        assert len(labels.current(client.who["task"], "anna")) == 4
        assert set(numbers) <= {place.path.name for place in labels.places().values()}
