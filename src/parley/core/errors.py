"""Whose fault it is: three errors, one for each party that can be wrong.

A door of Parley raises only these. Anything else that escapes is a bug of ours, and the node stops
rather than go on with a state it does not understand.
"""


class ParleyError(Exception):
    """The root of the errors that Parley raises on purpose.

    `text` is one sentence for a person; `hint` says what to do, or is empty.
    """

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class LocalError(ParleyError):
    """Somebody at our end asked for what is not allowed or cannot be; nothing was recorded."""


class RemoteError(ParleyError):
    """Bytes nobody can be held to: dropped and counted, never recorded."""


class PeerFault(ParleyError):
    """Signed by the peer and wrong: kept as evidence and shown, and the line goes on."""

    def __init__(self, text: str, evidence: bytes) -> None:
        super().__init__(text)
        self.evidence = evidence
