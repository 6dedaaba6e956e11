"""One TOML file -> one frozen Config; every setting carries its default, unit and help.

The file is `parley.toml` in the home. What both parties must agree on is in the accord and not here.
Unknown settings are refused, so that a misspelt one is not silently without effect.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeAlias

from parley.core.errors import LocalError

Toml: TypeAlias = "dict[str, Toml] | list[Toml] | str | int | float | bool"


@dataclass(frozen=True, slots=True)
class BearerConfig:
    """A `[bearer.NAME]` table: one way to the other end."""

    name: str
    listen: str = field(default="", metadata={"help": "ADDRESS:PORT to listen on; empty: not"})
    dial: str = field(
        default="", metadata={"help": "ADDRESS:PORT of the other end; empty: wait to be dialled"}
    )
    pair: str = field(default="", metadata={"help": "name of the pair it reaches; empty: every pair"})
    lines: tuple[str, ...] = field(default=(), metadata={"help": "names of the lines it carries; empty: all"})


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of an end."""

    life_s: int = field(default=10, metadata={"help": "seconds between signs of life on a line, 1 to 86400"})
    fresh_lives: int = field(
        default=3, metadata={"help": "signs of life that may be missed before a line is DOWN"}
    )
    console_bind: str = field(
        default="127.0.0.1",
        metadata={
            "help": "address the console listens on; whoever reaches it sees the alarm wall and can try to sign in; "
            "plain HTTP, so loopback by default"
        },
    )
    console_port: int = field(default=0, metadata={"help": "port of the console; 0: no console"})
    console_hosts: tuple[str, ...] = field(
        default=("localhost", "127.0.0.1"), metadata={"help": "host names under which a browser may reach it"}
    )
    passphrase_file: str = field(
        default="",
        metadata={
            "help": "file with the end's passphrase, readable by its owner only, for an unattended start"
        },
    )
    site: str = field(
        default="",
        metadata={
            "help": "folder in which announcements are published, for a web server to show; empty: nowhere"
        },
    )
    announce_late_s: int = field(
        default=900,
        metadata={
            "help": "seconds this end may be late by itself with an announcement, 0 to 86400; later it is held"
        },
    )
    bearers: tuple[BearerConfig, ...] = field(default=(), metadata={"help": "tables [bearer.NAME]"})


def load(path: Path) -> Config:
    """The configuration at `path`; all defaults when there is none. Raises LocalError."""
    try:
        found: dict[str, Toml] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise LocalError(
            f"{path} cannot be read: {e}", "mend the file, or move it away to use the defaults"
        ) from None
    tables = found.pop("bearer", {})
    if not isinstance(tables, dict):
        raise LocalError(f"{path}: bearer is not a table", "write one table for each: [bearer.NAME]")
    bearers = tuple(_bearer(path, name, table) for name, table in tables.items())
    known = {f.name: f for f in fields(Config) if f.name != "bearers"}
    values = {
        name: _value(path, name, value, known[name].default) for name, value in _known(path, found, known)
    }
    config = Config(**values, bearers=bearers)  # type: ignore[arg-type]
    if (
        not 1 <= config.life_s <= 86400
        or not 1 <= config.fresh_lives <= 100
        or not 0 <= config.console_port <= 65535
    ):
        raise LocalError(
            f"{path}: a number is out of range", "life_s 1 to 86400, fresh_lives 1 to 100, ports to 65535"
        )
    if not 0 <= config.announce_late_s <= 86400:
        raise LocalError(f"{path}: announce_late_s is out of range", "0 to 86400 seconds")
    if config.console_port and not config.console_hosts:
        raise LocalError(
            f"{path}: console_hosts names no host", "no browser could reach the console: name one"
        )
    return config


def address(words: str) -> tuple[str, int] | None:
    """ADDRESS:PORT as a pair, None for an empty one. Raises LocalError."""
    if not words:
        return None
    host, _, port = words.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise LocalError(f"{words!r} is not ADDRESS:PORT", "for example 127.0.0.1:7411")
    return host.strip("[]"), int(port)


def _bearer(path: Path, name: str, table: Toml) -> BearerConfig:
    if not isinstance(table, dict):
        raise LocalError(f"{path}: bearer.{name} is not a table", f"write [bearer.{name}]")
    known = {f.name: f for f in fields(BearerConfig) if f.name != "name"}
    where = f"bearer.{name}."
    values = {n: _value(path, where + n, v, known[n].default) for n, v in _known(path, table, known, where)}
    made = BearerConfig(name, **values)  # type: ignore[arg-type]
    address(made.listen)
    address(made.dial)
    if not made.listen and not made.dial:
        raise LocalError(
            f"{path}: bearer.{name} neither listens nor dials", "give listen or dial, ADDRESS:PORT"
        )
    return made


def _known(
    path: Path, table: dict[str, Toml], known: Mapping[str, object], where: str = ""
) -> list[tuple[str, Toml]]:
    for name in table:
        if name not in known:
            raise LocalError(
                f"{path}: there is no setting {where}{name}", f"settings are: {', '.join(known)}"
            )
    return list(table.items())


def _value(path: Path, name: str, value: Toml, default: object) -> str | int | tuple[str, ...]:
    if isinstance(default, tuple) and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(str(v) for v in value)
    if type(value) is type(default) and isinstance(value, str | int):
        return value
    raise LocalError(f"{path}: {name} is of the wrong kind", f"write it like this: {name} = {default!r}")
