"""The page in a headless Chromium, as somebody uses it who labels."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proportrait.taste.labels import Labels
from proportrait.taste.verdict.library import FOLDER_VARIABLE
from tests.serve.taste import hooks
from tests.serve.taste.conftest import running, write_folder
from tests.serve.test_page import CHROMIUM, PHONE, WAIT_MS, axe, browser, errors

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Page

__all__ = ["browser", "errors"]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
Server = tuple[subprocess.Popen[str], str]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With two folders of photos; labels, exports, and tastes of the server come beside them."""
    folder = tmp_path_factory.mktemp("home")
    write_folder(folder / "photos")
    hooks.write_photos(folder / "more", 2)
    with Labels(folder / "labels.sqlite") as labels:
        labels.put_folder("light", folder / "photos")
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    """A process, and its address; the last test ends it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(home / "tastes"))
        with running(home) as server:
            yield server


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One for all tests: a new one takes longer than what most of them do in it."""
    with browser.new_context(viewport={"width": 1000, "height": 640}) as context:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        yield page


@pytest.fixture
def page(tab: Page, errors: list[str]) -> Iterator[Page]:
    """The tab; what the browser complains of has to be taken out of `errors`."""

    def note(message: ConsoleMessage) -> None:
        errors.append(message.text)

    def fail(error: Error) -> None:
        errors.append(str(error))

    tab.on("console", note)
    tab.on("pageerror", fail)
    yield tab
    tab.remove_listener("console", note)
    tab.remove_listener("pageerror", fail)
    assert errors == []


def go(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("body[data-ready]").wait_for()


def narrow(page: Page) -> None:
    """A phone at night."""
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.emulate_media(color_scheme="dark")


def forget(errors: list[str], *codes: str) -> None:
    """Leave out refusals that a test provokes, by their status."""
    errors[:] = [text for text in errors if not any(f"status of {code}" in text for code in codes)]


def asked(page: Page) -> str:
    """The name of the picture that is asked, once it is shown."""
    page.locator("#stage img:not([alt=''])").wait_for()
    page.wait_for_function(
        "() => document.querySelector('#stage img')?.alt"
        " === `Picture ${document.getElementById('name').textContent}`"
    )
    return page.locator("#name").inner_text()


def label(page: Page) -> str:
    """Answer the picture that is shown by its key; returns its name."""
    name = asked(page)
    page.keyboard.press("3" if name.startswith("light") else "1")
    page.wait_for_function(
        "name => document.getElementById('last').textContent.startsWith(name)", arg=name
    )
    return name


def test_the_keys_label_undo_train_and_a_folder_is_sifted(
    page: Page, server: Server, errors: list[str], home: Path
) -> None:
    go(page, f"{server[1]}/taste")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/taste/light")
    asked(page)
    assert axe(page) == []
    names = [label(page) for _ in range(12)]
    assert len(set(names)) == 12
    for name in (names[11], names[10]):
        page.keyboard.press("z")
        page.locator("#last", has_text=f"Taken back: {name}").wait_for()
        assert asked(page) == name
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
    page.click("[data-view=sift]")
    page.fill("#threshold", "50")
    page.locator("#reach", has_text="12 of 24 pictures").wait_for()
    page.fill("#folder", "mine")
    page.click("text=Copy the kept pictures")
    page.locator("#done", has_text="12 copies").wait_for()
    with page.expect_download() as download:
        page.click("text=CSV of my labels")
    assert len(Path(download.value.path()).read_text().splitlines()) == 11
    copies = sorted(path.name for path in (home / "exports" / "mine").iterdir())
    assert copies == [f"light_{number:02d}.png" for number in range(12)]
    for name, text in (
        ("framing", "cannot be named 'framing'"),
        ("mine", f"proportrait score {home / 'photos'} --taste mine"),
        ("mine", "There is a taste 'mine' already"),
    ):
        page.fill("#taste", name)
        page.click("text=Save the model")
        page.locator("#saved", has_text=text).wait_for()
    page.click("text=Replace it")
    page.locator("#saved pre").wait_for()
    assert [path.name for path in (home / "tastes").iterdir()] == ["mine.safetensors"]
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#help[open] .keys").wait_for()
    forget(errors, "422", "409")  # of the broken picture, if it is asked, and of names


def test_tasks_stand_side_by_side_in_a_list(
    page: Page, server: Server, errors: list[str], home: Path
) -> None:
    with Labels(home / "labels.sqlite") as labels:
        labels.put_folder("<b>other", Path("/media/camera"))
    narrow(page)
    go(page, f"{server[1]}/taste")
    bar = page.locator(".pages a")
    assert bar.all_inner_texts() == ["Judge", "Taste"]  # it ranks nothing
    assert bar.nth(1).get_attribute("aria-current") == "page"
    assert page.locator(".elsewhere h3").inner_text() == "<b>other"
    assert "/media/camera" in page.locator(".elsewhere").inner_text()
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []
    page.keyboard.press("n")
    page.keyboard.type("a/b ?#%")  # such a name is a part of the address
    page.select_option("#folder", "1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/taste/a%2Fb%20%3F%23%25")
    label(page)
    page.locator("#counts", has_text=re.compile("1 (positive|negative)")).wait_for()
    assert page.locator("#work").inner_text().startswith("4 pictures in more")
    page.click("#back")
    page.locator(".tasks li", has_text="a/b ?#%").locator("strong").first.wait_for()
    page.locator(".elsewhere select").select_option("1")
    page.click(".elsewhere button")
    page.locator("#counts", has_text="0 positive").wait_for()
    page.goto(f"{server[1]}/taste/nothing")
    page.locator("#problem", has_text="There is no task 'nothing'").wait_for()
    forget(errors, "404")


def test_a_page_of_many_is_marked_by_keys_and_fits_a_phone(
    page: Page, server: Server, errors: list[str], home: Path
) -> None:
    shutil.copy(home / "photos" / "light_00.png", home / "photos" / "<b>name.png")
    narrow(page)
    go(page, f"{server[1]}/taste/light")
    page.click("#rater")
    page.fill("#naming-name", "ben")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.locator("body[data-ready]").wait_for()
    asked(page)
    assert page.evaluate(OVERFLOW) <= 0
    page.click("[data-view=grid]")
    page.locator(".tile img").nth(22).wait_for()
    page.locator("#save:disabled", has_text="Mark these first").wait_for()  # no others are left
    page.locator(".tile:focus").wait_for()
    for key in ("3", "1", "ArrowDown", "2"):
        page.keyboard.press(key)
    assert page.locator(".tile .word").all_inner_texts().count("skip") == 1
    assert page.evaluate(OVERFLOW) <= 0
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
    page.keyboard.press("z")
    page.locator("#left", has_text="These are the last").wait_for()
    page.click("[data-view=single]")
    page.locator("#stage img").wait_for()
    page.click(".answers [data-value=positive]")
    page.locator("#counts", has_text="1 positive").wait_for()
    forget(errors, "422")


def test_a_server_that_ends_loses_no_answer(
    page: Page, server: Server, errors: list[str], home: Path
) -> None:
    process, address = server
    hooks.write_photos(home / "more", 6)
    go(page, f"{address}/taste/a%2Fb%20%3F%23%25")
    names = [label(page) for _ in range(3)]
    name = asked(page)
    process.kill()
    process.wait()
    page.keyboard.press("3")
    page.locator("#problem", has_text="Not saved").wait_for()
    assert page.locator("#name").inner_text() == name  # it is asked again
    with Labels(home / "labels.sqlite") as labels:
        rater = page.locator("#rater").inner_text().removeprefix("Rater: ")
        assert len(labels.current("a/b ?#%", rater)) >= len(names)
    errors.clear()
