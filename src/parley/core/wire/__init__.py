"""Bytes <-> values: one value, one encoding, anything else refused (spec 2 and 5 to 8).

`cbor` is the strict subset everything signed is written in; `entry` is what is signed and recorded;
`body` is how a text becomes small; `frame` is what a bearer carries.
"""
