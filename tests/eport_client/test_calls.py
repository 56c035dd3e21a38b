"""What clients call, with both generations of card: M11, M12."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from datetime import date

import pytest

from host_tools.eport_client.identity import Certificate
from host_tools.eport_client.methods import METHODS, NOT_ANSWERED
from host_tools.pki.keys import Kind
from tests.eport_client import openssl
from tests.eport_client.support import PIN, RSA, SM2, WRONG, Client, Served, served

TEXT = '"sessionID":"测试"||"payExchangeInfoHead":"{"a":"1"}"'
OPERATOR = {"SM2": ("0300000000000002", "03-ZZ9S000000002"), "RSA": ("00990004", "ZZ9R000000004")}


def certificate(client: Client) -> Certificate:
    return Certificate.parse(b64decode(client.data("cus-sec_SpcGetSignCertAsPEM")[0], validate=True))


def expected_identity(client: Client) -> tuple[str, str]:
    return OPERATOR[certificate(client).key.kind.value.upper()]


def test_a_signature_is_bare_base64_beside_the_certificate_number(service: Served) -> None:
    with service.client() as client:
        signature, number = client.data("cus-sec_SpcSignDataAsPEM", inData=TEXT, passwd=PIN)
        found = certificate(client)
        assert expected_identity(client)[0] == number
        assert openssl.verifies(found.der, TEXT.encode(), b64decode(signature, validate=True))


def test_lengths_are_those_of_the_two_generations() -> None:
    for profile, size in ((SM2, 88), (RSA, 172)):
        with served(profile) as running, running.client() as client:
            assert size == len(client.data("cus-sec_SpcSignDataAsPEM", inData="x", passwd=PIN)[0])


def test_an_rsa_signature_has_the_published_structure() -> None:
    """00 01 FF..FF 00, the identifier of SHA-1, and the digest of the UTF-8 text; 128 bytes."""
    with served(RSA) as running, running.client() as client:
        signature = b64decode(client.data("cus-sec_SpcSignDataAsPEM", inData=TEXT, passwd=PIN)[0])
        key = certificate(client).key
    block = pow(int.from_bytes(signature, "big"), key.e, key.n).to_bytes(128, "big")
    identifier = bytes.fromhex("3021300906052b0e03021a05000414")
    digest = hashlib.sha1(TEXT.encode()).digest()
    assert b"\0\1" + b"\xff" * 90 + b"\0" + identifier + digest == block


@pytest.mark.parametrize("prefix", ["cus-sec_", "security_"])
def test_every_way_to_sign_signs_the_same(service: Served, prefix: str) -> None:
    with service.client() as client:
        found = certificate(client)
        client.data(prefix + "SpcVerifyPIN", passwd=PIN)
        encoded = b64encode(TEXT.encode()).decode()
        ways = [
            client.data(prefix + "SpcSignDataAsPEM", inData=TEXT)[0],
            client.data(prefix + "SpcSignPemDataAsPem", inData=encoded)[0],
            client.data(prefix + "SpcSignRandom", random=encoded)[0],
            b64encode(bytes(client.data(prefix + "SpcSignData", inData=TEXT)[0])).decode(),
        ]
        assert [True] * 4 == [openssl.verifies(found.der, TEXT.encode(), b64decode(way)) for way in ways]


def test_a_digest_signed_without_hashing_is_the_same_rsa_signature() -> None:
    with served(RSA) as running, running.client() as client:
        hashed = hashlib.sha1(TEXT.encode()).hexdigest()
        expected = client.data("cus-sec_SpcSignDataAsPEM", inData=TEXT, passwd=PIN)
        assert expected == client.data("cus-sec_SpcSignDataNoHashAsPEM", inData=hashed, passwd=PIN)


def test_a_signature_verifies_with_the_card_or_a_given_certificate(service: Served) -> None:
    with service.client() as client:
        signature = client.data("cus-sec_SpcSignDataAsPEM", inData=TEXT, passwd=PIN)[0]
        pem = client.data("cus-sec_SpcGetSignCertAsPEM")[0]
        verify = "cus-sec_SpcVerifySignData"
        assert ["成功!"] == client.data(verify, inData=TEXT, signData=signature)
        assert ["成功!"] == client.data(verify, inData=TEXT, signData=signature, certDataPEM=pem)
        assert "Err:Custom50820" == client.refused(verify, inData=TEXT + " ", signData=signature)


def test_user_information_has_its_known_places(service: Served) -> None:
    with service.client() as client:
        number, card = expected_identity(client)
        fields = client.data("security_getGetCardUserInfoAll", userpin=PIN)[0].split("||")
        assert 13 == len(fields)
        assert [number, card, "MA00T0013", "20360102000000"] == [fields[place] for place in (0, 5, 8, 12)]
        assert ["测试操作员", "测试进出口有限公司"] == [fields[1], fields[6]]


def test_single_fields(service: Served) -> None:
    with service.client() as client:
        number, card = expected_identity(client)
        asked = ("CertNo", "CardID", "UName", "EntID", "EntName", "EntMode")
        found = [client.data(f"cus-sec_SpcGet{name}")[0] for name in asked]
        assert [number, card, "测试操作员", "MA00T0013", "测试进出口有限公司", "00"] == found


def test_validity_comes_as_an_object_with_fourteen_digits(service: Served) -> None:
    with service.client() as client:
        expected = [{"szStartTime": "20260102000000", "szEndTime": "20360102000000"}]
        pem = client.data("cus-sec_SpcGetSignCertAsPEM")[0]
        assert expected == client.data("cus-sec_SpcGetValidTimeFromCert")
        assert expected == client.data("cus-sec_SpcGetValidTimeFromCert", cert=pem)
        octets = client.data("security_SpcGetSignCert")[0]
        assert expected == client.data("security_SpcGetValidTimeFromCert", certByteArray=octets)


def test_encryption_for_the_card_is_undone_by_the_card(service: Served) -> None:
    with service.client() as client:
        cryptogram = client.data("cus-sec_SpcRSAEncrypt", inData="密文")[0]
        assert ["密文"] == client.data("cus-sec_SpcRSADecrypt", inData=cryptogram, passwd=PIN)


def test_the_digest_is_that_of_the_cards_generation(service: Served) -> None:
    with service.client() as client:
        made = client.data("cus-sec_SpcSHA1Digest", szInfo="abc")[0]
        sm2 = certificate(client).key.kind is Kind.SM2
        expected = hashlib.new("sm3", b"abc") if sm2 else hashlib.sha1(b"abc")
        assert expected.digest() == bytes(made)


def test_base64_both_ways(client: Client) -> None:
    assert ["5rWL6K+V"] == client.data("cus-sec_SpcEncodePEM", inData="测试")
    assert ["测试"] == client.data("cus-sec_SpcDecodePEMAsString", inData="5rWL\n6K+V")
    assert [[1, 2]] == client.data("cus-sec_SpcDecodePEM", inData="AQI=")


# -- passwords and sessions


def test_a_wrong_password_tells_the_tries_left_and_the_last_one_locks(client: Client) -> None:
    """M4."""
    codes = [client.refused("cus-sec_SpcVerifyPIN", passwd=WRONG) for _ in range(4)]
    assert ["Err:Custom51572", "Err:Custom51571", "Err:Custom51570", "Err:Custom51560"] == codes


def test_the_text_of_a_wrong_password_says_how_many_tries_are_left(client: Client) -> None:
    answer = client.ask("cus-sec_SpcSignDataAsPEM", {"inData": "x", "passwd": WRONG})
    assert "[卡片]口令错误，还可以重试2次:错误码=51572" == answer["Error"][0]


def test_a_password_of_a_wrong_length_costs_no_try(client: Client) -> None:
    assert "Err:Custom51680" == client.refused("cus-sec_SpcVerifyPIN", passwd="8")
    assert "Err:Custom51572" == client.refused("cus-sec_SpcVerifyPIN", passwd=WRONG)


def test_signing_needs_a_verified_password(client: Client) -> None:
    client.data("cus-sec_SpcInitEnvEx")
    assert "Err:Custom53550" == client.refused("cus-sec_SpcSignDataAsPEM", inData="x")
    client.data("cus-sec_SpcVerifyPIN", passwd=PIN)
    client.data("cus-sec_SpcSignDataAsPEM", inData="x")
    client.data("cus-sec_SpcClearEnv")
    assert "Err:Custom53550" == client.refused("cus-sec_SpcSignDataAsPEM", inData="x")


@pytest.mark.parametrize("method", ["cus-sec_SpcVerifyPINAll", "security_login", "swc_security_login"])
def test_a_call_that_opens_and_closes_by_itself_leaves_nothing_verified(client: Client, method: str) -> None:
    client.data(method, passwd=PIN)
    assert "Err:Custom53550" == client.refused("cus-sec_SpcSignDataAsPEM", inData="x")


def test_a_password_shown_on_one_connection_is_not_anothers(sm2_service: Served) -> None:
    with sm2_service.client() as one, sm2_service.client() as other:
        one.data("cus-sec_SpcVerifyPIN", passwd=PIN)
        assert "Err:Custom53550" == other.refused("cus-sec_SpcSignDataAsPEM", inData="x")
        one.data("cus-sec_SpcSignDataAsPEM", inData="x")


def test_the_card_forgets_the_password_when_a_call_ends(sm2_service: Served) -> None:
    with sm2_service.client() as client:
        client.data("cus-sec_SpcSignDataAsPEM", inData="x", passwd=PIN)
    asked_without_value = bytes.fromhex("00200001")
    assert 0x63C3 == int.from_bytes(sm2_service.reader.card.transmit(asked_without_value), "big")


def test_a_changed_password_is_the_new_one(client: Client) -> None:
    client.data("cus-sec_SpcChangePIN", oldPin=PIN, newPin="12345678")
    assert "Err:Custom51572" == client.refused("cus-sec_SpcVerifyPIN", passwd=PIN)
    client.data("cus-sec_SpcVerifyPIN", passwd="12345678")


def test_a_wrong_old_password_has_codes_of_its_own(client: Client) -> None:
    assert "Err:Custom51612" == client.refused("cus-sec_SpcChangePIN", oldPin=WRONG, newPin=PIN)


def test_unblocking_gives_the_tries_back(client: Client) -> None:
    """M5."""
    for _ in range(3):
        client.refused("cus-sec_SpcVerifyPIN", passwd=WRONG)
    client.data("ra_unlockPasswd", unlockPWD="66666666", newUserPWD=PIN)
    client.data("cus-sec_SpcVerifyPIN", passwd=PIN)


def test_a_login_signs_a_challenge_after_the_password(client: Client) -> None:
    """M12: reader kind, challenge signed, user information with the password."""
    assert ["0"] == client.data("ra_Is903Reader")
    challenge = b64encode(b"challenge of the server").decode()
    signature, number = client.data("security_SpcSignRandom", random=challenge, passwd=PIN)
    info = client.data("security_getGetCardUserInfoAll", userpin=PIN)[0]
    assert number == info.split("||")[0]
    assert openssl.verifies(certificate(client).der, b"challenge of the server", b64decode(signature))


def test_the_verdict_on_a_password_may_come_beside_the_user_information(client: Client) -> None:
    told, verdict = client.data("ra_VerifyPinAndGetCardUserInfo", readertype="1", userpin=WRONG)
    assert "0300000000000002" == told.split("||")[0]
    assert verdict["VerifyPINSuccess"] is False


# -- arguments and unknown methods


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("cus-sec_SpcSignDataAsPEM", {"passwd": PIN}),
        ("cus-sec_SpcSignDataAsPEM", {"inData": 5, "passwd": PIN}),
        ("cus-sec_SpcSignDataAsPEM", {"inData": "x", "passwd": 88888888}),
        ("cus-sec_SpcSignPemDataAsPem", {"inData": "***", "passwd": PIN}),
        ("cus-sec_SpcVerifyPIN", {}),
        ("cus-sec_SpcSignDataNoHashAsPEM", {"inData": "abcd", "passwd": PIN}),
        ("cus-sec_SpcVerifySignData", {"inData": "x", "signData": [256]}),
        ("cus-sec_SpcVerifySignData", {"inData": "x", "signData": "AQI=", "certDataPEM": "AQI="}),
        ("cus-sec_SpcGetValidTimeFromCert", {"cert": "AQI="}),
    ],
)
def test_missing_and_senseless_arguments_are_named(client: Client, method: str, args: dict[str, object]) -> None:
    assert "Err:Base50000" == client.refused(method, **args)


@pytest.mark.parametrize("method", ["mofcom_SignMessage", "pdf-sign_PdfAddSign", "jsca_JSCASignData", "no such thing"])
def test_a_method_that_is_not_offered_says_so(client: Client, method: str) -> None:
    assert "Err:Base50001" == client.refused(method)


def test_arguments_may_be_a_string_that_holds_json(client: Client) -> None:
    message = json.dumps({"_method": "cus-sec_SpcEncodePEM", "_id": 1, "args": '{"inData":"x"}'})
    assert ["eA=="] == client.raw(message)["_args"]["Data"]


def test_the_official_scripts_names_are_all_known() -> None:
    assert not set(METHODS) & NOT_ANSWERED
    families = {"cus-sec": 35, "security": 49, "ra": 19, "base": 15, "mofcom": 14, "pdf-sign": 11}
    names = [name.partition("_")[0] for name in (*METHODS, *NOT_ANSWERED)]
    assert families == {family: names.count(family) for family in families}


def test_files_are_read_only_from_the_folder_that_was_named(client: Client) -> None:
    assert "Err:Base50004" == client.refused("base_ComputeFileHash", path="/etc/passwd", algorithm="SHA256")


def test_the_day_of_the_fixture_is_the_day_of_the_certificates(client: Client) -> None:
    assert date(2026, 1, 2) == certificate(client).start.date()
