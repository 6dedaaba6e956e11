"""A principal at the letter desk: Chromium seals and the command opens, and the other way round, in both languages.

And every vector of vectors/letters goes through the browser's own reading of it, which shares no line with ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from given import Opener
from principals import SECRET, Offline
from principals import offline as alone
from real_pair import Sites
from windows import Window, until

VECTORS = Path(__file__).parents[2] / "vectors" / "letters"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
TEXTS = {
    "en": "The lines have been silent since June.\n\nI propose the 27th, at ten.",
    "ko": "통신선이 끊긴 지 오래되었습니다.\n\n27일 10시를 제안합니다.",
}


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with alone():
        yield


def unlocked(window: Window, who: Offline) -> Window:
    page = window.go("/letters/desk").page
    page.set_input_files("#key-file", str(who.key))
    page.set_input_files("#book-file", str(who.book))
    page.fill("#passphrase", SECRET)
    page.click("#unlock")
    window.shows(who.office, "#office")
    assert page.input_value("#passphrase") == "" and not page.is_visible("#locked")
    return window


def saved(window: Window, selector: str, where: Path) -> Path:
    """What a press on that link hands to the reader's disk."""
    with window.page.expect_download() as download:
        window.page.click(selector)
    download.value.save_as(str(where))
    return where


def keeps_book(window: Window, who: Offline, place: str) -> None:
    aside = saved(window, f"{place} [data-save-book]", who.book.with_suffix(".new"))
    os.replace(aside, who.book)
    until(lambda: not window.page.is_visible(f"{place} [data-save-book]"), what="the book is saved")


def names(window: Window, which: str, who: Offline) -> None:
    window.page.set_input_files(f"#{which}-card", str(who.card))
    window.page.fill(f"#{which}-fingerprint", who.fingerprint)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_browser_seals_and_the_command_opens_and_the_other_way_round(
    sites: Sites, window: Opener, tmp_path: Path, language: str
) -> None:
    chair = Offline(tmp_path / "chair", "chair", "Chair of the Commission")
    speaker = Offline(tmp_path / "speaker", "speaker", "평의회 의장")
    desk = window(sites.north, "duty").go("/letters/desk")
    desk.page.click(f'button[name="language"][value="{language}"]')
    until(lambda: desk.page.evaluate("document.documentElement?.lang") == language, what=language)
    desk.judge()
    page = unlocked(desk, chair).page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    desk.judge()

    # Sealed in the browser. The letter is handed out only once the book was.
    names(desk, "to", speaker)
    page.fill("#text", TEXTS[language] + "\n\n")
    page.fill("#language", language)
    page.fill("#address", "귀하")
    page.select_option("#tier", "2")
    (tmp_path / "scan.png").write_bytes(PNG)
    page.set_input_files("#facsimile", str(tmp_path / "scan.png"))
    page.click("#seal")
    desk.shows("평의회 의장", "#sealed")
    assert not page.is_visible("#sealed-file") and page.is_disabled("#seal")
    desk.judge()
    keeps_book(desk, chair, "#sealed")
    letter = saved(desk, "#sealed-file", tmp_path / "letter")
    assert page.input_value("#text") == ""
    image = tmp_path / "image.png"
    opened = speaker.opens(letter, chair, "--facsimile-out", str(image), "--json").found
    assert "\n".join(opened["paragraphs"]) == TEXTS[language]
    assert (opened["language"], opened["form_of_address"], opened["tier"]) == (language, "귀하", 2)
    assert [each["told"] for each in opened["findings"]] == ["in order"] and image.read_bytes() == PNG

    # Sealed by the command, two of them, and the second is opened first.
    first, second = (speaker.seals(chair, f"{n}: {TEXTS[language]}", "--language", language) for n in (1, 2))
    names(desk, "from", speaker)
    for answer, number in ((second, 2), (first, 1), (first, 1)):
        page.set_input_files("#letter-file", str(answer))
        page.click("#open")
        desk.shows(f"{number}: {TEXTS[language].split()[0]}", "#opened-text")
        desk.judge()
        if page.is_visible("#opened [data-save-book]"):
            keeps_book(desk, chair, "#opened")
    until(lambda: page.is_enabled("#open"))
    assert page.locator("#findings li").count() >= 1
    told = chair.says("book", "--json").found["counterparts"]
    assert [
        (one["ours_sealed"], one["ours_opened_to"], one["theirs_highest"], one["theirs_missing"])
        for one in told
    ] == [(1, 1, 2, [])]

    # What was altered is refused, and nothing of it stands on the page.
    altered = bytearray(first.read_bytes())
    altered[-1] ^= 1
    (tmp_path / "altered").write_bytes(altered)
    page.set_input_files("#letter-file", str(tmp_path / "altered"))
    page.click("#open")
    until(lambda: page.is_visible("#open-problem"))
    assert not page.is_visible("#opened")
    desk.judge()

    # Nothing was sent: pages of the console were read, and that is all. What is read last shows that it is seen here.
    assert not [one for one in sent if not one.startswith("GET ") or SECRET in one], sent
    page.click("#lock")
    until(lambda: page.is_visible("#locked"))
    assert page.is_disabled("#text") and page.inner_text("#counterparts") == ""
    desk.go("/letters")
    assert [one for one in sent if one.endswith("/letters")], sent


def test_wrong_files_and_a_wrong_passphrase_are_told_beside_the_button(
    sites: Sites, window: Opener, tmp_path: Path
) -> None:
    chair = Offline(tmp_path / "chair", "chair", "Chair of the Commission")
    desk = window(sites.north, "duty")
    page = desk.go("/letters/desk").page
    page.click("#unlock")
    desk.shows("missing", "#key-problem")
    page.set_input_files("#key-file", str(chair.key))
    page.set_input_files("#book-file", str(chair.card))
    page.fill("#passphrase", "another")
    page.click("#unlock")
    desk.shows("Wrong passphrase", "#key-problem")
    page.fill("#passphrase", SECRET)
    page.click("#unlock")
    desk.shows("not of this key", "#key-problem")
    page.set_input_files("#book-file", str(chair.book))
    page.fill("#passphrase", SECRET)
    page.press("#passphrase", "Enter")
    desk.shows(chair.office, "#office")
    names(desk, "to", chair)
    page.fill("#text", "To ourselves.")
    page.click("#seal")
    desk.shows("our own card", "#seal-problem")
    page.fill("#to-fingerprint", "0" * 64)
    page.click("#seal")
    desk.shows("another fingerprint", "#seal-problem")
    desk.judge()


RUN = """async (vectors) => {
  const L = await import("/static/letter-sealed.js");
  const run = {
    async card(v) {
      const card = await L.readCard(L.unhex(v.card));
      const key = L.hex(await L.publicOf(L.unhex(v.sealing_seed)));
      return [card.office, L.hex(card.fingerprint), key === L.hex(card.sealingKey)];
    },
    async letter(v, data) {
      const seed = L.unhex(v.sealing_seed);
      const ours = { fingerprint: L.unhex(v.our_fingerprint), sealingKey: await L.publicOf(seed) };
      return L.inside(seed, ours, await L.readCard(L.unhex(v.card)), L.unhex(data));
    },
    async sealed(v) {
      const one = await run.letter(v, v.sealed);
      return [one.number, L.hex(one.commitment), L.hex(one.signed), one.lines];
    },
    async book(v) {
      const card = await L.readCard(L.unhex(v.card));
      const ours = v.ours.map((one) => L.unhex(one));
      let book = { owner: null, threads: [{ counterpart: card.fingerprint, office: "", ours, theirs: [] }] };
      const told = [];
      for (const step of v.steps) {
        const one = await run.letter(v, step.sealed);
        const thread = L.threadOf(book, card);
        told.push(L.judge(thread, one));
        book = L.entered(book, thread, one);
      }
      const [number, previous, heard] = L.nextOfOurs(L.threadOf(book, card));
      const next = { number, previous: previous && L.hex(previous), heard: heard && [heard[0], L.hex(heard[1])] };
      return [told, next];
    },
  };
  const found = {};
  for (const [name, v] of Object.entries(vectors)) {
    try {
      found[name] = await run[name.split("-")[0]](v);
    } catch (error) {
      found[name] = error instanceof L.Refused ? "refused" : String(error);
    }
  }
  return found;
}"""


def wanted(name: str, v: dict[str, Any]) -> object:
    if v["outcome"] == "refused":
        return "refused"
    if name.startswith("card"):
        return [v["office"], v["fingerprint"], True]
    if name.startswith("book"):
        return [[step["told"] for step in v["steps"]], v["next"]]
    return [v["number"], v["commitment"], v["signed"], v["paragraphs"]]


def test_the_browser_gives_every_vector_its_verdict(sites: Sites, window: Opener) -> None:
    paths = [path for kind in ("card", "sealed", "book") for path in sorted(VECTORS.glob(f"{kind}*.json"))]
    vectors = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    assert len(vectors) > 60
    found = window(sites.north, "duty").go("/letters/desk").page.evaluate(RUN, vectors)
    assert found == {name: wanted(name, v) for name, v in vectors.items()}
