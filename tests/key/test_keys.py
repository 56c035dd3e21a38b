"""Containers, key pairs, certificates and secret keys by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.hal.flash import RamFlash
from simcard.key.containers import MAX_CONTAINERS, Containers, Slot
from simcard.key.pair import KINDS, KeyPair, Origin, Role, Usage
from simcard.key.secrets import CIPHERS, Purpose, SecretKey, SecretKeys
from simcard.nvm.store import Store
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused


def refused(sw: int) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, match=f"^{sw:04X}")


@pytest.fixture
def store() -> Store:
    made = Store.format(RamFlash(65536))
    made.begin()
    return made


def pair(public: bytes = b"public", private: bytes = b"private") -> KeyPair:
    return KeyPair("sm2", 256, Secret(private), public, Usage.SIGN, Origin.GENERATED, b"")


pairs = st.builds(
    KeyPair,
    st.sampled_from(KINDS),
    st.integers(0, 4096),
    st.binary(max_size=300).map(Secret),
    st.binary(max_size=300),
    st.sampled_from([Usage.SIGN, Usage.DECIPHER | Usage.AGREE]),
    st.sampled_from(Origin),
    st.binary(max_size=60),
)


@given(pairs)
def test_a_pair_is_read_again(made: KeyPair) -> None:
    assert made == KeyPair.decode(made.encode())


def test_no_pair_prints_its_private_half() -> None:
    assert "private'" not in repr(pair())


@pytest.mark.parametrize("record", [KeyPair, SecretKey])
def test_a_record_of_another_version_is_refused(record: type[KeyPair] | type[SecretKey]) -> None:
    with pytest.raises(ValueError, match="version 9"):
        record.decode(b"\x09" + bytes(20))


@given(st.integers(1, MAX_CONTAINERS), st.sampled_from(Role))
def test_a_reference_byte_names_a_slot(container: int, role: Role) -> None:
    slot = Slot(container, role)
    assert slot == Slot.of_reference(slot.reference)
    assert 1 <= slot.reference <= 126


@pytest.mark.parametrize("reference", [0, 127, 128, 255])
def test_a_reference_byte_of_no_slot(reference: int) -> None:
    with refused(SW.REFERENCE_NOT_FOUND):
        Slot.of_reference(reference)


def test_a_container_takes_the_lowest_free_number(store: Store) -> None:
    containers = Containers(store)
    assert [1, 2, 3] == [containers.create(name) for name in (b"a", b"b", b"c")]
    containers.delete(2)
    assert 2 == containers.create(b"d")
    assert (b"d", 3) == (containers.name(2), containers.by_name(b"c"))


def test_there_are_63_containers(store: Store) -> None:
    containers = Containers(store)
    for number in range(MAX_CONTAINERS):
        containers.create(b"%d" % number)
    with refused(SW.NO_SPACE):
        containers.create(b"one more")


@pytest.mark.parametrize(("name", "sw"), [(b"", 0x6A80), (b"n" * 65, 0x6A80), (b"a", 0x6A89)])
def test_a_name_a_container_cannot_have(store: Store, name: bytes, sw: int) -> None:
    containers = Containers(store)
    containers.create(b"a")
    with refused(sw):
        containers.create(name)


def test_a_container_takes_its_keys_with_it(store: Store) -> None:
    containers = Containers(store)
    number = containers.create(b"a")
    for role in Role:
        containers.put_pair(Slot(number, role), pair())
        containers.put_certificate(Slot(number, role), b"certificate")
    assert 2 == len(containers.slots())
    containers.delete(number)
    assert [] == store.keys()


def test_deleting_what_is_not_there(store: Store) -> None:
    with refused(SW.REFERENCE_NOT_FOUND):
        Containers(store).delete(1)
    with refused(SW.REFERENCE_NOT_FOUND):
        Containers(store).delete_pair(Slot(1, Role.SIGN))


@pytest.mark.parametrize(("public", "kept"), [(b"public", b"certificate"), (b"other", None)])
def test_a_certificate_goes_with_its_public_key(store: Store, public: bytes, kept: bytes | None) -> None:
    containers, slot = Containers(store), Slot(1, Role.SIGN)
    containers.put_pair(slot, pair())
    containers.put_certificate(slot, b"certificate")
    containers.put_pair(slot, pair(public))
    assert kept == containers.certificate(slot)


def test_an_empty_certificate_removes_it(store: Store) -> None:
    containers, slot = Containers(store), Slot(1, Role.SIGN)
    containers.put_certificate(slot, b"certificate")
    containers.put_certificate(slot, b"")
    assert containers.certificate(slot) is None


@given(st.sampled_from(CIPHERS), st.integers(0, 15).map(Purpose), st.binary(max_size=32).map(Secret))
def test_a_secret_key_is_read_again(cipher: str, purpose: Purpose, value: Secret) -> None:
    key = SecretKey(cipher, purpose, value)
    assert key == SecretKey.decode(key.encode())


def secret(store: Store) -> SecretKeys:
    secrets = SecretKeys(store)
    secrets.put(7, SecretKey("sm4", Purpose.EXTERNAL, Secret(bytes(16))), 2)
    store.commit()
    return secrets


def test_a_secret_key_does_only_what_it_is_for(store: Store) -> None:
    secrets = secret(store)
    assert "sm4" == secrets.require(7, Purpose.EXTERNAL).cipher
    with refused(SW.REFERENCE_DATA_UNUSABLE):
        secrets.require(7, Purpose.MAC)
    with refused(SW.REFERENCE_NOT_FOUND):
        secrets.require(8, Purpose.EXTERNAL)


def test_a_proof_is_paid_before_it_is_looked_at(store: Store) -> None:
    secrets = secret(store)
    seen: list[int] = []

    def check() -> bool:
        seen.append(secrets.counter(7).value)
        return bool(len(seen) > 1)

    with refused(0x63C1):
        secrets.prove(7, check)
    secrets.prove(7, check)
    assert ([1, 0], 2) == (seen, secrets.counter(7).value)


def test_a_blocked_key_is_not_looked_at(store: Store) -> None:
    secrets = secret(store)
    for left in (1, 0):
        with refused(0x63C0 + left):
            secrets.prove(7, lambda: False)
    with refused(SW.BLOCKED):
        secrets.prove(7, lambda: pytest.fail("it was compared"))
