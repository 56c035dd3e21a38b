"""A session captured from a GM3000 token, replayed byte for byte where the capture is certain.

The host's frames are the capture's. Of the answers those bytes are compared that do not depend on the keys inside.
"""

from __future__ import annotations

import hashlib

from tests.applet_gmt0017.support import (
    Token,
    block,
    equipped,
    gm_verifies,
    pin_key,
    sm4,
    token,
    u4,
)

NAME, CONTAINER = b"BJCA-Application", b"personalCert00"
CERTIFICATE = b"\x30\x82\x02\x00" + bytes(0x200)


def captured() -> tuple[Token, bytes]:
    """A token as the captured one stood: one application, one container, both pairs and certificates; X || Y."""
    made = token()
    assert made.authenticate() == "9000"
    assert made.create_application(NAME) == "9000"
    made.open(NAME)
    made.login()
    made.create_container(CONTAINER)
    signing = made.generate()
    _, _, private, public = equipped()
    assert made.import_exchange(signing, private, public) == "9000"
    for kind in (1, 0):
        made.ok(0x4C, made.where + bytes((kind,)) + u4(len(CERTIFICATE)) + CERTIFICATE)
    made.bench.card.reset()
    return made, signing


def test_the_captured_session() -> None:
    made, signing = captured()
    send = made.bench.ok
    assert 288 == len(send("80040000000000"))
    assert NAME + b"\0\0" == send("80220000000000")
    opened = send("80260000000010" + NAME.hex() + "000A")
    assert (10, bytes.fromhex("1000")) == (len(opened), opened[-2:])
    assert CONTAINER + b"\0\0" == send("804600000000021000")
    assert bytes.fromhex("3001") == send("804200000000101000" + CONTAINER.hex() + "0002")
    expected = bytes.fromhex("02" + "00000100" + "00000100" + "0101")
    assert expected == send("804A00000000101000" + CONTAINER.hex() + "000B")
    exported = send("804E01000000041000" + "3001" + "0000")
    assert bytes.fromhex("00000204") + CERTIFICATE == exported
    challenge = send("80500000000008")
    assert 8 == len(challenge)
    proof = sm4(pin_key(b"123456"), block("LD-LE", challenge))
    assert b"" == send("80180001000012" + "1000" + proof.hex())
    digest = hashlib.sha256(b"what is signed").digest()
    signature = send("80740200000024" + "1000" + "3001" + digest.hex())
    assert (68, bytes.fromhex("00000100")) == (len(signature), signature[:4])
    assert gm_verifies(signing, digest, signature[4:])


def test_the_captured_wrong_pin() -> None:
    made, _ = captured()
    made.bench.ok("80260000000010" + NAME.hex() + "000A")
    made.bench.ok("80500000000008")
    assert (b"", 0x63C5) == made.bench.send("80180001000012" + "1000" + "00" * 16)
