"""What only the demonstration gives a console: a clock that is not the world's, and one-click sign-in.

No setting, no file and no command makes one of these: the demonstration, which makes both ends anew in a
folder of its own and opens them with a passphrase that everybody knows, hands it to `console.app`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demo:
    """`rate`: seconds of the demonstration's clock that pass in one second now (0 while it is being moved).
    `guide_url`: the guide page. `passphrase`: that of all officers. `links`: for each secret of a one-click
    link (`/demo/sign-in/SECRET`), the log-in name it signs in."""

    rate: Callable[[], float]
    guide_url: str
    passphrase: str
    links: Mapping[str, str]
