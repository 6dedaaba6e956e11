"""Whose fault it is: an error for our own people, and one for bytes that nobody can be held to.

What a peer signed and should not have is no error here: it is recorded and kept as a fault (`store`).
A door of Parley raises only these. Anything else that escapes is a bug of ours, and the node stops
rather than go on with a state it does not understand.
"""


class Sentence(str):
    """A sentence in English that remembers how it was made, so that a console can say it in another language.

    `Sentence("there is no officer {name}", name=...)`: a `str` like any other; `template` is the key of the
    catalogues and `values` fill it. A value that is itself a Sentence is said in the same language.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> "Sentence":
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.values = template, values
        return made


class ParleyError(Exception):
    """The root of the errors that Parley raises on purpose.

    `text` is one sentence for a person; `hint` says what to do, or is empty. Either may be a Sentence.
    """

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class LocalError(ParleyError):
    """Somebody at our end asked for what is not allowed or cannot be; nothing was recorded."""


class RemoteError(ParleyError):
    """Bytes nobody can be held to: dropped and counted, never recorded."""
