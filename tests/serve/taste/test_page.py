"""The page in a headless Chromium, as somebody uses it who labels."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from proportrait.taste.labels import Labels
from tests.serve.taste.conftest import running, write_folder
from tests.serve.test_page import CHROMIUM, PHONE, WAIT_MS, WIDE, axe, browser, errors

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "errors"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the photos, the labels, and the exports of the server."""
    folder = tmp_path_factory.mktemp("home")
    write_folder(folder / "photos")
    return folder


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    options = ("--labels", str(home / "labels.sqlite"), "--exports", str(home / "exports"))
    with running(home / "photos", *options) as (process, link):
        yield link
        process.send_signal(signal.SIGKILL)  # with no time to tidy up


def opened(page: Page, address: str, errors: list[str]) -> Page:
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    page.locator("#stage img").wait_for()
    return page


def label(page: Page) -> str:
    """Answer the picture that is shown by its key; returns its name."""
    page.wait_for_function("() => document.getElementById('name').textContent")  # it is shown
    name = page.locator("#name").inner_text()
    page.keyboard.press("3" if name.startswith("light") else "1")
    page.wait_for_function("name => document.getElementById('name').textContent !== name", arg=name)
    page.wait_for_function(
        "name => document.getElementById('last').textContent.startsWith(name)", arg=name
    )
    return name


def test_the_keys_label_undo_train_and_a_folder_is_sifted(
    browser: Browser, address: str, errors: list[str], home: Path
) -> None:
    with browser.new_context(viewport=WIDE) as context:
        page = opened(context.new_page(), address, errors)
        assert "#" not in page.url
        assert axe(page) == []
        names = [label(page) for _ in range(12)]
        assert len(set(names)) == 12
        for name in (names[11], names[10]):
            page.keyboard.press("z")
            page.locator("#last", has_text=f"Taken back: {name}").wait_for()
            page.locator("#name", has_text=name).wait_for()
        with Labels(home / "labels.sqlite") as labels:
            assert len(labels.current("light", "anna")) == 10
            assert len(labels.history("light")) == 14
        page.keyboard.press("ArrowLeft")
        assert page.locator("#name").inner_text() == names[9]
        assert "Your answer was" in page.locator("#why").inner_text()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("+")
        assert "scale(1.5)" in (page.locator("#stage img").get_attribute("style") or "")
        page.locator("#work .progress").wait_for(state="detached")  # all features are computed
        page.keyboard.press("t")
        page.locator("#model", has_text="taught by 10 of your 10 labels").wait_for()
        bars = page.locator("#model .chart rect")
        assert bars.count() >= 2
        assert page.locator("#model .chart svg").first.get_attribute("aria-label") is not None
        assert axe(page) == []
        page.click("[data-view=sift]")
        page.fill("#threshold", "50")
        page.locator("#reach", has_text="12 of 24 pictures").wait_for()
        page.fill("#folder", "mine")
        page.click("text=Copy the kept pictures")
        page.locator("#done", has_text="12 copies").wait_for()
        assert axe(page) == []
        with page.expect_download() as download:
            page.click("text=CSV of my labels")
        assert len(Path(download.value.path()).read_text().splitlines()) == 11
        copies = sorted(path.name for path in (home / "exports" / "mine").iterdir())
        assert copies == [f"light_{number:02d}.png" for number in range(12)]
    assert [text for text in errors if "422" not in text] == []  # of the broken picture, if asked
    errors.clear()


def test_a_page_of_many_is_marked_by_keys_and_fits_a_phone(
    browser: Browser, address: str, errors: list[str], home: Path
) -> None:
    shutil.copy(home / "photos" / "light_00.png", home / "photos" / "<b>name.png")
    with browser.new_context(viewport=PHONE, color_scheme="dark") as context:
        context.add_init_script("sessionStorage.setItem('proportrait-rater', 'ben')")
        page = opened(context.new_page(), address, errors)
        width = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(width) <= 0
        assert axe(page) == []
        page.click("[data-view=grid]")
        page.locator(".tile img").nth(22).wait_for()
        page.locator("#save:disabled", has_text="Mark these first").wait_for()  # no others are left
        page.locator(".tile:focus").wait_for()
        for key in ("3", "1", "ArrowDown", "2"):
            page.keyboard.press(key)
        assert page.locator(".tile .word").all_inner_texts().count("skip") == 1
        assert page.evaluate(width) <= 0
        assert axe(page) == []
        assert page.locator("#tiles b").count() == 0
        page.keyboard.press("Enter")
        counts = re.compile(r"1 positive\s+1 negative\s+1 skipped")
        page.locator("#counts", has_text=counts).wait_for()
        page.locator(".tile:focus").wait_for()
        page.keyboard.press("z")
        page.locator("#counts", has_text=re.compile(r"0 positive\s+0 negative")).wait_for()
        page.locator("#left", has_text="These are the last").wait_for()
        page.click("[data-rest=positive]")
        page.click("#save")
        page.locator("#tiles", has_text="Every picture has your answer. Sift").wait_for()
        assert not page.locator("#save").is_visible()
        assert axe(page) == []
        page.keyboard.press("z")
        page.locator("#left", has_text="These are the last").wait_for()
        page.click("[data-view=single]")
        page.locator("#stage img").wait_for()
        page.click(".answers [data-value=positive]")
        page.locator("#counts", has_text="1 positive").wait_for()
    assert [text for text in errors if "422" not in text] == []
    errors.clear()


def test_a_server_that_ended_loses_no_answer(
    browser: Browser, photos: Path, tmp_path: Path, errors: list[str]
) -> None:
    store = tmp_path / "labels.sqlite"
    with (
        browser.new_context(viewport=WIDE) as context,
        running(photos, "--labels", str(store)) as (process, link),
    ):
        page = opened(context.new_page(), link, errors)
        names: list[Any] = [label(page) for _ in range(3)]
        name = page.locator("#name").inner_text()
        page.locator(f"#stage img[alt='Picture {name}']").wait_for()
        process.kill()
        process.wait()
        page.keyboard.press("3")
        page.locator("#problem", has_text="Not saved").wait_for()
        assert page.locator("#name").inner_text() == name  # it is asked again
        with Labels(store) as labels:
            assert len(labels.current("light", "anna")) == len(names)
    errors.clear()
