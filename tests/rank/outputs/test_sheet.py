"""The contact sheet of a ranking: what is in the file, and what a browser makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest

from proportrait.rank.outputs import sheet
from proportrait.rank.outputs.sheet import Question
from proportrait.rank.ranking import Ranked, Ranking
from tests import FACE
from tests.pages import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = '"><script>document.title = "lost"<script>.jpg'
BOX = (0.25, 0.5, 0.75, 1.25)


def ranked(path: Path, rank: int, score: float, **more: Any) -> Ranked:
    parts = {"eyes": 99.0, "face_sharpness": 55.4, "framing": 12.0}
    reasons = ("eyes open", "badly framed")
    return Ranked(path, rank, score, 0.876, "single", reasons, parts=parts, box=BOX, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos and their page: two ranked ones of which the first has two near-duplicates."""
    folder = tmp_path_factory.mktemp("sheet")
    names = ("a.jpg", "deep/b.jpg", HOSTILE, "c.jpg")
    paths = [folder / "photos" / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.open(FACE).convert("RGB").resize((300, 400)).save(path, "JPEG")
    best, second, third, other = paths
    photos = (ranked(best, 1, 91.6, similar=(second, third)), ranked(other, 2, 49.0))
    similar = {second: ranked(second, 1, 80.2), third: ranked(third, 1, 70.0)}
    ranking = Ranking((*photos, ranked(best, 3, 1.0)), similar=similar)
    question = Question([FACE], folder / "photos", "headshot", top=2)
    sheet.write(ranking, question, folder / "ranked.html")
    return folder


def test_the_file_holds_all_that_it_shows(folder: Path) -> None:
    text = (folder / "ranked.html").read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    first, second = json.loads(data)
    assert (first["rank"], first["score"], first["name"], first["folder"]) == (1, 91.6, "a.jpg", "")
    assert first["box"] == list(BOX)
    assert first["size"] == [240, 320]
    assert [other["name"] for other in first["similar"]] == ["b.jpg", HOSTILE]
    assert first["similar"][0]["folder"] == "deep"
    assert first["similar"][0]["size"] == [120, 160]
    assert second["similar"] == []
    assert sheet.is_sheet(folder / "ranked.html")
    assert text.count("<script") == text.count("</script") == 2
    assert set(re.findall(r"https?:[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}  # a name
    assert not re.findall(r"<(?:link|img|iframe|object|base)\b|\bon\w+=|@import|url\(", text)


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    with opened(browser, folder / "ranked.html", "The best photos of one person") as page:
        yield page


def test_a_card_gives_the_score_its_parts_and_the_reasons(page: Page) -> None:
    counts = [text.split("\n") for text in page.locator("#counts div").all_inner_texts()]
    assert counts == [
        ["photos, the best first", "2"], ["more, which are not listed", "1"],
        ["near-duplicates", "2"],
    ]  # fmt: skip
    assert "for the purpose headshot" in page.locator("#question").inner_text()
    assert page.locator("#references img").count() == 1
    card = page.locator(".card").first
    assert card.locator("h3").inner_text() == "1.a.jpg"
    assert card.locator(".overall").inner_text() == "92 of 100"
    assert card.get_by_text("alone · similarity 0.88").is_visible()
    assert card.get_by_text("eyes open · badly framed").is_visible()
    rows = [text.split("\n") for text in card.locator(".parts li").all_inner_texts()]
    assert [(row[0], row[-1]) for row in rows] == [
        ("eyes", "99"), ("face sharpness", "55"), ("framing", "12"),
    ]  # fmt: skip
    track, fill = (
        card.locator(f".parts {name}").nth(1).bounding_box() for name in (".track", ".fill")
    )
    assert track
    assert fill
    assert fill["width"] / track["width"] == pytest.approx(0.554, abs=0.01)


def test_the_face_of_the_person_is_framed(page: Page) -> None:
    shot = page.locator(".card .frame").first
    picture, frame = (
        shot.locator(name).bounding_box() for name in ("img", ".guides .face:not(.under)")
    )
    assert picture
    assert frame
    assert (frame["x"] - picture["x"]) / picture["width"] == pytest.approx(0.25, abs=0.02)
    assert (frame["y"] - picture["y"]) / picture["height"] == pytest.approx(0.5, abs=0.02)
    assert frame["width"] / picture["width"] == pytest.approx(0.5, abs=0.03)


def test_near_duplicates_are_one_click_away_and_can_be_compared(page: Page) -> None:
    card = page.locator(".card").first
    assert card.locator(".strip").count() == 0
    card.get_by_text("2 near-duplicates").click()
    names = [text.split("\n")[-1].strip() for text in card.locator(".strip li").all_inner_texts()]
    assert names == ["80 deep/b.jpg", f"70 {HOSTILE}"]
    card.locator(".strip .shot").first.click()
    large = page.get_by_role("dialog", name="b.jpg")
    assert large.locator(".overall").inner_text() == "80 of 100"
    assert large.get_by_text("The best and 2 near-duplicates").is_visible()
    large.locator(".strip .shot").first.click()
    assert page.get_by_role("dialog", name="a.jpg").locator(".overall").inner_text() == "92 of 100"
    page.keyboard.press("ArrowRight")
    large = page.get_by_role("dialog", name="c.jpg")
    assert large.get_by_text("2 of 2").is_visible()
    assert large.locator(".strip").count() == 0
    page.keyboard.press("g")
    assert not large.locator(".guides").is_visible()
    page.keyboard.press("Escape")
    page.locator("[aria-label='Large view of c.jpg']:focus").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_it_is_accessible_and_fits_the_window(page: Page, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(".alike summary").first.click()
    for is_large in (False, True):
        if is_large:
            page.locator(".shot").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        violations = axe.run(page).response["violations"]
        assert [(entry["id"], entry["nodes"][0]["html"]) for entry in violations] == []


def test_it_is_dark_in_the_dark_and_white_on_paper(page: Page) -> None:
    colour = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colour) == "rgb(28, 32, 37)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    assert not page.locator("footer").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
