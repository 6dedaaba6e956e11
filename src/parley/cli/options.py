"""The options that many commands have alike: who acts, with which passphrase, a hash, and --json."""

from __future__ import annotations

import argparse
from pathlib import Path

from parley.core.errors import LocalError, Sentence


def json_option(parser: argparse.ArgumentParser, *, keep: bool = False) -> None:
    """--json. `keep`: of a sub-command whose command has it too."""
    default = argparse.SUPPRESS if keep else False
    parser.add_argument("--json", action="store_true", default=default, help="one JSON object")


def root_option(parser: argparse.ArgumentParser) -> None:
    """The file with the root key's passphrase."""
    parser.add_argument("--root-passphrase-file", type=Path, help="file with the root key's passphrase")


def officer_file_option(parser: argparse.ArgumentParser) -> None:
    """The file with an officer's passphrase."""
    parser.add_argument("--officer-passphrase-file", type=Path, help="file with the officer's passphrase")


def officer_options(parser: argparse.ArgumentParser, *, keep: bool = False) -> None:
    """Which officer does it, where nothing is signed."""
    parser.add_argument("--as", dest="by", required=True, metavar="OFFICER", help="log-in name")
    json_option(parser, keep=keep)


def signed_options(parser: argparse.ArgumentParser, *, keep: bool = False) -> None:
    """Which officer signs it, with which passphrase."""
    officer_options(parser, keep=keep)
    officer_file_option(parser)


def pin(words: str) -> str:
    """The fingerprint of a root key as it was given, in 64 hex digits. Raises LocalError."""
    return hash_given(words, "a fingerprint", "64 hex digits, as parley status shows them").hex()


def hash_given(words: str, what: str, hint: str) -> bytes:
    """32 bytes that were given in hex, with or without spaces and colons. Raises LocalError."""
    found = words.replace(" ", "").replace(":", "").lower()
    if len(found) != 64 or any(c not in "0123456789abcdef" for c in found):
        raise LocalError(Sentence("{words!r} is not {what}", words=words[:20], what=what), hint)
    return bytes.fromhex(found)
