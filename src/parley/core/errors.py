"""Whose fault it is: an error for our own people, and one for bytes that nobody can be held to.

What a peer signed and should not have is no error here: it is recorded and kept as a fault (`store`).
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
