"""The page in a browser: photos, keys, narrow windows, and what a screen reader is given."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from proportrait.fixes import Fix
from proportrait.imaging import encode_jpeg, read
from proportrait.score import Score, Scorer
from tests import FACE
from tests.serve.conftest import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
WAIT_MS = 60_000
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--use-fake-device-for-media-stream",
                   "--use-fake-ui-for-media-stream"]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def errors() -> list[str]:
    """What the browser complained of; it stays empty."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, errors: list[str]) -> Iterator[Page]:
    with browser.new_context(viewport=WIDE, permissions=["camera"]) as context:
        yield opened(context.new_page(), address, errors)
    assert errors == []


def opened(page: Page, address: str, errors: list[str]) -> Page:
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    return page


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A face, the same one dark, and no picture."""
    folder = tmp_path_factory.mktemp("photos")
    shutil.copy(FACE, folder / "a.jpg")
    (folder / "dark.jpg").write_bytes(encode_jpeg(read(FACE) // 6))
    (folder / "<b>none.jpg").write_bytes(b"no picture")
    return [folder / "dark.jpg", folder / "<b>none.jpg", folder / "a.jpg"]


@pytest.fixture(scope="module")
def score() -> Score:
    return Scorer().image(FACE)


def axe(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, which runs outside the page's policy."""
    from axe_playwright_python.base import AXE_FILE_PATH

    if not page.evaluate("'axe' in window"):
        page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    results: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{finding['id']}: {node['html']}"
        for finding in results["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def add(page: Page, files: list[Path]) -> None:
    page.set_input_files("#files", files)
    page.locator("#cards li .overall, #cards li .error").nth(len(files) - 1).wait_for()


def test_an_upload_gets_its_verdict(page: Page, score: Score) -> None:
    add(page, [FACE])
    card = page.locator("#cards > li")
    assert card.locator(".overall strong").inner_text() == str(score.overall)
    assert card.locator(".marks .word").all_inner_texts() == [
        score.words(key) for key in score.verdicts
    ]
    marks = card.locator(".marks .mark").all_inner_texts()
    assert marks == [str(mark) for mark in score.marks.values()]
    advice = list(dict.fromkeys(reason.advice for reason in score.failures))
    assert card.locator(".advice li").all_inner_texts() == advice
    notes = " ".join(card.locator(".notes p").all_text_contents())
    for reason in (*score.reasons, *score.disagreements):
        assert reason.text in notes
    assert str(score.overall) in page.locator("#news").inner_text()
    frame, face = (page.locator(name).bounding_box() for name in (".preview img", "rect.face"))
    assert frame is not None
    assert face is not None
    assert score.box is not None
    assert (face["x"] - frame["x"]) / frame["width"] == pytest.approx(score.box[0], abs=0.01)
    assert (face["y"] - frame["y"]) / frame["height"] == pytest.approx(score.box[1], abs=0.01)
    assert page.locator("#where").inner_text().startswith("Your photo goes nowhere")


def test_what_spoke_against_a_photo_is_laid_over_it(page: Page) -> None:
    page.locator("#files").set_input_files(FACE)
    button = page.get_by_role("button", name="Show where attire fails on face.jpg")
    button.focus()
    page.keyboard.press("Enter")
    heat, photo = page.locator(".preview .heat"), page.locator(".preview img").first
    heat.wait_for()
    assert heat.bounding_box() == photo.bounding_box()
    assert heat.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    assert button.get_attribute("aria-pressed") == "true"
    assert button.evaluate("button => button === document.activeElement")
    assert page.get_by_text("what the network took for the fault").is_visible()
    assert axe(page) == []
    page.keyboard.press("Enter")
    heat.wait_for(state="detached")


def test_the_suggested_crop_can_be_downloaded(
    page: Page, off_centre_photo: bytes, crops: dict[str, Fix], tmp_path: Path
) -> None:
    photo, crop = tmp_path / "me.at.home.jpeg", crops["4x5"]
    photo.write_bytes(off_centre_photo)
    assert crop.after is not None
    add(page, [photo])
    page.click(".suggest")
    text = page.locator(".crop").inner_text()
    assert f"{crop.before.overall} \u2192 {crop.after.overall} of 100" in text
    assert page.locator(".crop li").all_inner_texts() == list(crop.actions)
    with page.expect_download() as download:
        page.click(".download")
    assert download.value.suggested_filename == "me.at.home-4x5.jpg"
    assert Path(download.value.path()).read_bytes() == crop.data
    assert page.locator(".suggest").count() == 0


def test_of_several_the_best_comes_first_and_names_are_text(
    page: Page, photos: list[Path], errors: list[str]
) -> None:
    add(page, photos)
    names = [name.strip() for name in page.locator("#cards h2").all_inner_texts()]
    assert names == ["a.jpg best", "dark.jpg", "<b>none.jpg"]
    assert page.locator("#cards b").count() == 0
    page.select_option("#order", "added")
    assert page.locator("#cards h2").first.inner_text().strip() == "dark.jpg"
    assert "known format" in page.locator("#cards .error").inner_text()
    page.uncheck("#guides")
    assert not page.locator(".overlay").first.is_visible()
    page.click("#clear")
    assert page.locator("#cards > li").count() == 0
    # The refused picture is the one thing that the browser notes itself.
    assert [text for text in errors if "422" not in text] == []
    errors.clear()


def test_the_keyboard_alone_is_enough(page: Page, photos: list[Path]) -> None:
    """Choose, compare, close, remove: the focus is always somewhere and can be seen."""

    def tab_to(label: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focus = page.locator(":focus")
            if label in (focus.text_content() or ""):
                assert focus.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
                return
        raise AssertionError(f"no way to {label}")

    page.on("filechooser", lambda chooser: None)  # Playwright takes a while until it sees one
    tab_to("Choose photos")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([photos[0], photos[2]])
    page.locator("#cards .overall").nth(1).wait_for()
    for name in ("a.jpg", "dark.jpg"):
        tab_to(f"Compare {name}")
        page.keyboard.press("Space")
    assert page.locator("#pair tbody tr").count() == 7
    assert page.locator("#pair .better .name").inner_text() == "a.jpg"
    page.keyboard.press("Escape")
    page.locator(".pick[aria-pressed=true]").first.wait_for(state="detached")
    assert page.locator(":focus").text_content() == "Compare dark.jpg"
    tab_to("Remove dark.jpg")
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("id") == page.locator(".card").get_attribute("id")
    tab_to("Remove a.jpg")
    page.keyboard.press("Enter")
    assert page.locator(":focus").text_content() == "Choose photos"


def test_a_photo_can_be_dropped_and_pasted(page: Page) -> None:
    send = """([type, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], type + ".jpg", {type: "image/jpeg"}));
        const options = {bubbles: true, cancelable: true};
        const event = type === "drop"
            ? new DragEvent(type, {...options, dataTransfer: transfer})
            : new ClipboardEvent(type, {...options, clipboardData: transfer});
        document.body.dispatchEvent(event);
    }"""
    for kind in ("drop", "paste"):
        page.evaluate(send, [kind, list(FACE.read_bytes())])
    page.locator("#cards .overall").nth(1).wait_for()
    assert sorted(name[:5] for name in page.locator("#cards h2").all_inner_texts()) == [
        "drop.", "paste",
    ]  # fmt: skip


def test_the_camera_is_judged_while_it_is_open_and_no_longer(page: Page) -> None:
    """Chromium's own test picture shows no person; its frames are smaller than 60 KB."""
    page.click("#camera-open")
    page.locator("#lights .word", has_text="cannot tell").first.wait_for()
    with page.expect_response("**/api/v1/score") as answer:
        pass
    assert answer.value.ok
    assert len(answer.value.request.post_data_buffer or b"") < 60_000
    track = "document.getElementById('video').srcObject?.getTracks()[0].readyState ?? 'none'"
    assert page.evaluate(track) == "live"
    page.click("#shoot")
    page.locator("#cards h2", has_text="camera").wait_for()
    assert page.evaluate(track) == "none"
    page.locator("#cards .error, #cards .overall").wait_for()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.wait_for_timeout(1500)
    assert requests == []


def test_two_tabs_know_nothing_of_each_other(page: Page, errors: list[str], address: str) -> None:
    other = opened(page.context.new_page(), address, errors)
    add(page, [FACE])
    add(other, [FACE, FACE])
    assert page.locator("#cards > li").count() == 1
    assert other.locator("#cards > li").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_every_screen_is_accessible_and_fits_the_window(
    browser: Browser, address: str, photos: list[Path], scheme: Any, size: Any, errors: list[str]
) -> None:
    with browser.new_context(viewport=size, color_scheme=scheme, permissions=["camera"]) as context:
        page = opened(context.new_page(), address, errors)
        assert axe(page) == []
        add(page, [photos[0], photos[2]])
        assert axe(page) == []
        width = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(width) <= 0
        page.click("#camera-open")
        page.locator("#lights .word", has_text="cannot tell").first.wait_for()
        assert axe(page) == []
        page.click("#camera [data-close]")
        page.locator(".pick").nth(0).click()
        page.locator(".pick").nth(1).click()
        assert axe(page) == []
        pair = page.locator("#pair")
        assert pair.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert errors == []


def test_the_page_asks_for_the_token_once(
    browser: Browser, errors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROPORTRAIT_TOKEN", "s3cret")
    with running() as (_, link), browser.new_context() as context:
        page = opened(context.new_page(), link, errors)
        assert "#" not in page.url
        add(page, [FACE])
        assert errors == []
        stranger = opened(browser.new_context().new_page(), link.partition("#")[0], errors)
        stranger.set_input_files("#files", [FACE, FACE])
        stranger.fill("#token", "wrong")
        stranger.keyboard.press("Enter")
        stranger.locator("#ask[open]").wait_for()
        stranger.fill("#token", "s3cret")
        stranger.keyboard.press("Enter")
        stranger.locator("#cards .overall").nth(1).wait_for()
        stranger.context.close()
        assert [text for text in errors if "401" not in text] == []
