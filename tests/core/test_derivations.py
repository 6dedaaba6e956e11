"""Every derivation of the product, held against our vectors and against HKDF and HMAC read anew (spec 3, 4, 14.1)."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from parley.core import suite
from parley.core.errors import RemoteError
from parley.core.types import Value
from parley.core.wire import cbor

VECTORS = Path(__file__).parents[2] / "vectors"
LINE = hashlib.sha256(b"line").digest()
KEY = hashlib.sha256(b"key").digest()


def vector(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return found


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def expanded(key: bytes, *info: Value, size: int = 32) -> bytes:
    """The first block of HKDF-Expand (RFC 5869 section 2.3)."""
    return hmac.new(key, cbor.encode(info) + b"\x01", hashlib.sha256).digest()[:size]


def test_a_pair_has_the_secrets_of_the_vectors() -> None:
    """PA-5, PA-6, SU-5."""
    v = vector("suite/pairing-secret")
    first, second = (h(share) for share in v["shares"])
    secret = suite.pairing_secret(h(v["transcript"]), (first, second))
    assert secret == h(v["pairing_secret"])
    assert suite.commitment_master(secret) == h(v["commitment_master"])
    assert suite.line_master(secret) == suite.key_tree(h(v["line_master_seed"]))


def test_a_line_has_the_ids_and_secrets_of_the_vectors() -> None:
    """PA-3, PA-4, PA-7 to PA-10."""
    v = vector("suite/transcript-and-line-ids")
    payloads = [h(p) for p in v["card_payloads"]]
    assert suite.transcript_hash(payloads) == suite.transcript_hash(payloads[::-1]) == h(v["transcript"])
    assert suite.line_id(h(v["transcript"]), "", bytes(16)) == h(v["line_0"])
    assert suite.line_id(h(v["transcript"]), v["line_name"], h(v["line_nonce"])) == h(v["line"])
    v = vector("suite/line-secret")
    master = suite.key_tree(h(v["line_master_seed"]))
    assert suite.line_secret(master, h(v["line"])) == h(v["line_secret"])
    assert suite.commitment_key(h(v["commitment_master"]), h(v["line"])) == h(v["commitment_key"])


@pytest.mark.parametrize("sender", [0, 1])
def test_the_first_epoch_has_the_keys_of_the_vectors(sender: int) -> None:
    """SU-4, SU-9 to SU-11."""
    v = vector(f"suite/epoch-0-of-party-{sender}")
    one, other = v["incarnations"]
    seed = suite.epoch_seed(h(v["line_secret"]), h(v["line"]), v["sender"], (one, other), v["epoch"])
    assert (seed, suite.epoch_tag(seed)) == (h(v["seed"]), h(v["tag"]))
    for frame in v["frames"]:
        leaf = suite.key_tree(seed).leaf(frame["counter"])
        assert leaf == h(frame["leaf"])
        assert suite.frame_key(leaf) == h(frame["frame_key"])


def test_a_chain_of_epochs_has_the_keys_of_the_vectors() -> None:
    """EP-1, 14.1."""
    v = vector("epoch/chain-of-three")
    line, (one, other) = h(v["line"]), v["incarnations"]
    first = h(v["epochs"][0]["carried_value"])
    for number, epoch in enumerate(v["epochs"]):
        root = h(epoch["root_key"])
        seed = suite.epoch_seed(root, line, v["sender"], (one, other), epoch["epoch"])
        assert (seed, suite.epoch_tag(seed)) == (h(epoch["seed"]), h(epoch["tag"]))
        assert suite.carried_value(root, line) == h(epoch["carried_value"])
        assert suite.reserve(root, line, v["sender"]) == h(epoch["reserve"])
        if number < len(v["made_by"]):
            made = v["made_by"][number]
            secrets = (h(made["new_secret"]), h(made["their_secret"]), first, h(made["leaf"]))
            following = suite.next_root_key(h(epoch["carried_value"]), *secrets)
            assert following == h(v["epochs"][number + 1]["root_key"])


def test_what_the_seal_of_a_new_secret_is_bound_to_is_that_of_the_vectors() -> None:
    """EP-4, 14.3."""
    v = vector("epoch/sealed-secret")
    one, other = v["incarnations"]
    info = suite.epoch_secret_info(
        h(v["line"]), v["sender"], (one, other), v["epoch"], v["batch"], v["index"]
    )
    assert info == h(v["info"])


def test_the_salts_are_those_of_the_vectors() -> None:
    """EN-10."""
    v = vector("suite/salts")
    key = h(v["commitment_key"])
    assert [suite.salt(key, 0, 1, 1, i) for i in range(len(v["act"]))] == [h(s) for s in v["act"]]
    statement = [suite.node_salt(key, 0, 1, 1, i) for i in range(len(v["statement"]))]
    assert statement == [h(s) for s in v["statement"]]


def test_the_hash_of_a_field_is_over_its_kind_its_place_and_its_salt() -> None:
    """EN-9."""
    wanted = hashlib.sha256(cbor.encode(("parley/field/1", 8, 3, 1, b"salt", "field"))).digest()
    assert suite.field_hash(8, 3, 1, b"salt", "field") == wanted


def test_an_expansion_is_hkdf_with_the_array_of_label_and_context() -> None:
    """SU-5, SU-9."""
    assert suite.expand(KEY, "label", 1, LINE) == expanded(KEY, "label", 1, LINE)
    assert suite.expand(KEY, "label", size=4) == expanded(KEY, "label", size=4)
    extracted = hmac.new(b"salt", b"secret", hashlib.sha256).digest()
    assert (
        suite.hkdf(b"secret", b"salt", b"info") == hmac.new(extracted, b"info\x01", hashlib.sha256).digest()
    )


def test_a_seal_opens_under_its_key_and_its_clear_bytes_alone() -> None:
    """SU-3."""
    v = vector("suite/seal")
    key, clear, plain = h(v["key"]), h(v["associated"]), h(v["plain"])
    assert suite.seal(key, clear, plain) == h(v["sealed"])
    assert suite.unseal(key, clear, h(v["sealed"])) == plain
    for changed in ((KEY, clear, h(v["sealed"])), (key, b"", h(v["sealed"])), (key, clear, b"short")):
        with pytest.raises(RemoteError):
            suite.unseal(*changed)


# --- keys and trees at their edges ------------------------------------------------------------------------------


def test_the_leaves_of_a_range_are_those_taken_one_by_one() -> None:
    """SU-6, ADR 8: a block of counters at once."""
    tree = suite.key_tree(KEY)
    for first, end in ((0, 0), (0, 1), (5, 9), (250, 260), (2**32 - 3, 2**32)):
        assert tree.leaves(first, end) == [tree.leaf(i) for i in range(first, end)]


def test_a_range_with_an_erased_leaf_in_it_gives_none_of_it() -> None:
    """SU-7."""
    tree = suite.key_tree(KEY).without(6)
    assert tree.leaves(0, 6) == [tree.leaf(i) for i in range(6)]
    assert tree.leaves(7, 12) == [tree.leaf(i) for i in range(7, 12)]
    for first, end in ((6, 7), (0, 7), (6, 12), (0, 12)):
        with pytest.raises(KeyError):
            tree.leaves(first, end)


def test_a_tree_of_other_bytes_is_refused() -> None:
    tree = suite.key_tree(KEY).without(3)
    assert suite.decode_tree(suite.encode_tree(tree)) == tree
    for bad in (
        5,
        (5,),
        ((0, 0),),
        ((0, 0, KEY, KEY),),
        (("0", 0, KEY),),
        ((0, None, KEY),),
        ((0, 0, "key"),),
    ):
        with pytest.raises(RemoteError):
            suite.decode_tree(cbor.encode(bad))


def test_a_public_key_is_a_point_of_large_order_in_its_one_encoding() -> None:
    """SU-2."""
    good = hashlib.sha256(b"no").digest()
    points = [bytes((i,)) + bytes(31) for i in range(2, 40)]
    fit = 0
    for point in (*points, good):
        try:
            assert suite.check_public_key(point) == point
            fit += 1
        except RemoteError:
            continue
    assert 10 < fit < 30
    y_max = 2**255 - 19
    for bad in (b"", bytes(31), bytes(33), bytes(32), b"\x01" + bytes(31), y_max.to_bytes(32, "little")):
        with pytest.raises(RemoteError):
            suite.check_public_key(bad)
    assert not suite.verify(b"short", b"message", bytes(64))
    assert not suite.verify(y_max.to_bytes(32, "little"), b"message", bytes(64))
