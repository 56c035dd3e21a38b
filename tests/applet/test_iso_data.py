"""GET DATA and PUT DATA (ISO/IEC 7816-4:2013, 11.4): objects of DFs and BER-TLV files, and what the card tells."""

from __future__ import annotations

import pytest

from simcard.wire import tlv
from tests.dialogue import talk
from tests.kit import Bench

BER_FILE = "00E00000 [{62 {82 3921}{83 0106}{80 0010}{88}}] = 9000;"
MF = "00A4000C [3F00] = 9000;"
GENERATE = "00200001 ['12345678'] = 9000; 00468200 [{B6 {84 01}}{AC {80 02}}] = 9000; 002241B6 [{84 01}] = 9000;"

DIALOGUES = {
    "put and get": "00DA00C1 ['data'] = 9000; 00CA00C100 = 'data' 9000",
    "put replaces": "00DA00C1 ['data'] = 9000; 00DA00C1 ['other'] = 9000; 00CA00C100 = 'other' 9000",
    "put nothing removes": "00DA00C1 ['data'] = 9000; 00DA00C1 = 9000; 00CA00C100 = 6A88",
    "a tag of two bytes": "00DA5F20 ['data'] = 9000; 00CA5F2000 = 'data' 9000",
    "every DF has its own": "00DA00C1 ['data'] = 9000; 00E00000 [{62 {82 3821}{83 DF01}}] = 9000; 00CA00C100 = 6A88",
    "an EF of bytes leaves the DF's objects in sight": "00E00000 [{62 {82 0121}{83 0101}{80 01}}] = 9000;"
    "00DA00C1 ['data'] = 9000;" + MF + "00CA00C100 = 'data' 9000",
    "in a BER-TLV file": BER_FILE + "00DA00C1 ['data'] = 9000; 00CA00C100 = 'data' 9000;" + MF + "00CA00C100 = 6A88",
    "a BER-TLV file that is full": BER_FILE + "00DA00C1 ['12345678'] = 9000; 00DA00C2 ['12345678'] = 6A84;"
    "00DA00C2 ['1234'] = 9000",
    "a BER-TLV file is no binary": BER_FILE + "00B0000001 = 6981",
    "odd put and get": "00DB3FFF [{C1 'a'}{5F20 'b'}] = 9000; 00CB3FFF [{5C C15F20}] 00 = {C1 'a'}{5F20 'b'} 9000",
    "odd get of all": "00DB3FFF [{C1 'a'}{C2 'b'}] = 9000; 00CB3FFF [{5C}] 00 = {C1 'a'}{C2 'b'} 9000",
    "odd get of some that are there": "00DB3FFF [{C1 'a'}] = 9000; 00CB3FFF [{5C C1C2}] 00 = {C1 'a'} 9000",
    "odd get by file": BER_FILE + "00DB0000 [{C1 'a'}] = 9000;" + MF + "00CB0106 [{5C C1}] 00 = {C1 'a'} 9000",
    "odd put that removes": "00DB3FFF [{C1 'a'}{C2 'b'}] = 9000; 00DB3FFF [{C1}] = 9000;"
    "00CB3FFF [{5C}] 00 = {C2 'b'} 9000",
    "the certificate of a key": GENERATE + "00DA7F21 ['cert'] = 9000; 00CA7F2100 = 'cert' 9000",
    "no certificate": GENERATE + "00CA7F2100 = 6A88",
    "a certificate removed": GENERATE + "00DA7F21 ['cert'] = 9000; 00DA7F21 = 9000; 00CA7F2100 = 6A88",
    "a certificate without a key named": "00CA7F2100 = 6A88; 00DA7F21 ['cert'] = 6A88",
    "a certificate for a slot without a key": "002241B6 [{84 05}] = 9000; 00DA7F21 ['cert'] = 6A88",
    "a certificate without the right": GENERATE + "0020FF01 = 9000; 00DA7F21 ['cert'] = 6982",
    "a new key drops the certificate": GENERATE + "00DA7F21 ['cert'] = 9000; 00468200 = 9000; 00CA7F2100 = 6A88",
    "the PINs": "00CA010100 = 000001030305 0000020A0A05 0000030A0A05 9000",
    "the files": "00CA010300 = .. 9000",
    "nothing there": "00CA00C100 = 6A88; 00CB3FFF [{5C C1}] 00 = 6A88",
    "a tag there cannot be": "00CA003F00 = 6A86; 00CA00FF00 = 6A86; 00CA005F00 = 6A86; 00CA020000 = 6A86;"
    "00CA5F8100 = 6A86",
    "put of what the card works out": "00DA0100 [00] = 6A86; 00DA0103 [00] = 6A86",
    "get without Le": "00CA00C1 = 6700",
    "get with data": "00CA00C1 [00] 00 = 6700",
    "odd get without a tag list": "00CB3FFF [{5D}] 00 = 6A80; 00CB3FFF 00 = 6A80",
    "odd get of a broken tag list": "00CB3FFF [{5C 5F}] 00 = 6A80",
    "odd get of a file there is not": "00CB0999 [{5C}] 00 = 6A82",
    "odd get of a file of bytes": "00E00000 [{62 {82 0121}{83 0101}{80 01}}] = 9000; 00CB0101 [{5C}] 00 = 6981",
    "odd get without a current EF": "00CB0000 [{5C}] 00 = 6986",
    "odd put without data": "00DB3FFF = 6A80",
    "odd put of no data objects": "00DB3FFF [C105] = 6A80",
    "a private key among other objects": "00DB3FFF [{C1 'a'}{B6 {84 01}}] = 6A80",
    "put without the right": "00440000 = 9000; 00E00000 [{62 {82 3821}{83 DF01}{8C 02 FF}}] = 9000;"
    "00DA00C1 ['a'] = 6982;"
    "00DB3FFF [{C1 'a'}] = 6982",
    "get without the right": "00E00000 [{62 {82 3921}{83 0106}{80 10}{88}{8C 03 00 FF}}] = 9000; 00DA00C1 ['a'] = 9000;"
    "00CA00C100 = 6982; 00CB0000 [{5C}] 00 = 6982",
    "in a deactivated file": BER_FILE + "00040000 = 9000; 00DA00C1 ['a'] = 6985; 00CA00C100 = 6985",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
def test_data_objects(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


def test_the_card_tells_its_name_and_its_memory(card: Bench) -> None:
    found = tlv.fields(card.ok("00CA010000"))
    assert b"iso-blank" == found[0x80]
    free, capacity = int.from_bytes(found[0x82][4:], "big"), int.from_bytes(found[0x82][:4], "big")
    assert 0 < free < capacity < 131072


def test_the_card_tells_its_keys(card: Bench) -> None:
    talk(card, GENERATE)
    (container,) = tlv.parse(card.ok("00CA010200"))
    found = tlv.fields(container.value)
    assert (b"\1", b"Container-1") == (found[0x80], found[0x81])
    assert {0x84: b"\1", 0x80: b"p256", 0x82: b"\1\0", 0x83: b"\1", 0x85: b"\0\0"} == tlv.fields(found[0xB6])


def test_no_data_object_holds_a_private_key(card: Bench) -> None:
    """M29: keys never leave. Everything the card tells of itself is searched for the key's own bytes."""
    secret = bytes(range(1, 33))
    talk(
        card, f"00200001 ['12345678'] = 9000; 00DB3FFF [{{B6 {{84 01}}{{80 04}}{{7F48 {{92 {secret.hex()}}}}}}}] = 9000"
    )
    told = b"".join(card.whole(bytes((0, 0xCA, p1, p2, 0)))[0] for p1 in (0, 1, 0x5F, 0x7F) for p2 in range(256))
    told += card.whole("00CB3FFF025C0000")[0] + card.ok("0046810005B60384010100")
    assert secret not in told
