"""The public site of one end: what it announced, as static files that any web server can show (docs/adr/0027).

A folder with `index.html`, a page for each announcement, an Atom feed, a style, and beside each text the file that
proves it. No script, nothing from elsewhere, nothing of the line: which points were agreed, and so what a text leaves
out, is not here. The same announcements give the same bytes, so the folder can be written again at any time, and is, at
every start. Each file is put in place whole, the index last: a reader sees the site before or after, never between.

`folder` writes, `pages` makes what is written, `words` says it in the languages of the texts.
"""

from __future__ import annotations

from parley.site.folder import Folder
from parley.site.pages import files_of

__all__ = ["Folder", "files_of"]
