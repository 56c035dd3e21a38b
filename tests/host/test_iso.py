"""The ISO client against the card itself: every verb, right and wrong."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from host_tools.client.algorithms import Padding, Role, key_reference, role_of
from host_tools.client.iso import IsoCard
from host_tools.errors import NotAllowed, NotFound, PinLocked, PinWrong, WrongData
from host_tools.pki import der
from host_tools.pki.keys import Hash, Kind, PublicKey, Scheme, signed_digest, sm2_digest
from host_tools.pki.verify import verify
from simcard.crypto.engines import make
from simcard.hal.engine import KeyKind
from simcard.hal.entropy import SeededEntropy
from simcard.wire.secret import Secret
from tests.host.support import ADMIN, CURVES, PIN, RSA_2048, USER, iso_card, linked
from tests.kit import bench, command

MESSAGE = b"customs declaration"
ENGINE = make("soft")
KINDS = [("eport-operator", Kind.SM2), (RSA_2048, Kind.RSA), (CURVES, Kind.P256)]


def checked(key: PublicKey, hash_: Hash, scheme: Scheme, signature: bytes) -> None:
    verify(key, hash_, scheme, MESSAGE, signature, ENGINE.sm2_verify)


def test_key_references_count_containers_and_roles() -> None:
    assert [1, 2, 3, 4] == [key_reference(container, role) for container in (1, 2) for role in Role]
    assert [Role.SIGN, Role.EXCHANGE] == [role_of(3), role_of(4)]


def test_the_card_tells_what_it_is() -> None:
    found = iso_card(verified=False).info()
    assert "eport-operator" == found.card.name
    assert 0 < found.card.free < found.card.capacity
    assert ("soft", ENGINE.backend) == (found.card.engine, found.card.backend)


def test_the_card_tells_its_containers() -> None:
    (container,) = iso_card(verified=False).containers()
    assert "EportSM2" == container.name
    assert [(1, Role.SIGN, Kind.SM2), (2, Role.EXCHANGE, Kind.SM2)] == [
        (key.reference, key.role, key.kind) for key in container.keys
    ]


def test_the_card_tells_its_pins() -> None:
    user, admin = iso_card(verified=False).pins()
    assert (1, 3, 3, True) == (user.reference, user.limit, user.left, user.default)
    assert (2, 10) == (admin.reference, admin.limit)


def test_the_card_tells_its_files() -> None:
    files = iso_card(verified=False).info().files
    assert [(0, 0x3F00), (1, 0x2F00), (1, 0x2F02)] == [(file.depth, file.fid) for file in files[:3]]
    assert "F04348494E4145504F5254" in [file.name for file in files]


@pytest.mark.parametrize("extended", [True, False])
def test_a_file_is_read_whole(extended: bool) -> None:
    body = iso_card(extended=extended).read_file("3F00/DF01/0011")
    assert 512 == len(body)
    assert body.startswith("操作员卡||测试操作员".encode())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 40_000])
@pytest.mark.parametrize("extended", [True, False])
def test_a_file_of_any_size_is_read_whole(size: int, extended: bool) -> None:
    card = bench()
    fcp = bytes((0x80, 2, *size.to_bytes(2, "big"), 0x82, 1, 1, 0x83, 2, 0x70, 1, 0x88, 0))
    card.ok(command(0xE0, data=bytes((0x62, len(fcp))) + fcp))
    pattern = bytes(i * 7 % 251 for i in range(size))
    for at in range(0, size, 200):
        where = at.to_bytes(2, "big")
        piece = pattern[at : at + 200]
        data = b"\x54\x02" + where + b"\x53" + (b"\x81" if len(piece) > 127 else b"") + bytes((len(piece),)) + piece
        card.ok(command(0xD7, 0, 0, data))
    assert pattern == IsoCard(linked(card), extended).read_file("3F00/7001")


def test_a_file_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="3F00/DEAD"):
        iso_card().read_file("3F00/DEAD")


def test_entering_goes_to_the_mf_from_anywhere() -> None:
    card = iso_card()
    card.select("3F00/DF01")
    card.enter()
    with pytest.raises(NotFound):
        card.get_data(0x0111)
    assert 2 == len(card.challenge(2))


# -- PINs


def test_a_wrong_pin_counts_down_and_locks() -> None:
    card = iso_card(verified=False)
    for left in (2, 1, 0):
        with pytest.raises(PinWrong) as wrong:
            card.verify_pin(USER, Secret(b"00000000"))
        assert left == wrong.value.tries_left
    with pytest.raises(PinLocked):
        card.verify_pin(USER, PIN)
    assert (False, 0) == (card.pin_status(USER).verified, card.pin_status(USER).left)


def test_asking_costs_no_try() -> None:
    card = iso_card(verified=False)
    assert [3, 3, 3] == [card.pin_status(USER).left for _ in range(3)]
    card.verify_pin(USER, PIN)
    assert card.pin_status(USER).verified


def test_a_pin_is_changed() -> None:
    card = iso_card(verified=False)
    card.change_pin(USER, PIN, Secret(b"1357246810"))
    card.verify_pin(USER, Secret(b"1357246810"))


def test_a_part_of_the_old_pin_does_not_do() -> None:
    """Sent as one concatenation the card would find the right old value in it."""
    card = iso_card(verified=False)
    with pytest.raises(PinWrong):
        card.change_pin(USER, Secret(b"8888"), Secret(b"8888123456"))


def test_a_pin_that_must_be_changed_is_changed_in_one_command() -> None:
    sheet = 'extends = "eport-operator"\n[[pin]]\nlabel = "user"\nnumber = 1\nvalue = "88888888"\nmust_change = true\n'
    sheet += '[[pin]]\nlabel = "admin"\nnumber = 2\nvalue = "66666666"\n'
    card = iso_card(sheet, verified=False)
    card.change_pin(USER, PIN, Secret(b"12345678"))
    card.verify_pin(USER, Secret(b"12345678"))


def test_a_new_pin_that_breaks_the_policy_is_refused() -> None:
    with pytest.raises(WrongData):
        iso_card().change_pin(USER, PIN, Secret(b"123"))


def test_a_locked_pin_is_unblocked() -> None:
    card = iso_card(verified=False)
    for _ in range(3):
        with pytest.raises(PinWrong):
            card.verify_pin(USER, Secret(b"00000000"))
    card.unblock_pin(USER, ADMIN, Secret(b"24682468"))
    card.verify_pin(USER, Secret(b"24682468"))


def test_a_wrong_unblock_key_costs_its_own_tries() -> None:
    card = iso_card(verified=False)
    with pytest.raises(PinWrong) as wrong:
        card.unblock_pin(USER, Secret(b"00000000"), PIN)
    assert 9 == wrong.value.tries_left
    assert 3 == card.pin_status(USER).left


# -- keys


@pytest.mark.parametrize(("profile", "kind"), KINDS)
@pytest.mark.parametrize("on_card", [False, True])
@pytest.mark.parametrize("extended", [False, True])
def test_a_signature_is_good(profile: str, kind: Kind, on_card: bool, extended: bool) -> None:
    card = iso_card(profile, extended)
    key = card.public_key(1)
    signature = card.sign(1, MESSAGE, hash_on_card=on_card)
    hash_ = {Kind.SM2: Hash.SM3}.get(kind, Hash.SHA256)
    scheme = {Kind.SM2: Scheme.SM2, Kind.RSA: Scheme.PKCS1}.get(kind, Scheme.ECDSA)
    checked(key, hash_, scheme, signature)


@pytest.mark.parametrize("hash_", [Hash.SHA1, Hash.SHA224, Hash.SHA256, Hash.SHA384, Hash.SHA512])
@pytest.mark.parametrize("scheme", [Scheme.PKCS1, Scheme.PSS])
def test_rsa_signs_with_every_hash_and_scheme(hash_: Hash, scheme: Scheme) -> None:
    card = iso_card(RSA_2048)
    checked(card.public_key(1), hash_, scheme, card.sign(1, MESSAGE, hash_, scheme))


def test_a_p384_signature_is_good() -> None:
    card = iso_card(CURVES)
    checked(card.public_key(3), Hash.SHA384, Scheme.ECDSA, card.sign(3, MESSAGE))


def test_a_long_message_is_hashed_by_the_host_even_if_the_card_was_asked() -> None:
    card, message = iso_card(), bytes(70_000)
    signature = card.sign(1, message, hash_on_card=True)
    ENGINE.sm2_verify(card.public_key(1).point, sm2_digest(card.public_key(1).point, message), signature)


def test_the_host_and_the_engine_agree_on_the_sm2_digest() -> None:
    from simcard.hal.engine import Hash as CardHash

    key = iso_card().public_key(1)
    za = ENGINE.sm2_za(key.point, b"1234567812345678")
    assert ENGINE.digest(CardHash.SM3, za + MESSAGE) == signed_digest(key, Hash.SM3, MESSAGE)


def test_signing_needs_the_pin() -> None:
    with pytest.raises(NotAllowed, match="verify the PIN"):
        iso_card(verified=False).sign(1, MESSAGE)


def test_a_key_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="no key 09"):
        iso_card().sign(9, MESSAGE)


@pytest.mark.parametrize("extended", [False, True])
def test_sm2_decrypts(extended: bool) -> None:
    card = iso_card(extended=extended)
    cryptogram = ENGINE.sm2_encrypt(card.public_key(2).point, b"session key" * 30, SeededEntropy(1))
    assert Secret(b"session key" * 30) == card.decrypt(2, cryptogram)


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("how", [Padding.PKCS1, Padding.OAEP])
def test_rsa_decrypts(how: Padding, extended: bool) -> None:
    card = iso_card(RSA_2048, extended)
    loaded = load_der_public_key(der.public_key_info(card.public_key(2)))
    assert isinstance(loaded, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    cryptogram = loaded.encrypt(b"session key", oaep if how is Padding.OAEP else padding.PKCS1v15())
    assert Secret(b"session key") == card.decrypt(2, cryptogram, how)


def test_a_cryptogram_for_another_key_is_refused() -> None:
    card = iso_card()
    other = ENGINE.generate(KeyKind.SM2, 256, SeededEntropy(3))[1]
    with pytest.raises(WrongData):
        card.decrypt(2, ENGINE.sm2_encrypt(other, b"x", SeededEntropy(1)))


@pytest.mark.parametrize(("kind", "bits"), [(Kind.SM2, 0), (Kind.P256, 0), (Kind.P384, 0), (Kind.RSA, 1024)])
def test_a_new_pair_is_made_in_the_card(kind: Kind, bits: int) -> None:
    card = iso_card()
    old = card.public_key(1)
    made = card.generate(1, kind, bits)
    assert made == card.public_key(1) != old
    assert (kind, bits or made.bits) == (card.key(1).kind, card.key(1).bits)


# -- certificates


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("reference", [1, 2])
def test_a_certificate_is_put_and_read(reference: int, extended: bool) -> None:
    card, value = iso_card(extended=extended), bytes(range(256)) * 4
    card.put_certificate(reference, value)
    assert value == card.read_certificate(reference)
    assert 1024 == card.key(reference).certificate


def test_a_certificate_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="certificate of key 01"):
        iso_card().read_certificate(1)


def test_an_empty_certificate_removes_it() -> None:
    card = iso_card()
    card.put_certificate(1, b"\x30\x00")
    card.put_certificate(1, b"")
    assert 0 == card.key(1).certificate
