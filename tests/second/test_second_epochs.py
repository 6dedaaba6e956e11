"""Rules of epochs that no vector shows: the sender's side, and the hand-made HPKE against a library's."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hpke
from otherend import epochs, hybrid, tree
from otherend.refused import Refused

LINE, SECRET, BOTH = bytes(range(32)), hashlib.sha256(b"line secret").digest(), [1, 1]
LEAF, NEW = tree.leaf_hash(b"EPOCH"), hashlib.sha256(b"new").digest()


def test_what_the_library_seals_opens_by_hand_and_for_no_other_epoch() -> None:
    half = hybrid.Private.from_seed(hashlib.sha256(b"prekey").digest())
    info = epochs.secret_info(LINE, 1, BOTH, 1, 3, 0)
    public = hpke.MLKEM768X25519PublicKey(half.kem.public_key(), half.curve.public_key())
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = suite.encrypt(NEW, public, info=info)
    assert hybrid.unseal(half, sealed, info, "EP-11") == NEW
    with pytest.raises(Refused):
        hybrid.unseal(half, sealed, epochs.secret_info(LINE, 1, BOTH, 2, 3, 0), "EP-11")


def test_the_sender_switches_when_its_epoch_is_covered_and_not_before() -> None:
    sending = epochs.Sending(LINE, 0, BOTH, SECRET)
    first = sending.epoch.tag
    sending.place(7, LEAF, NEW, bytes(32))
    sending.covered(7)
    assert sending.epoch.tag == first
    with pytest.raises(Refused, match="EP-7"):
        sending.place(8, LEAF, NEW, bytes(32))
    sending.covered(8)
    assert (sending.epoch.number, sending.epoch.tag != first) == (1, True)
    sending.place(9, LEAF, NEW, bytes(32))
    assert sending.epoch.number == 1


def test_both_ends_derive_one_next_epoch_and_each_secret_changes_it() -> None:
    sending = epochs.Sending(LINE, 0, BOTH, SECRET)
    sending.place(0, LEAF, NEW, bytes(32))
    tags = {sending.placed[1].tag}
    for leaf, new, theirs in ((LEAF, NEW, NEW), (LEAF, LEAF, bytes(32)), (NEW, NEW, bytes(32))):
        other = epochs.Sending(LINE, 0, BOTH, SECRET)
        other.place(0, leaf, new, theirs)
        tags.add(other.placed[1].tag)
    assert len(tags) == 4
    again = epochs.epoch_of(
        epochs.next_root(NEW, bytes(32), sending.carried_0, sending.carried_0, LEAF), LINE, 0, BOTH, 1
    )
    assert again.tag == sending.placed[1].tag


def test_a_prekey_opens_one_secret_only() -> None:
    half = hybrid.Private.from_seed(hashlib.sha256(b"prekey").digest())
    keys = epochs.Prekeys({(3, 0): half})
    with pytest.raises(Refused, match="EP-11"):
        keys.open(3, 1, bytes(1168), b"")
    with pytest.raises(Refused, match="EP-11"):
        keys.open(3, 0, bytes(1168), b"")
    public = hpke.MLKEM768X25519PublicKey(half.kem.public_key(), half.curve.public_key())
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = suite.encrypt(NEW, public, info=b"info")
    assert keys.open(3, 0, sealed, b"info") == NEW
    with pytest.raises(Refused, match="used"):
        keys.open(3, 0, sealed, b"info")
