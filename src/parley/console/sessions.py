"""Who is signed in: sessions, the wait after wrong passphrases, and the cookie.

A session is a token in the officer's browser and, here, what it stands for. Three clocks bound it:

* without an act or a keystroke for `IDLE_LOCK_S` it is *locked*: the signing key leaves our memory, pages still show,
  drafts are still saved, alarms still sound, and an act asks for the passphrase again. A page that keeps itself fresh
  is not an officer at work and does not count;
* after `SESSION_S`, a long watch, it ends; then there is only the alarm wall, which needs no session;
* a new sign-in gets a new token whatever the browser brought, so that no one can have chosen it.

Of a token only the SHA-256 is kept: whoever reads our memory or a dump of it cannot ride on a session. That a key
leaves our memory means that we hold it no longer; Python gives no means to wipe the bytes.

Nothing here reads a clock, draws entropy or knows a request: both are handed in.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parley.console.words import _
from parley.desk import Unlocked

IDLE_LOCK_S: Final = 15 * 60
SESSION_S: Final = 12 * 3600
SESSIONS_MAX: Final = 64
TOKEN_BYTES: Final = 32

FREE_TRIES: Final = 3
NAME_WAIT_MAX_S: Final = 60.0
FREE_TRIES_OF_ALL: Final = 20
ALL_WAIT_MAX_S: Final = 2.0
FORGOTTEN_AFTER_S: Final = 15 * 60
NAMES_MAX: Final = 256


class Session:
    """One officer at one browser. Made by `Sessions.open`.

    `author`: the officer's number in the roster. `token`: what the browser is to send, here until it first does.
    `csrf`: what every form of this session carries. `opened_at`, `used_at`: by the clock handed to `Sessions`;
    `used_at` is the last act or keystroke.
    """

    def __init__(
        self,
        unlocked: Unlocked,
        token: str,
        csrf: str,
        language: str,
        palette: str,
        clock: Callable[[], float],
    ) -> None:
        self.name, self.csrf, self.token = unlocked.name, csrf, token
        self.author = unlocked.officer.author
        self.language, self.palette = language, palette
        self._clock = clock
        self._unlocked: Unlocked | None = unlocked
        self.opened_at = self.used_at = clock()

    @property
    def unlocked(self) -> Unlocked | None:
        """The officer's key, opened; None while the session is locked, and once it has ended."""
        self.drop_idle_key()
        return self._unlocked

    @property
    def locked(self) -> bool:
        """Whether an act needs the passphrase again."""
        return self.unlocked is None

    def touch(self) -> None:
        """The officer did or typed something. What is locked stays locked."""
        if not self.locked:
            self.used_at = self._clock()

    def drop_idle_key(self) -> None:
        """Lets go of the key if its time is over."""
        now = self._clock()
        if now - self.used_at >= IDLE_LOCK_S or now - self.opened_at >= SESSION_S:
            self._unlocked = None

    def forget_key(self) -> None:
        """Locks the session now."""
        self._unlocked = None

    def take_key(self, unlocked: Unlocked) -> None:
        """Unlocks the session with the key of its own officer. Raises ValueError for another's."""
        if unlocked.name != self.name:
            raise ValueError("a session is unlocked by its own officer")
        self._unlocked = unlocked
        self.used_at = self._clock()


class Sessions:
    """The sessions of one console. `clock`: a monotonic reading, in seconds. `entropy`: so many bytes at a call."""

    def __init__(self, clock: Callable[[], float], entropy: Callable[[int], bytes]) -> None:
        self._clock, self._entropy = clock, entropy
        self._by_digest: dict[bytes, Session] = {}

    def open(self, unlocked: Unlocked, language: str, palette: str) -> Session:
        """A new session under a new token. Of more than 64 the one least recently used goes."""
        self.sweep()
        while len(self._by_digest) >= SESSIONS_MAX:
            oldest = min(self._by_digest, key=lambda digest: self._by_digest[digest].used_at)
            self._by_digest.pop(oldest).forget_key()
        token, csrf = (_word(self._entropy(TOKEN_BYTES)) for _ in range(2))
        session = Session(unlocked, token, csrf, language, palette, self._clock)
        self._by_digest[_digest(token)] = session
        return session

    def get(self, token: str) -> Session | None:
        """The session of a token, unless it has ended. Whoever asks, keys that have been idle go."""
        self.sweep()
        session = self._by_digest.get(_digest(token))
        if session is not None:
            session.token = ""  # the browser has it: we need no more than its digest
        return session

    def close(self, session: str | Session) -> None:
        """Ends a session, named by its token or itself; its key is forgotten."""
        found = self._by_digest.get(_digest(session)) if isinstance(session, str) else session
        if found is not None:
            self._drop(lambda s: s is found)

    def lock(self, session: Session) -> None:
        """The officer steps away: the key is forgotten, the session stays."""
        session.forget_key()

    def unlock(self, session: Session, unlocked: Unlocked) -> None:
        """The officer gave the passphrase again. Raises ValueError for another officer's key."""
        session.take_key(unlocked)

    def sweep(self) -> None:
        """Ends what has ended and lets go of keys that have been idle. To be called now and then, so that a key
        leaves memory though no request comes."""
        self._drop(self._ended)
        for session in self._by_digest.values():
            session.drop_idle_key()

    def next_sweep_at(self) -> float | None:
        """When `sweep` next has something to do, by the clock; None while there is no session."""
        times = [
            min(s.opened_at + SESSION_S, s.opened_at + SESSION_S if s.locked else s.used_at + IDLE_LOCK_S)
            for s in self._by_digest.values()
        ]
        return min(times, default=None)

    def _ended(self, session: Session) -> bool:
        return self._clock() - session.opened_at >= SESSION_S

    def _drop(self, which: Callable[[Session], bool]) -> None:
        for digest, session in list(self._by_digest.items()):
            if which(session):
                del self._by_digest[digest]
                session.forget_key()


@dataclass(slots=True)
class _Tries:
    """Failures in a row, when the last was, and until when nothing is tried."""

    failed: int = 0
    at: float = 0.0
    until: float = 0.0


class Throttle:
    """The wait after wrong passphrases: for a name after three 1, 2, 4 .. 60 s, and a short one over all names.

    Never a lock-out for good: a wait is at most a minute, a try during a wait is not tried and lengthens nothing, and
    a quarter of an hour without a failure forgets them all. The wait over all names is at most 2 s: it bounds how
    often a stranger makes us stretch a passphrase, and must not keep the officers out. A stranger who goes on failing
    under an officer's name can still make that officer wait up to a minute at each try; the way round it is the
    command line, on the machine itself.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._names: dict[str, _Tries] = {}
        self._all = _Tries()

    def wait_s(self, name: str) -> float:
        """Seconds until a passphrase under this name will be tried; 0 for at once."""
        now = self._clock()
        tries = self._names.get(_key(name), _Tries())
        return max(0.0, tries.until - now, self._all.until - now)

    def tried(self, name: str) -> None:
        """A try begins. It counts as failed until `succeeded` says otherwise, so that many at once are not free."""
        now, key = self._clock(), _key(name)
        tries = self._names.pop(key, None) or _Tries()
        self._names[key] = tries  # the latest last
        while len(self._names) > NAMES_MAX:
            del self._names[next(iter(self._names))]
        _count(tries, now, FREE_TRIES, NAME_WAIT_MAX_S)
        _count(self._all, now, FREE_TRIES_OF_ALL, ALL_WAIT_MAX_S)

    def failed(self, name: str) -> float:
        """One that was not announced by `tried` failed; gives the wait."""
        self.tried(name)
        return self.wait_s(name)

    def succeeded(self, name: str) -> None:
        """The passphrase was right: this name starts anew, and its try does not count against all."""
        self._names.pop(_key(name), None)
        self._all.failed = max(0, self._all.failed - 1)
        if self._all.failed <= FREE_TRIES_OF_ALL:
            self._all.until = 0.0


def _count(tries: _Tries, now: float, free: int, longest_s: float) -> None:
    if now - tries.at >= FORGOTTEN_AFTER_S:
        tries.failed = 0
    tries.failed, tries.at = tries.failed + 1, now
    if tries.failed > free - 1:
        tries.until = now + min(longest_s, 2.0 ** min(tries.failed - free, 16))


def _key(name: str) -> str:
    """A name as typed, as one of the table: short whatever was sent."""
    return hashlib.sha256(name.strip().casefold().encode("utf-8", "replace")).hexdigest()[:32]


# --- the cookie -------------------------------------------------------------------------------------------------------


def cookie_name(fingerprint: str) -> str:
    """`parley-` and the first 8 digits of our fingerprint. A browser sends a cookie to every port of a name, so two
    ends on one machine must not have cookies of one name."""
    return f"parley-{fingerprint[:8]}"


def cookie(name: str, token: str, *, secure: bool) -> str:
    """The value of a Set-Cookie header that begins a session.

    Lax, not Strict: on a closed net the console is reached by links from other pages, and a session that looked
    signed out after such a link would teach officers to type passphrases into whatever page asks. What Strict would
    guard, acts, is guarded by where a form comes from (`guard`) and by the token in it.
    """
    return _header(name, token, SESSION_S) + ("; Secure" if secure else "")


def no_cookie(name: str) -> str:
    """The value of a Set-Cookie header that ends a session."""
    return _header(name, "", 0)


def tokens_of(header: str, name: str) -> tuple[str, ...]:
    """What could be tokens in a Cookie header, at most `TOKENS_MOST`, in its order. There can be several: another page
    of the same host may have set a cookie of our name, and the browser sends it before ours."""
    found = []
    for part in header[:8192].split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and _TOKEN.fullmatch(value):
            found.append(value)
    return tuple(found[:TOKENS_MOST])


TOKENS_MOST: Final = 8
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def _header(name: str, token: str, age_s: int) -> str:
    return f"{name}={token}; Max-Age={age_s}; Path=/; HttpOnly; SameSite=Lax"


def _word(drawn: bytes) -> str:
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode("ascii")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class Locked(Exception):
    """The session has locked itself, and the act needs the officer's key."""

    def __init__(self) -> None:
        super().__init__()
        self.text = _("Your session is locked, so nothing was done yet.")
        self.hint = _("Give your passphrase with the form below. What you typed is kept.")


def signed(session: Session) -> tuple[str, Unlocked]:
    """Who does it, and the key that signs it. Raises Locked."""
    if session.unlocked is None:
        raise Locked
    return session.name, session.unlocked
