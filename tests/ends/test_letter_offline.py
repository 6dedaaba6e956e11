"""`parley letter` on a machine with no end and no network: keys, cards, sealing, opening, the book, disclosure."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from principals import SECRET, Offline, offline
from realends import WORDS, Said, in_process, prepared, refused

from parley import cli
from parley.core.instruments import sealed
from parley.core.instruments.sealed import Header
from parley.core.wire import entry as wire
from parley.home import Home
from parley.keys import hybrid, principal
from parley.keys.officers import officer_signer, officers
from parley.keys.signing import FileSigner, Signer, signed

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever would open a socket fails."""

    def none(*_: object, **__: object) -> None:
        raise AssertionError("a letter command opened a socket")

    monkeypatch.setattr(socket, "socket", none)
    with offline():
        yield


@pytest.fixture
def chair(tmp_path: Path) -> Offline:
    return Offline(tmp_path / "chair", "chair", "Chair of the Commission")


@pytest.fixture
def speaker(tmp_path: Path) -> Offline:
    return Offline(tmp_path / "speaker", "speaker", "평의회 의장")


def test_a_letter_goes_out_and_its_answer_comes_back(chair: Offline, speaker: Offline) -> None:
    letter = chair.seals(
        speaker, "First line.\n\nSecond line.\n", "--form-of-address", "Your Excellency", "--tier", "content"
    )
    said = speaker.opens(letter, chair)
    assert said.code == 0 and said.err == ""
    assert "Letter 1 from Chair of the Commission\n  in order: the first one\n" in said.out
    assert "\nYour Excellency\n\nFirst line.\n\nSecond line.\n" in said.out
    answer = speaker.seals(chair, "귀하의 서신을 받았습니다.", "--language", "ko")
    found = chair.opens(answer, speaker, "--json").found
    assert found["paragraphs"] == ["귀하의 서신을 받았습니다."] and found["from"]["office"] == speaker.office
    assert [each["told"] for each in found["findings"]] == ["in order", "ours were read to"]


def test_the_text_and_the_facsimile_go_into_files_when_asked(chair: Offline, speaker: Offline) -> None:
    image = chair.place / "scan.png"
    image.write_bytes(PNG)
    letter = chair.seals(speaker, "The original is attached.", "--facsimile", str(image))
    text, copy = speaker.place / "text", speaker.place / "copy.png"
    said = speaker.opens(letter, chair, "-o", str(text), "--facsimile-out", str(copy))
    assert said.code == 0 and "The original" not in said.out
    assert text.read_text(encoding="utf-8") == "The original is attached.\n" and copy.read_bytes() == PNG
    assert "give --facsimile-out" in speaker.opens(letter, chair).out
    assert stat.S_IMODE(text.stat().st_mode) == stat.S_IMODE(chair.key.stat().st_mode) == 0o600


def test_gaps_copies_and_lateness_are_told_and_the_letter_is_shown_all_the_same(
    chair: Offline, speaker: Offline
) -> None:
    one, two, three = (chair.seals(speaker, f"Text {n}.") for n in (1, 2, 3))
    said = [speaker.opens(each, chair) for each in (three, one, one, two)]
    assert all(each.code == 0 for each in said)
    assert "missing before this: numbers 1 to 2" in said[0].out and "Text 3." in said[0].out
    assert "fills a gap" in said[1].out and "Text 1." in said[1].out
    assert "opened before" in said[2].out and "Text 1." in said[2].out
    assert "fills a gap" in said[3].out
    found = speaker.says("book", "--json").found["counterparts"]
    assert [(each["theirs_opened"], each["theirs_highest"], each["theirs_missing"]) for each in found] == [
        (3, 3, [])
    ]


def test_the_book_counts_both_ways(chair: Offline, speaker: Offline) -> None:
    assert "No letter" in chair.says("book").out
    first = chair.seals(speaker, "One.")
    chair.seals(speaker, "Two, kept back on its way.")
    speaker.opens(first, chair)
    said = chair.opens(speaker.seals(chair, "Answer."), speaker)
    assert (
        "our letters had been opened to number 1" in said.out
        and "not opened then: ours, number 2" in said.out
    )
    book = chair.says("book").out
    assert "ours    2 sealed, opened there to number 1" in book and "theirs  1 opened" in book


def test_a_book_put_back_from_a_copy_warns_the_other_side(chair: Offline, speaker: Offline) -> None:
    copy = chair.book.read_bytes()
    speaker.opens(chair.seals(speaker, "Before."), chair)
    answer = speaker.seals(chair, "Answer.")
    chair.book.write_bytes(copy)
    assert (
        "WARNING: they opened our letter 1, which this book does not know" in chair.opens(answer, speaker).out
    )
    said = speaker.opens(chair.seals(speaker, "After."), chair)
    assert "WARNING: another letter was opened under number 1" in said.out and "After." in said.out
    assert "WARNING: two letters have one number" in speaker.says("book").out


def test_a_letter_that_is_not_whole_or_not_ours_is_refused_and_nothing_of_it_shown(
    chair: Offline, speaker: Offline, tmp_path: Path
) -> None:
    letter = chair.seals(speaker, "Secret words.")
    altered = bytearray(letter.read_bytes())
    altered[-1] ^= 1
    broken = tmp_path / "altered"
    broken.write_bytes(altered)
    third = Offline(tmp_path / "third", "third", "Secretary")
    for who, what, sender in ((speaker, broken, chair), (third, letter, chair), (speaker, letter, third)):
        said = who.opens(what, sender)
        refused(said, "not a letter that can be trusted")
        assert "Secret" not in said.out + said.err
    assert speaker.opens(letter, chair).code == 0


def test_a_card_is_used_only_under_the_fingerprint_a_person_gives(
    chair: Offline, speaker: Offline, tmp_path: Path
) -> None:
    draft, out = str(chair.draft("Text.")), str(tmp_path / "out")
    exchanged = Offline(tmp_path / "attacker", "attacker", speaker.office)
    words = ("seal", draft, "--to", str(exchanged.card), "-o", out)
    refused(chair.says(*words, "--fingerprint", speaker.fingerprint), "has another fingerprint")
    refused(chair.says(*words, "--fingerprint", "12"), "is not a fingerprint")
    spaced = " ".join(exchanged.fingerprint[i : i + 4] for i in range(0, 64, 4)).upper()
    assert chair.says(*words, "--fingerprint", spaced).code == 0
    shown = in_own(exchanged, "card", "--of", str(speaker.card))
    assert speaker.fingerprint[:4] + " " in shown and "평의회 의장" in shown


def in_own(who: Offline, *words: str) -> str:
    said = who.says(*words, key=False)
    assert said.code == 0, said
    return said.out


def test_a_number_is_used_up_only_by_a_letter_that_was_written(chair: Offline, speaker: Offline) -> None:
    draft = str(chair.draft("Text."))
    out = chair.place / "there"
    out.write_bytes(b"already")
    words = ("seal", draft, *speaker.pinned("--to"), "-o")
    refused(chair.says(*words, str(out)), "exists already")
    refused(chair.says(*words, str(out / "below")), "cannot be written")
    (chair.place / "out.part").mkdir()
    refused(chair.says(*words, str(chair.place / "out")), "exists already")
    assert "number 1" not in chair.says("book").out and "No letter" in chair.says("book").out
    assert out.read_bytes() == b"already"


def test_a_wrong_passphrase_and_damaged_files_are_told_in_a_sentence(
    chair: Offline, speaker: Offline, tmp_path: Path
) -> None:
    letter = chair.seals(speaker, "Text.")
    whole = speaker.words.read_bytes()
    speaker.words.write_text("another")
    refused(speaker.opens(letter, chair), "wrong passphrase")
    speaker.words.write_bytes(whole)
    for file, has in ((speaker.key, "is damaged"), (speaker.book, "is damaged, or not of this key")):
        before = file.read_bytes()
        for data in (before[: len(before) // 2], b"", b"[]", b"\xff" * 100):
            file.write_bytes(data)
            refused(speaker.opens(letter, chair), has)
        file.write_bytes(before)
    speaker.book.write_bytes(chair.book.read_bytes())
    refused(speaker.opens(letter, chair), "not of this key")
    speaker.book.unlink()
    refused(speaker.opens(letter, chair), "is not there")
    assert speaker.says("book", "--anew").code == 0
    refused(speaker.says("book", "--anew"), "a letter book already")
    assert speaker.opens(letter, chair).code == 0


def test_a_key_file_whose_card_was_exchanged_is_refused(chair: Offline, speaker: Offline) -> None:
    """SL-1: the card lies in the clear, and is checked against the keys under the passphrase."""
    document = json.loads(chair.key.read_bytes())
    document["card"] = json.loads(speaker.key.read_bytes())["card"]
    chair.key.write_text(json.dumps(document))
    refused(chair.says("card"), "is damaged")


def test_nothing_is_ever_overwritten(chair: Offline, speaker: Offline) -> None:
    refused(
        chair.says("key", "chair", "--office", "Again", "--in", str(chair.place), key=False), "exists already"
    )
    refused(chair.says("card", "-o", str(chair.card)), "exists already")
    letter = chair.seals(speaker, "Text.")
    refused(speaker.opens(letter, chair, "-o", str(speaker.card)), "exists already")
    chair.key.unlink()
    refused(
        chair.says("key", "chair", "--office", "Again", "--in", str(chair.place), key=False),
        "chair.book exists",
    )


def test_a_disclosed_letter_is_checked_by_anyone(chair: Offline, speaker: Offline, tmp_path: Path) -> None:
    copy, out = tmp_path / "copy", tmp_path / "letter"
    words = ("seal", str(chair.draft("To be shown.")), *speaker.pinned("--to"), "-o", str(out))
    assert chair.says(*words, "--own-copy", str(copy)).code == 0
    shown = tmp_path / "shown"
    said = speaker.says("disclose", str(out), *chair.pinned("--from"), "-o", str(shown))
    assert said.code == 0 and "that it exists" in said.out
    assert shown.read_bytes() == copy.read_bytes()
    named = sealed.read_sealed(out.read_bytes())[0].commitment.hex()

    def check(*more: str) -> Said:
        return speaker.says("check-disclosed", str(shown), *more, key=False)

    assert check().code == cli.NOT_PINNED
    pinned = check("--fingerprint", chair.fingerprint, "--commitment", named)
    assert pinned.code == 0 and "To be shown." in pinned.out
    assert check("--fingerprint", speaker.fingerprint).code == cli.NOT_VERIFIED
    assert check("--commitment", "00" * 32, "--json").found["verdict"] == "refused"
    shown.write_bytes(shown.read_bytes().replace(b"To be", b"Not be"))
    assert check().code == cli.NOT_VERIFIED


def test_a_text_that_cannot_be_a_letter_is_refused_before_anything_is_written(chair: Offline) -> None:
    out = chair.place / "none"

    def write(data: bytes, *more: str) -> None:
        refused(chair.says("write", "-o", str(out), *more, stdin=data, key=False), "")
        assert not out.exists()

    write(b"")
    write(b"\xff\xfe")
    write(b"a\x07b")
    write(b"x" * 1601)
    write(b"x\n" * 129)
    write(b"x", "--facsimile", str(chair.key))
    write(b"x", "--language", "x" * 17)


def test_words_of_theirs_do_not_act_on_the_terminal(chair: Offline, speaker: Offline) -> None:
    letter = chair.seals(speaker, "before \u202eright to left")
    said = speaker.opens(letter, chair)
    assert "<U+202E>" in said.out and "\u202e" not in said.out


def test_two_letters_sealed_at_once_have_two_numbers(chair: Offline, speaker: Offline) -> None:
    """SL-8: the lock on the key file keeps two commands apart."""
    ours = principal.unlock_principal(chair.key, SECRET)
    to = sealed.read_card(speaker.card.read_bytes())
    content = sealed.read_draft(chair.draft("Text.").read_bytes())
    child = os.fork()
    if child == 0:
        try:
            for _ in range(5):
                _one(ours, chair, to, content)
        finally:
            os._exit(0)
    for _ in range(5):
        _one(ours, chair, to, content)
    assert os.waitpid(child, 0)[1] == 0
    assert "ours    10 sealed" in chair.says("book").out


def _one(
    ours: principal.Principal, chair: Offline, to: sealed.PrincipalCard, content: sealed.Content
) -> None:
    with principal.held_book(ours, chair.key) as held:
        _, after = principal.seal(ours, held.book, to, content, 0)
        held.keep(after)


def test_a_passphrase_is_asked_for_only_on_a_terminal(
    chair: Offline, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(in_process(["letter", "card", "--key", str(chair.key)]), "no terminal to ask on")
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET)
    assert in_process(["letter", "card", "--key", str(chair.key)], terminal=True).code == 0
    monkeypatch.setattr("getpass.getpass", lambda prompt: "")
    refused(in_process(["letter", "card", "--key", str(chair.key)], terminal=True), "is empty")


# --- with every key of both ends --------------------------------------------------------------


def keys_of(end: Home, path: Path) -> tuple[list[bytes], list[Signer]]:
    """Every secret that an end has, and whatever signs in its party's name: root, node and officers."""
    table = end.keys.table
    secrets = [secret for name in table.names("") if (secret := table.get(name)) is not None]
    signers: list[Signer] = [end.keys.root(WORDS["root"]), end.keys.node]
    signers += [officer_signer(path, each.name, WORDS[each.name])[1] for each in officers(path)]
    return secrets, signers


def test_every_key_of_both_ends_opens_no_letter_and_makes_none(
    chair: Offline, speaker: Offline, tmp_path: Path
) -> None:
    """SL-5, SL-7: administrators and officers of both together, with all passphrases."""
    data = chair.seals(speaker, "For the addressee alone.").read_bytes()
    header, closed = sealed.read_sealed(data)
    to = sealed.read_card(speaker.card.read_bytes())
    pair = prepared(tmp_path / "ends")
    secrets, signers = list[bytes](), list[Signer]()
    for each in pair:
        home = Home.open(each.home, WORDS["end"])
        found = keys_of(home, each.home)
        home.close()
        secrets += found[0]
        signers += found[1]
    assert len(secrets) > 20 and len(signers) >= 8
    tried = 0
    for secret in secrets:
        for at in range(
            0, max(1, len(secret) - hybrid.SEED_BYTES + 1), 32
        ):  # whatever could be a private half
            seed = secret[at : at + hybrid.SEED_BYTES].ljust(hybrid.SEED_BYTES, b"\0")
            assert hybrid.unseal(seed, closed, sealed.header_bytes(header)) is None
            tried += 1
    assert tried >= len(secrets)

    letter = sealed.Letter(
        bytes(32), header.sender, header.addressee, 2, header.commitment, None, 0,
        sealed.Content("en", None, None, sealed.Tier.EXISTENCE, ("Forged.",), None),
    )  # fmt: skip
    forged = tmp_path / "forged"
    for signer in (*signers, *(FileSigner(secret[:32]) for secret in secrets if len(secret) >= 32)):
        written = wire.encode_signed(signed(signer, sealed.letter_payload(letter)), tagged=True)
        outside = Header(letter.sender, letter.addressee, 2, sealed.commitment(written))
        closed = hybrid.seal(to.sealing_key, sealed.padded(written), sealed.header_bytes(outside))
        forged.write_bytes(sealed.encode_sealed(outside, closed))
        said = speaker.opens(forged, chair)
        refused(said, "its signature does not verify")
        assert "Forged" not in said.out
    true = tmp_path / "true"
    true.write_bytes(data)
    assert "For the addressee alone." in speaker.opens(true, chair).out
