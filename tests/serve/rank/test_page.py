"""The page of ranking in a headless Chromium, as somebody uses it who looks for photos."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proportrait.rank.outputs import sidecars
from proportrait.rank.weights import read_weights
from tests.serve.rank.conftest import Served
from tests.serve.rank.test_people import people
from tests.serve.test_page import CHROMIUM, PHONE, WAIT_MS, WIDE, axe, browser, errors

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "errors", "people"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
ANNA = ["anna_best.jpg", "anna_dark.jpg", "anna_shut.jpg", "anna_and_ben.jpg"]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def opened(page: Page, address: str, errors: list[str]) -> Page:
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/rank")
    page.locator("body[data-ready]").wait_for()
    return page


@pytest.fixture
def page(browser: Browser, server: Served, errors: list[str]) -> Iterator[Page]:
    with browser.new_context(viewport=WIDE) as context:
        yield opened(context.new_page(), server.address, errors)
    assert errors == []


def choose(page: Page, name: str = "anna_best.jpg") -> None:
    """Click a face, and wait for the ranking and its pictures."""
    page.click("[data-view=all]")
    page.get_by_role("button", name=f"Face in {name}").click()
    page.locator("#rows .open .loaded").first.wait_for()


def names(page: Page) -> list[str]:
    return page.locator("#rows .file").all_inner_texts()


def order(page: Page, expected: list[str]) -> None:
    """Wait until the ranking is so."""
    page.wait_for_function(
        "names => [...document.querySelectorAll('#rows .file')].map(e => e.textContent).join()"
        " === names.join()",
        arg=expected,
    )


def test_a_face_gives_a_ranking_that_follows_the_sliders(page: Page, tmp_path: Path) -> None:
    page.click("[data-view=all]")
    page.locator("#faces .tile").nth(10).wait_for()
    assert page.locator("#faces b").count() == 0
    assert axe(page) == []
    choose(page)
    order(page, ANNA)
    assert page.locator("#count").inner_text() == "4 photos, and 1 near-duplicate under them"
    frame, face = (page.locator(f"#rows .shot:first-child {name}").bounding_box()
                   for name in ("img", "rect"))  # fmt: skip
    assert frame is not None
    assert face is not None
    assert (face["x"] - frame["x"]) / frame["width"] == pytest.approx(0.3, abs=0.02)
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []
    images = page.locator("#rows img").evaluate_all("images => images.map(image => image.src)")
    page.fill("#weight-eyes", "0")
    page.fill("#weight-lighting", "3")
    order(page, [ANNA[0], ANNA[2], ANNA[1], ANNA[3]])
    assert sorted(images) == sorted(
        page.locator("#rows img").evaluate_all("images => images.map(image => image.src)")
    )  # nothing is loaded again
    page.click("#toml-open")
    file = tmp_path / "weights.toml"
    with page.expect_download() as download:
        page.click("#toml-save")
    download.value.save_as(file)
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    assert (table["mine"]["single"]["eyes"], table["mine"]["single"]["lighting"]) == (0, 3)
    assert read_weights("mine", file)["group"] == read_weights("headshot")["group"]
    assert page.input_value("#toml-text") == file.read_text(encoding="utf-8")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.reload()  # the person and the weights stay
    order(page, [ANNA[0], ANNA[2], ANNA[1], ANNA[3]])
    page.click("#reset")
    order(page, ANNA)
    page.click("[data-purpose=group]")
    order(page, [ANNA[3], *ANNA[:3]])
    page.fill("#similarity", "0.7")
    page.go_back()
    page.locator("#tiles .tile").first.wait_for()


def decided(page: Page, text: str) -> None:
    page.locator("#decided-text", has_text=text).wait_for()


def test_people_are_named_joined_and_parted_in_place(page: Page, people: dict[str, int]) -> None:
    anna, cleo, ben = people.values()
    tiles = page.locator("#tiles .person")
    tiles.nth(2).wait_for()
    assert [page.evaluate(OVERFLOW), *axe(page)] == [0]
    page.locator("#tiles .tile").first.focus()
    page.keyboard.press("n")
    page.keyboard.type("Anna")
    page.keyboard.press("Enter")
    decided(page, f"Person {anna} is Anna.")
    tiles.nth(1).locator(".called").click()
    page.keyboard.type(" anna")
    page.keyboard.press("Enter")
    assert page.locator("#same-text").inner_text().startswith("Anna is there already, with 5")
    assert axe(page) == []
    page.click("#same .primary")
    decided(page, f"Person {cleo} joined Anna.")
    assert page.locator("#tiles .words .hint").all_inner_texts() == ["8 photos", "3 photos"]
    page.keyboard.press("u")
    decided(page, "The last join is undone.")
    assert tiles.count() == 3
    tiles.nth(2).locator(".tile").drag_to(tiles.nth(1).locator(".tile"))
    decided(page, f"Person {ben} joined Person {cleo}.")
    page.click("#undo")
    tiles.nth(2).wait_for()
    for number in (1, 2):
        page.locator("#tiles .tile").nth(number).focus()
        page.keyboard.press("m")
    assert page.locator("#marked-text").inner_text() == "2 people are marked."
    assert axe(page) == []
    page.keyboard.press("j")
    decided(page, f"Person {ben} joined Person {cleo}.")
    page.click("[data-view=loose]")
    page.locator("#faces-count", has_text="No face yet").wait_for()


def test_a_photo_is_taken_out_of_a_person_and_the_address_keeps_it(
    page: Page, people: dict[str, int]
) -> None:
    page.locator("#tiles .tile").first.click()
    order(page, ANNA)
    assert page.url.endswith(f"?folder=0&person={people['anna_best']}")
    assert axe(page) == []
    page.locator("#rows .open:focus").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    order(page, [ANNA[0], *ANNA[2:]])
    decided(page, f"One face is not Person {people['anna_best']} any more.")
    page.reload()
    order(page, [ANNA[0], *ANNA[2:]])
    page.click("#undo")
    order(page, ANNA)
    page.click("#people .called")
    page.keyboard.type("Anna")
    page.keyboard.press("Enter")
    page.locator("#rows [data-name=not]", has_text="Not Anna").nth(3).wait_for()
    page.keyboard.press("Escape")
    page.locator("#tiles .tile:focus").wait_for()


def test_a_taste_is_one_more_slider_and_is_asked_behind_the_page(
    page: Page, people: dict[str, int]
) -> None:
    page.locator("#tiles .tile").nth(1).click()
    before = ["<b>cleo.jpg", "cleo_2.jpg", "cleo_turned.jpg"]
    order(page, before)
    assert page.locator("#weight-taste").count() == 0
    page.select_option("#taste", "eyes shut")
    page.locator("#rows .waits", has_text="Not asked for its taste yet").first.wait_for()
    page.fill("#weight-taste", "3")
    page.locator("#taste-text", has_text="All of these photos were asked.").wait_for()
    order(page, [before[1], before[0], before[2]])
    assert page.locator("#rows .waits").count() == 0
    assert "to your taste" in page.locator("#rows .reasons").first.inner_text().lower()
    assert axe(page) == []
    page.click("#toml-open")
    assert page.locator("#toml-command").inner_text().endswith('--taste "eyes shut"')
    page.keyboard.press("Escape")
    page.fill("#weight-taste", "0")
    order(page, before)
    page.keyboard.press("Escape")
    page.locator("#tiles .tile").nth(2).click()  # the taste still weighs in groups
    page.locator("#taste-text", has_text="1 photo cannot be looked at.").wait_for()
    page.locator("#rows .waits", has_text="No taste: it cannot be looked at").wait_for()


def test_a_folder_is_forgotten_after_a_question(page: Page) -> None:
    page.select_option("#folder", label="more")
    page.click("#data-open")
    assert page.locator("#data-index").inner_text().endswith("faces.sqlite")
    page.click("#forget")
    page.locator("#forget-not:focus").wait_for()
    assert axe(page) == []
    page.click("#forget-yes")
    page.locator("#data-done", has_text="0 photos of more are forgotten.").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#forgotten").is_visible()
    assert axe(page) == []
    page.click("#again-after")
    page.locator("#failures", has_text="holds no photos").wait_for()


def test_the_keys_open_compare_and_show_what_is_alike(page: Page) -> None:
    page.click("[data-view=all]")
    page.locator("#faces .tile").nth(10).wait_for()
    page.locator("#faces .tile").first.focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(":focus").get_attribute("aria-label") or ""
    page.keyboard.press("ArrowLeft")
    assert page.locator(":focus").get_attribute("aria-label") != first
    page.get_by_role("button", name="Face in anna_best.jpg").focus()
    page.keyboard.press("Enter")
    order(page, ANNA)
    page.locator("#rows .open:focus").wait_for()
    page.keyboard.press("Enter")
    title = page.locator("#photo-title")
    assert title.inner_text() == "1. anna_best.jpg"
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "2. anna_dark.jpg"
    assert page.locator("#photo .parts li").count() == 11
    page.keyboard.press("Escape")
    focus = page.locator(":focus")
    assert "anna_best.jpg" in (focus.get_attribute("aria-label") or "")
    page.keyboard.press("l")
    page.locator("#photo .strip .loaded").nth(1).wait_for()
    assert axe(page) == []
    assert page.locator("#photo .strip button").nth(1).get_attribute("title") == "anna_copy.jpg"
    page.locator("#photo .strip button").nth(1).click()
    assert page.locator("#photo .stage img").get_attribute("alt") == "Photo anna_copy.jpg"
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    assert page.locator(".shot.picked").count() == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    assert page.locator("#pair .better .name").inner_text() == "anna_best.jpg"
    light = page.locator("#pair tbody tr", has_text="Light")
    assert light.locator(".mark").all_inner_texts() == ["90", "10"]
    assert axe(page) == []
    page.keyboard.press("Escape")
    assert page.locator(".shot.picked").count() == 0
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # back to the faces
    page.locator("#faces .tile:focus").wait_for()
    assert page.locator(":focus").get_attribute("title") == "anna_best.jpg"


def test_what_is_best_is_taken_away(page: Page, server: Served, errors: list[str]) -> None:
    choose(page)
    page.fill("#top", "2")
    with page.expect_download() as download:
        page.click("[data-format=json]")
    assert download.value.suggested_filename == "ranked.json"
    bodies = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [body["path"] for body in bodies] == [str(server.photos / name) for name in ANNA[:2]]
    page.fill("#folder-name", "../photos")
    page.click("#copy")
    page.locator("#done .error", has_text="Nothing was copied").wait_for()
    assert "422" in errors.pop()  # the browser's own note
    page.fill("#folder-name", "from the page")
    page.click("#copy")
    page.locator("#done", has_text="2 of them new").wait_for()
    assert server.places.exports is not None
    copies = server.places.exports / "from the page"
    assert sorted(path.name for path in copies.iterdir()) == [f"001_{ANNA[0]}", f"002_{ANNA[1]}"]
    page.click("#stars-open")
    assert axe(page) == []
    page.check("[value=short]")
    page.click("#stars-write")
    page.locator("#stars-done", has_text="Stars are in 2 sidecars.").wait_for()
    written = [server.photos / name.replace(".jpg", ".xmp") for name in ANNA[:2]]
    assert sorted(server.photos.glob("*.xmp")) == sorted(written)
    assert sidecars.remove(server.photos, print) == 2


def test_a_photo_of_the_person_is_dropped_on_a_phone(
    browser: Browser, server: Served, errors: list[str], tmp_path: Path
) -> None:
    data = (server.photos / "ben_1.jpg").read_bytes()
    files = {name: tmp_path / f"{name or 'nobody'}.jpg" for name in ("anna", "ben anna", "")}
    for name, file in files.items():
        file.write_bytes(data + b"|" + name.encode())
    with browser.new_context(viewport=PHONE, color_scheme="dark") as context:
        page = opened(context.new_page(), server.address, errors)
        page.locator("#tiles .loaded").first.wait_for()
        assert page.evaluate(OVERFLOW) <= 0
        assert axe(page) == []
        page.set_input_files("#file", files[""])
        page.locator("#problem", has_text="no face was found").wait_for()
        page.set_input_files("#file", files["ben anna"])
        assert axe(page) == []
        page.get_by_role("button", name="Face 2 of 2").click()
        order(page, ANNA)
        page.locator("#rows .loaded").first.wait_for()
        assert page.evaluate(OVERFLOW) <= 0
        assert axe(page) == []
        with page.expect_file_chooser() as chooser:
            page.click("#add")
        chooser.value.set_files(files["anna"])
        page.locator("#people li").nth(1).wait_for()
        page.locator("#people button").first.click()
        page.locator("#people li").nth(1).wait_for(state="detached")
        page.click("#panel summary")
        page.fill("#similarity", "0.7")
        page.click("#nearest summary")
        page.locator("#near .tile").first.click()
        page.locator("#people li").nth(1).wait_for()
        page.locator("#people button").first.click()
        page.locator("#people li").nth(1).wait_for(state="detached")
        page.click("#back")
        page.locator("#tiles .tile").first.wait_for()
        page.click(".pages a[href='/']")
        page.locator(".pages a[href='/rank']").wait_for()
    assert [text for text in errors if "422" not in text] == []
    errors.clear()


def test_two_tabs_know_nothing_of_each_other(page: Page, server: Served, errors: list[str]) -> None:
    other = opened(page.context.new_page(), server.address, errors)
    for tab, name in ((page, "anna_best.jpg"), (other, "ben_1.jpg")):
        choose(tab, name)
    other.fill("#weight-eyes", "0")
    other.locator("#weight-eyes").blur()
    assert names(other)[0] == "ben_1.jpg"
    assert names(page) == ANNA
    page.fill("#weight-pose", "2")
    page.locator("#reset:enabled").wait_for()
    assert other.input_value("#weight-pose") == "1"


def test_an_empty_folder_and_a_server_without_one_say_what_to_do(
    page: Page, address: str, errors: list[str]
) -> None:
    page.select_option("#folder", label="more")
    page.locator("#failures", has_text="holds no photos").wait_for()
    assert axe(page) == []
    lost = opened(page.context.new_page(), address.rstrip("/"), errors)
    assert "proportrait serve --photos DIR" in lost.locator("#none").inner_text()
    assert axe(lost) == []
    lost.goto(address)
    lost.locator("body[data-ready]").wait_for()
    assert lost.locator(".pages a").count() == 0
