"""Making an end: init, officer, pair."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path

from parley.cli import DONE, name, print_json, reach, show
from parley.core.errors import LocalError
from parley.desk.ask import Json
from parley.home import Home

CARD_BYTES_MAX = 1 << 16


def run(options: argparse.Namespace) -> int:
    return {"init": _init, "officer": _officer, "pair": _pair}[options.command](options)


def _init(options: argparse.Namespace) -> int:
    words = reach.new_passphrase(options.passphrase_file, "for this end", "--passphrase-file")
    root = words
    if options.root_passphrase_file is not None:
        root = reach.root_passphrase(options)
    home = Home.create(options.home, party=options.party, passphrase=words, root_passphrase=root)
    fingerprint = (home.keys.get("root fingerprint") or b"").hex()
    home.close()
    print(f"The end of {options.party} is at {options.home}.")
    print("Fingerprint of the root key, to be told to the other party by another way:")
    print(f"  {show.fingerprint(fingerprint)}")
    if options.root_passphrase_file is None:
        print("The root key has the same passphrase; give --root-passphrase-file to keep them apart.")
    return DONE


def _officer(options: argparse.Namespace) -> int:
    if options.does == "list":
        with reach.end(options) as ask:
            found = ask("officers")
        if options.json:
            print_json(name(options), found)
        else:
            show.officers(found)
        return DONE
    words = reach.new_passphrase(
        options.officer_passphrase_file, f"for {options.name}", "--officer-passphrase-file"
    )
    root = _root(options)
    with reach.end(options) as ask:
        made = ask(
            "add_officer",
            name=options.name,
            office=options.office,
            powers=options.powers,
            precedence_max=options.up_to,
            passphrase=words,
            root_passphrase=root,
        )
    assert isinstance(made, dict)
    powers = ", ".join(map(str, _items(made["powers"]))) or "may read, and nothing else"
    print(f"{made['name']} is officer {made['author']}, {made['office']}: {powers}.")
    return DONE


def _pair(options: argparse.Namespace) -> int:
    root = _root(options)
    with reach.end(options) as ask:
        if options.does == "card":
            reach.write_new(options.out, base64.b64decode(str(ask("pair_card", root_passphrase=root))))
            print(f"Our card is in {options.out}. Hand it over; tell its fingerprint by another way.")
        elif options.does == "share":
            share = ask(
                "pair_share",
                their_card=_read(options.card),
                fingerprint=options.fingerprint,
                root_passphrase=root,
            )
            reach.write_new(options.out, base64.b64decode(str(share)))
            print(f"Our share is in {options.out}, sealed to their card. Hand it over.")
        else:
            ask(
                "pair_finish",
                name=options.name,
                their_card=_read(options.card),
                their_share=_read(options.share),
                root_passphrase=root,
            )
            print(f"Paired with {options.name}. Next: a [bearer.NAME] in parley.toml, then parley up.")
    return DONE


def _root(options: argparse.Namespace) -> str:
    """The root key's passphrase; the end's own where none is given apart."""
    if options.root_passphrase_file is None and options.passphrase_file is not None:
        return reach.passphrase(options)
    return reach.root_passphrase(options)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(CARD_BYTES_MAX + 1)
        if len(data) > CARD_BYTES_MAX:
            raise LocalError(f"{path} is too large to be a card or a share", "give the file as it was made")
        return base64.b64encode(data).decode()
    except OSError as e:
        raise LocalError(f"{path} cannot be read: {e.strerror}", "check the path") from None


def _items(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
