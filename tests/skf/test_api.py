"""The Python API: what a program does with a token, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host_tools.errors import HostError
from host_tools.link.inprocess import InProcessLink
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from host_tools.skf.dialect import Dialect
from host_tools.skf.protection import answer, pin_key, sealed, wrapped
from host_tools.skf.sar import Sar, SkfError, SkfPinError, refusal
from host_tools.skf.session import BlockCipher, Purpose
from host_tools.skf.values import RsaPublic
from simcard.applet.gmt0017.applet import Gmt0017Applet
from simcard.wire.gmt0017 import SGD_SM4_CBC, SGD_SM4_CFB, SGD_SM4_ECB, SGD_SM4_OFB, Account, GmtIns, PinType
from simcard.wire.secret import Secret
from tests.applet_gmt0017.support import gm_verifies, sm4, token
from tests.kit import Bench, bench
from tests.skf.desk import ADMIN, DEVICE_KEY, USER, application_of, device_of, envelope_for, equipped, pair

R = bytes.fromhex("1122334455667788")
KEY_123456 = "F41B44DBECCCACCFBB4CCF6A7FC4921C"


def ready() -> Container:
    return equipped(application_of(device_of()))


def code_of(failed: pytest.ExceptionInfo[SkfError]) -> str:
    return failed.value.sar.name


# -- protection, by the worked examples of the field


def test_the_key_of_a_pin_is_sha1_over_its_field() -> None:
    assert KEY_123456 == pin_key(USER).reveal().hex().upper()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("ZERO", "4ABAFCA5BCB970FF01D9F38345089B26"),
        ("LD-BE", "E91BFC65064520194EFDCE8C6C2816AA"),
        ("LD-LE", "E69C2AA97F83216D756884FED0893166"),
    ],
)
def test_a_challenge_is_answered_in_three_forms(form: str, expected: str) -> None:
    assert expected == answer(pin_key(USER), R, form).hex().upper()


def test_a_device_key_answers_with_zeros_behind_the_challenge() -> None:
    assert "7B17EAE3961C6BC4AED4D9A93F74FD91" == answer(DEVICE_KEY, R, "ZERO").hex().upper()


def test_a_new_pin_goes_wrapped_and_maced() -> None:
    key = pin_key(USER)
    cryptogram = wrapped(key, Secret(b"654321"))
    body = sealed(key, R, bytes.fromhex("84160001"), bytes.fromhex("1000") + cryptogram, "syno8")
    assert "1000F3DE5A44DBA811A109E784EF964D653C6517A317" == body.hex().upper()


# -- devices


def test_the_device_says_what_it_is() -> None:
    info = device_of().info()
    assert (b"20260101-001-00001", SGD_SM4_ECB) == (info.serial, info.alg_dev_auth)


def test_without_the_device_key_there_are_no_new_applications() -> None:
    with pytest.raises(SkfError) as failed:
        device_of().create_application("APP", ADMIN, USER)
    assert "USER_NOT_LOGGED_IN" == code_of(failed)


def test_a_wrong_device_key_tells_the_tries_left() -> None:
    with pytest.raises(SkfPinError) as failed:
        device_of().authenticate(Secret(b"8765432187654321"))
    assert 9 == failed.value.tries


def test_the_device_key_changes() -> None:
    card, other = bench("gmt0017-token"), Secret(b"another key of 1")
    device = device_of(card)
    device.authenticate(DEVICE_KEY)
    device.change_key(other)
    device_of(card).authenticate(other)


def test_random_bytes_of_any_number() -> None:
    assert 5000 == len(device_of().random(5000))


@pytest.mark.parametrize("name", ["", "x" * 33, "a\0b"])
def test_bad_names_do_not_reach_the_token(name: str) -> None:
    with pytest.raises(SkfError) as failed:
        device_of().open_application(name)
    assert "APPLICATION_NAME_INVALID" == code_of(failed)


# -- PINs


def test_a_wrong_pin_tells_the_tries_left_and_the_right_one_restores_them() -> None:
    application = application_of(device_of())
    with pytest.raises(SkfPinError) as failed:
        application.verify_pin(PinType.USER, Secret(b"000000"))
    application.verify_pin(PinType.USER, USER)
    assert (5, 6) == (failed.value.tries, application.pin_info(PinType.USER).left)


def test_the_administrator_unblocks_the_users_pin() -> None:
    application = application_of(device_of())
    for _ in range(6):
        with pytest.raises(SkfPinError):
            application.verify_pin(PinType.USER, Secret(b"000000"))
    with pytest.raises(SkfPinError) as failed:
        application.verify_pin(PinType.USER, USER)
    application.unblock_pin(ADMIN, Secret(b"abcdef"))
    application.verify_pin(PinType.USER, Secret(b"abcdef"))
    assert "PIN_LOCKED" == code_of(failed)


def test_a_pin_that_cannot_be_right_costs_no_try() -> None:
    application = application_of(device_of())
    with pytest.raises(SkfError) as failed:
        application.verify_pin(PinType.USER, Secret(b"0" * 17))
    assert ("PIN_LEN_RANGE", 6) == (code_of(failed), application.pin_info(PinType.USER).left)


def test_no_error_shows_a_pin() -> None:
    application = application_of(device_of())
    with pytest.raises(SkfPinError) as failed:
        application.verify_pin(PinType.USER, Secret(b"000000"))
    assert "000000" not in str(failed.value)


# -- dialects


@pytest.mark.parametrize(
    ("switches", "dialect"),
    [
        ({"int_order": "little"}, ""),
        ({"pin_block": "LD-BE"}, "pin_block=LD-BE"),
        ({"pin_block": "ZERO", "mac_header": "syno8"}, "pin_block=ZERO,mac_header=syno8"),
        ({"mac_header": "sunyard", "int_order": "little"}, "mac_header=sunyard"),
        ({"pin_key_pad": "none"}, "pin_key_pad=none"),
        ({"import_ecc_order": "syno"}, "import_ecc_order=syno"),
        ({"name_field_len": 48}, "name_field=48"),
        ({"ext_ecc_verify_ins": "7F"}, "ext_ecc_verify=7F"),
        ({"digest_len_prefix": True, "gen_ecc_bits": True, "ext_cipher_bits": False}, ""),
        ({"changepin_requires_login": True, "max_response": 256}, ""),
    ],
)
def test_tokens_of_other_families(switches: dict[str, str | int | bool], dialect: str) -> None:
    device = Device(InProcessLink(token(**switches).bench.card), Dialect.of(dialect))
    application = application_of(device)
    application.change_pin(PinType.USER, USER, Secret(b"abcdef"))
    application.verify_pin(PinType.USER, Secret(b"abcdef"))
    container = equipped(application)
    public, digest = container.public_key(True), device.digest(1).final(b"abc")
    assert isinstance(public, bytes)
    device.external.ext_ecc_verify(public, digest, container.sign_digest(digest))
    assert 96 + 4 < len(device.external.ecc_encrypt(public, b"text" * 4))
    container.import_certificate(True, bytes(700))
    assert bytes(700) == container.certificate(True)


def test_a_setting_that_does_not_exist_is_said() -> None:
    with pytest.raises(SkfError, match="pin_block=LD-LE"):
        Dialect.of("pin_blok=ZERO")


# -- containers


def test_a_signature_is_good_for_another_implementation() -> None:
    container, digest = ready(), bytes(range(32))
    public = container.public_key(True)
    assert isinstance(public, bytes)
    assert gm_verifies(public[1:], digest, container.sign_digest(digest))


@pytest.mark.parametrize("wide", [False, True])
def test_an_enveloped_pair_made_outside_comes_in(wide: bool) -> None:
    container = application_of(device_of()).create_container("c")
    container.import_sm2(envelope_for(container.generate_sm2(), 7, wide))
    assert pair(7)[1] == container.public_key(False)


def test_an_envelope_for_somebody_else_is_refused() -> None:
    container = application_of(device_of()).create_container("c")
    container.generate_sm2()
    with pytest.raises(SkfError) as failed:
        container.import_sm2(envelope_for(pair(8)[1], 7))
    assert "RSADECERR" == code_of(failed)


def test_a_certificate_comes_back_and_a_missing_one_is_said() -> None:
    container = ready()
    container.import_certificate(False, bytes(3000))
    with pytest.raises(SkfError) as failed:
        container.certificate(True)
    assert (bytes(3000), "CERTNOTFOUNTERR") == (container.certificate(False), code_of(failed))


def test_an_rsa_container() -> None:
    device = device_of()
    container = application_of(device).create_container("rsa")
    public = container.generate_rsa(1024)
    device.external.rsa_verify(public, b"data", container.sign_rsa(b"data"))
    assert isinstance(container.public_key(True), RsaPublic)


def port_container() -> tuple[Device, Container]:
    """The container of an Electronic Port card, its user logged in."""
    device = device_of(bench("eport-operator"))
    application = device.open_application("CHINAEPORT")
    application.verify_pin(PinType.USER, Secret(b"88888888"))
    return device, application.open_container("EportSM2")


def own_container() -> tuple[Device, Container]:
    """A container of an application made by CreateApplication."""
    device = device_of()
    return device, equipped(application_of(device))


@pytest.mark.parametrize("made", [port_container, own_container])
@pytest.mark.parametrize("size", [1, 12, 3000, 20000])
def test_what_was_encrypted_for_the_exchange_key_is_decrypted(
    made: Callable[[], tuple[Device, Container]], size: int
) -> None:
    device, container = made()
    public = container.public_key(False)
    assert isinstance(public, bytes)
    assert bytes(size) == container.decrypt(device.external.ecc_encrypt(public, bytes(size))).reveal()


def test_decryption_is_for_the_user() -> None:
    device = device_of()
    application = application_of(device)
    container = equipped(application)
    application.clear()
    with pytest.raises(SkfError) as failed:
        container.decrypt(b"\x04" + bytes(96 + 5))
    assert "USER_NOT_LOGGED_IN" == code_of(failed)


def test_a_token_without_decryption_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = {ins: kind for ins, kind in Gmt0017Applet.commands.items() if ins != GmtIns.ECC_DECRYPT}
    monkeypatch.setattr(Gmt0017Applet, "commands", commands)
    _, container = own_container()
    with pytest.raises(SkfError) as failed:
        container.decrypt(b"\x04" + bytes(96 + 5))
    assert "NOTSUPPORTYETERR" == code_of(failed)


# -- session keys


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("algorithm", [SGD_SM4_ECB, SGD_SM4_CBC, SGD_SM4_CFB, SGD_SM4_OFB])
def test_every_mode_there_and_back_in_pieces(algorithm: int, padding: int) -> None:
    key = ready().set_session_key(algorithm, Secret(bytes(16)))
    given, plain = BlockCipher(bytes(range(16)), padding), bytes(100) + bytes(60)
    run = key.begin(Purpose.ENCRYPT, given)
    pieces = [run.update(plain[:7]), run.update(plain[7:100]), run.final(plain[100:])]
    assert plain == key.decrypt(b"".join(pieces), given)


def test_lengths_are_known_beforehand() -> None:
    run = ready().set_session_key(SGD_SM4_CBC, Secret(bytes(16))).begin(Purpose.ENCRYPT, BlockCipher(bytes(16), 1))
    expected = [run.update_size(7), 7 and run.final_size(), 0]
    found = [len(run.update(bytes(7))), 16, 0]
    assert (expected, 16, 16) == (found, run.final_size(), len(run.final()))


def test_long_data_go_in_several_commands() -> None:
    key, given = ready().set_session_key(SGD_SM4_CBC, Secret(bytes(16))), BlockCipher(bytes(16), 1)
    assert bytes(40000) == key.decrypt(key.encrypt(bytes(40000), given), given)


def test_a_mac_is_the_last_block_of_cbc() -> None:
    from cryptography.hazmat.primitives.ciphers import modes

    key = ready().set_session_key(SGD_SM4_CBC, Secret(bytes(range(16))))
    assert sm4(bytes(range(16)), bytes(64), modes.CBC(bytes(16)))[-16:] == key.mac(bytes(64), bytes(16))


def test_beginning_another_operation_ends_the_one_before() -> None:
    key = ready().set_session_key(SGD_SM4_ECB, Secret(bytes(16)))
    run = key.begin(Purpose.ENCRYPT, BlockCipher())
    key.begin(Purpose.DECRYPT, BlockCipher())
    with pytest.raises(SkfError) as failed:
        run.update(bytes(16))
    assert "NOTINITIALIZEERR" == code_of(failed)


def test_wrong_padding_is_said() -> None:
    key = ready().set_session_key(SGD_SM4_ECB, Secret(bytes(16)))
    with pytest.raises(SkfError) as failed:
        key.decrypt(key.encrypt(bytes(16), BlockCipher()), BlockCipher(padding=1))
    assert "DECRYPTPADERR" == code_of(failed)


def test_two_digests_at_once() -> None:
    device = device_of()
    one, other = device.digest(1), device.digest(4)
    one.update(b"ab")
    other.update(b"ab")
    found = one.final(b"c").hex()[:8], other.final(b"c").hex()[:8]
    assert ("66c7f0f4", "ba7816bf") == found


# -- files


def test_a_file_has_the_rights_it_was_made_with() -> None:
    application = application_of(device_of())
    application.create_file("f", 100, Account.ANYONE, Account.ADMIN)
    with pytest.raises(SkfError) as failed:
        application.write_file("f", 0, b"x")
    info = application.file_info("f")
    found = (code_of(failed), info.size, info.reading, info.writing)
    assert ("USER_NOT_LOGGED_IN", 100, Account.ANYONE, Account.ADMIN) == found


def test_a_long_file_is_written_and_read_in_pieces() -> None:
    application = application_of(device_of())
    application.create_file("f", 20000, Account.ANYONE, Account.USER)
    application.write_file("f", 10, bytes(range(200)) * 99)
    assert bytes(range(200)) * 99 == application.read_file("f", 10, 19800)


# -- others on the same card


def test_an_application_closed_by_somebody_else_is_opened_again() -> None:
    card = bench("gmt0017-token")
    application = application_of(device_of(card))
    container = equipped(application)
    raw(card, "80280000000002" + application.ident.hex())
    assert 64 == len(container.sign_digest(bytes(32)))


def test_a_reset_ends_the_login_and_nothing_else() -> None:
    card = bench("gmt0017-token")
    application = application_of(device_of(card))
    container = equipped(application)
    card.card.reset()
    with pytest.raises(SkfError) as failed:
        container.sign_digest(bytes(32))
    application.verify_pin(PinType.USER, USER)
    assert ("USER_NOT_LOGGED_IN", 64) == (code_of(failed), len(container.sign_digest(bytes(32))))


def raw(card: Bench, command: str) -> None:
    card.ok(command)


def test_a_removed_token_stays_removed() -> None:
    device = device_of()
    device.door.link.close()
    codes = []
    for _ in range(2):
        with pytest.raises(SkfError) as failed:
            device.random(8)
        codes.append((code_of(failed), failed.value.exit_code))
    assert [("DEVICE_REMOVED", 3)] * 2 == codes


@pytest.mark.parametrize(
    ("sw", "sar"), [(0x6982, Sar.USER_NOT_LOGGED_IN), (0x6A91, Sar.CONTAINER_NOT_EXISTS), (0x1234, Sar.FAIL)]
)
def test_status_words_become_codes(sw: int, sar: Sar) -> None:
    assert sar == refusal(sw, "trying").sar


def test_an_skf_error_is_a_host_error() -> None:
    assert issubclass(SkfError, HostError)
