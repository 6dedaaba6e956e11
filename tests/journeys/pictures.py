"""Small PNG files of what the browser shows: fewer colours, no other dependency than the browser itself.

Chromium's own pictures carry 16 million colours for pages that use a few dozen. A canvas counts the colours and maps
each pixel to the nearest of the commonest; the file is then written with a palette. A contact sheet is a page of
pictures that the browser lays out once.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

BYTES_MAX: Final = 600 * 1024
TILE: Final = (480, 450)
COLUMNS: Final = 4

_REDUCE: Final = (Path(__file__).parent / "reduce.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Tile:
    """One picture of a contact sheet and the words under it."""

    words: str
    png: bytes


class Darkroom:
    """Makes pictures small, in a blank page of the browser."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(
            viewport={"width": TILE[0] * COLUMNS + 16 * (COLUMNS + 1), "height": 800}
        )
        self._page: Page = self._context.new_page()

    def small(self, png: bytes, *, width: int = 0, colours: int = 48) -> bytes:
        """The picture with a palette of at most `colours`, at most BYTES_MAX long; `width`: scaled to it."""
        while True:
            w, h, palette, packed = self._page.evaluate(
                _REDUCE, [base64.b64encode(png).decode(), width, colours]
            )
            made = _png(w, h, bytes(palette), base64.b64decode(packed))
            if len(made) <= BYTES_MAX:
                return made
            assert colours > 8, "the picture cannot be made small enough"
            colours -= 8

    def sheet(self, title: str, tiles: list[Tile], ground: str, text: str) -> bytes:
        """All tiles on one page, in order."""
        figures = "".join(
            f'<figure><img width="{TILE[0]}" height="{TILE[1]}" src="data:image/png;base64,'
            f'{base64.b64encode(tile.png).decode()}"><figcaption>{tile.words}</figcaption></figure>'
            for tile in tiles
        )
        self._page.set_content(
            f"<style>body {{ margin: 16px; background: {ground}; color: {text}; font: 14px system-ui }} h1 {{ "
            f"font-size: 20px; margin: 0 0 16px }} main {{ display: grid; grid-template-columns: repeat({COLUMNS}, "
            f"{TILE[0]}px); gap: 16px }} figure {{ margin: 0 }} img {{ display: block; outline: 1px solid #8888 }} "
            f"figcaption {{ padding-top: 4px }}</style><h1>{title}</h1><main>{figures}</main>"
        )
        self._page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
        return self.small(self._page.screenshot(full_page=True), colours=32)

    def close(self) -> None:
        self._context.close()


def _png(width: int, height: int, palette: bytes, pixels: bytes) -> bytes:
    """A PNG with a palette: 4 bits a pixel where 16 colours do, else 8."""
    few = len(palette) // 3 <= 16

    def row(y: int) -> bytes:
        line = pixels[y * width : (y + 1) * width]
        if few:
            line = line + b"\0" * (len(line) % 2)
            line = bytes(a << 4 | b for a, b in zip(line[::2], line[1::2], strict=True))
        return b"\0" + line

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 4 if few else 8, 3, 0, 0, 0)
    rows = zlib.compress(b"".join(row(y) for y in range(height)), 9)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"PLTE", palette),
            chunk(b"IDAT", rows),
            chunk(b"IEND", b""),
        )
    )
