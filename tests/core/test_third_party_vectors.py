"""Other people's vectors against our suite, codec and tree: `vectors/third-party`, read and never changed.

A verdict is compared by rule, not by a list of exceptions: what we refuse beyond a vector's own verdict is
said in the test that refuses it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.types import Signed
from parley.core.wire import cbor, entry

THIRD_PARTY = Path(__file__).parents[2] / "vectors" / "third-party"


def read(name: str) -> Any:
    return json.loads((THIRD_PARTY / name).read_text(encoding="utf-8"))


def wycheproof(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in read(f"wycheproof/{name}_test.json")["testGroups"]:
        for test in group["tests"]:
            yield group, test


def accepts(key: bytes, message: bytes, signature: bytes) -> bool:
    """Our whole rule: the key is fit to be one, and the signature is its own."""
    try:
        suite.check_public_key(key)
    except RemoteError:
        return False
    return suite.verify(key, message, signature)


# --- Ed25519 ------------------------------------------------------------------------------------------------


def test_wycheproof_ed25519_verdicts_are_ours_without_exception() -> None:
    """SU-1: RFC 8032, canonical, cofactorless. No case of this file is merely acceptable."""
    wrong = []
    for group, test in wycheproof("ed25519"):
        key = bytes.fromhex(group["publicKey"]["pk"])
        assert test["result"] in ("valid", "invalid")
        verdict = accepts(key, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
        if verdict != (test["result"] == "valid"):
            wrong.append(test["tcId"])
    assert wrong == []


REFUSED_BY_RULE = {
    "low_order_A",  # SU-2: any message would verify under such a key
    "non_canonical_A",  # SU-2: two encodings of one key
    "non_canonical_R",  # SU-1: R is compared as bytes
    "low_order_residue",  # SU-1: the equation holds only when multiplied by the cofactor
    "reencoded_k",  # SU-1: k is hashed over the bytes as they came
}


def test_cctv_edge_cases_are_accepted_exactly_when_no_rule_refuses_them() -> None:
    """SU-1 and SU-2: on these signatures libraries disagree; the flags of a case decide our verdict."""
    cases = read("cctv/ed25519vectors.json")
    accepted = 0
    for case in cases:
        verdict = accepts(bytes.fromhex(case["key"]), case["msg"].encode("ascii"), bytes.fromhex(case["sig"]))
        assert verdict == (not REFUSED_BY_RULE & set(case["flags"] or ())), case["number"]
        accepted += verdict
    assert 0 < accepted < len(cases)


SMALL_ORDER = (  # all encodings of the eight points of small order, non-canonical ones included
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
)


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_of_small_order_is_refused(key: str) -> None:
    """SU-2."""
    with pytest.raises(RemoteError):
        suite.check_public_key(bytes.fromhex(key))


@pytest.mark.parametrize("above", range(19))
@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_key_whose_number_is_not_reduced_is_refused(above: int, sign: int) -> None:
    """SU-2: the nineteen numbers from p to 2^255 - 1."""
    key = bytearray((2**255 - 19 + above).to_bytes(32, "little"))
    key[31] |= sign
    with pytest.raises(RemoteError):
        suite.check_public_key(bytes(key))


def test_about_half_of_all_numbers_are_no_point_and_are_refused() -> None:
    """SU-2."""
    fit = 0
    for n in range(2, 66):
        try:
            suite.check_public_key(n.to_bytes(32, "little"))
            fit += 1
        except RemoteError:
            pass
    assert 16 < fit < 48


# --- AES-GCM-SIV and HKDF -----------------------------------------------------------------------------------


def test_wycheproof_aes_gcm_siv_opens_and_refuses_as_listed() -> None:
    """SU-3. Our seal has a zero nonce, so the library is tried with every nonce and our own with zero."""
    with_zero_nonce = 0
    for group, test in wycheproof("aes_gcm_siv"):
        if group["keySize"] != 256:
            continue
        key, iv, aad = (bytes.fromhex(test[name]) for name in ("key", "iv", "aad"))
        plain, sealed = bytes.fromhex(test["msg"]), bytes.fromhex(test["ct"] + test["tag"])
        try:
            opened: bytes | None = AESGCMSIV(key).decrypt(iv, sealed, aad)
        except (InvalidTag, ValueError):
            opened = None
        assert opened == (plain if test["result"] == "valid" else None), test["tcId"]
        if test["result"] == "valid":
            assert AESGCMSIV(key).encrypt(iv, plain, aad) == sealed, test["tcId"]
        if iv == bytes(12):
            with_zero_nonce += 1
            if test["result"] == "valid":
                assert suite.seal(key, aad, plain) == sealed
                assert suite.unseal(key, aad, sealed) == plain
            else:
                with pytest.raises(RemoteError):
                    suite.unseal(key, aad, sealed)
    assert with_zero_nonce


def test_wycheproof_hkdf_sha256_agrees() -> None:
    """SU-5. A size above 255 times 32 is our own mistake, so it is a ValueError."""
    for _, test in wycheproof("hkdf_sha256"):
        ikm, salt, info = (bytes.fromhex(test[name]) for name in ("ikm", "salt", "info"))
        if test["result"] == "valid":
            assert suite.hkdf(ikm, salt, info, test["size"]).hex() == test["okm"], test["tcId"]
        else:
            with pytest.raises(ValueError):
                suite.hkdf(ikm, salt, info, test["size"])


# --- RFC 6962 -----------------------------------------------------------------------------------------------


def merkle(folder: str) -> list[Path]:
    return sorted((THIRD_PARTY / "merkle" / folder).rglob("*.json"))


def b64(value: str | None) -> bytes:
    return base64.b64decode(value or "")


@pytest.mark.parametrize("folder", ["inclusion", "consistency"])
def test_rfc_6962_proofs_are_judged_as_listed(folder: str) -> None:
    """EN-8. A proof from the empty tree proves nothing and is refused, as RFC 9162 defines none."""
    paths = merkle(folder)
    assert len(paths) > 50
    for path in paths:
        case = json.loads(path.read_text(encoding="utf-8"))
        proof = [b64(step) for step in case["proof"] or ()]
        if folder == "inclusion":
            verdict = record.verify_inclusion(
                b64(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, b64(case["root"])
            )
        else:
            verdict = record.verify_consistency(
                case["size1"], case["size2"], b64(case["root1"]), b64(case["root2"]), proof
            )
        assert verdict == (not case["wantErr"]), path.relative_to(THIRD_PARTY)


# --- COSE_Sign1 ---------------------------------------------------------------------------------------------

EDDSA_SIGN1 = ("eddsa-sig-01", "eddsa-sig-02")


@pytest.mark.parametrize("name", EDDSA_SIGN1)
def test_the_stock_eddsa_sign1_examples_have_our_structure(name: str) -> None:
    """EN-4: Sig_structure. The first is Ed25519 and verifies; the second is Ed448, which we refuse."""
    example = read(f"cose/eddsa-examples/{name}.json")
    data = bytes.fromhex(example["output"]["cbor"])
    assert data[:1] == entry.COSE_SIGN1_TAG
    protected, unprotected, payload, signature = cbor.array(cbor.decode(data[1:]), 4, "COSE_Sign1")
    message = cbor.encode(("Signature1", protected, b"", payload))
    assert message.hex() == example["intermediates"]["ToBeSign_hex"].lower()
    key = bytes.fromhex(example["input"]["sign0"]["key"]["x_hex"])
    assert isinstance(signature, bytes)
    if example["input"]["sign0"]["key"]["crv"] == "Ed25519":
        assert accepts(key, message, signature)
        assert not accepts(key, message[:-1] + b"\x00", signature)
    else:
        assert not accepts(key, message, signature)
    assert unprotected != {}  # the key id stands there, so our subset refuses it: next test


def cose_files() -> list[Path]:
    return sorted((THIRD_PARTY / "cose").rglob("*.json"))


@pytest.mark.parametrize("path", cose_files(), ids=lambda path: path.stem)
def test_a_stock_cose_message_outside_our_subset_is_refused(path: Path) -> None:
    """EN-3: every stock example has another algorithm, header or tag; none is let in."""
    data = bytes.fromhex(json.loads(path.read_text(encoding="utf-8"))["output"]["cbor"])
    with pytest.raises(RemoteError):
        entry.decode_signed(cbor.decode(data))
    with pytest.raises(RemoteError):
        entry.decode_signed(cbor.decode(data.removeprefix(entry.COSE_SIGN1_TAG)))


def test_our_tagged_export_is_what_a_stock_verifier_reads() -> None:
    """EN-3, EN-4 and EN-5, with cbor2 as the stock reader."""
    signed = Signed(bytes(range(32)), b"payload", bytes(range(64)))
    tagged = cbor2.loads(entry.encode_signed(signed, tagged=True))
    assert isinstance(tagged, cbor2.CBORTag) and tagged.tag == 18
    protected, unprotected, payload, signature = tagged.value
    assert cbor2.loads(protected) == {1: -8, 4: signed.kid}
    assert (unprotected, payload, signature) == ({}, signed.payload, signed.signature)
    stock = cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
    assert entry.to_be_signed(signed.kid, signed.payload) == stock
    assert entry.encode_signed(signed) == entry.encode_signed(signed, tagged=True)[1:]
    assert entry.decode_signed(cbor.decode(entry.encode_signed(signed))) == signed


# --- CBOR ---------------------------------------------------------------------------------------------------


def of_the_subset(value: object) -> bool:
    """The rule of CB-1 over what cbor2 reads."""
    if value is None or isinstance(value, bool | bytes | str):
        return True
    if isinstance(value, int):
        return -(2**64) <= value < 2**64
    if isinstance(value, list | tuple):
        return all(of_the_subset(item) for item in value)
    if isinstance(value, dict):
        keys = all(isinstance(k, int | str) and not isinstance(k, bool) and of_the_subset(k) for k in value)
        return keys and all(of_the_subset(item) for item in value.values())
    return False


def plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def test_rfc_8949_appendix_a_is_decoded_or_refused_by_rule() -> None:
    """CB-1 to CB-4: an example is of the subset if its value is, and its bytes are the one encoding of it."""
    decoded = refused = 0
    for case in read("cbor/appendix_a.json"):
        data = bytes.fromhex(case["hex"])
        try:
            value = cbor2.loads(data)
        except cbor2.CBORDecodeError:  # a form that RFC 8949 withdrew
            value = cbor2.undefined
        if of_the_subset(value) and cbor2.dumps(value, canonical=True) == data:
            assert cbor.decode(data) == plain(value), case["hex"]
            if "decoded" in case:
                assert cbor.decode(data) == plain(case["decoded"]), case["hex"]
            assert cbor.encode(cbor.decode(data)) == data, case["hex"]
            decoded += 1
        else:
            with pytest.raises(RemoteError):
                cbor.decode(data)
            refused += 1
    assert (decoded, refused) == (37, 45)
