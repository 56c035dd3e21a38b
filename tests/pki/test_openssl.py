"""Certificates, requests, lists and answers, judged by openssl; SM2 also by gmssl.

What openssl 3.0 cannot do with SM2: `-vfyopt distid` reaches only the certificate it is asked about, so a chain is
judged link by link; lists and OCSP answers are checked with an empty identifier in ZA, which no authority signs with,
so their signatures are judged by `pkeyutl` and by gmssl over the signed part instead. RSA is judged whole.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp as their_ocsp

from host_tools.pki import der, ocsp
from host_tools.pki.generation import Generation
from host_tools.pki.revocation import Reason, RevocationList
from host_tools.pki.signed import Signed
from tests.host.support import openssl
from tests.pki.support import (
    AT,
    BOTH,
    CASES,
    SUBJECT,
    asked,
    authority,
    gmssl_takes,
    openssl_takes,
    openssl_takes_sm2,
    pair_of,
    write_pem,
)

RSA = ("rsa", "rsa-2048")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("which", ["signing", "exchange"])
def test_openssl_takes_every_link_of_the_chain(tmp_path: Path, case: str, which: str) -> None:
    made, pair = pair_of(case)
    paths = write_pem(tmp_path, root=made.chain.root, issuing=made.chain.issuing, leaf=getattr(pair, which))
    assert openssl_takes(paths["leaf"], paths["issuing"], case)
    assert openssl_takes(paths["issuing"], paths["root"], case)


@pytest.mark.parametrize("case", CASES)
def test_openssl_sees_a_forged_link(tmp_path: Path, case: str) -> None:
    made, pair = pair_of(case)
    forged = bytearray(pair.signing.encoded)
    forged[-1] ^= 1
    paths = write_pem(tmp_path, issuing=made.chain.issuing)
    (tmp_path / "forged.pem").write_text(der.pem("CERTIFICATE", bytes(forged)))
    assert not openssl_takes(tmp_path / "forged.pem", paths["issuing"], case)


@pytest.mark.parametrize("case", RSA)
def test_openssl_takes_the_whole_rsa_chain(tmp_path: Path, case: str) -> None:
    made, pair = pair_of(case)
    paths = write_pem(tmp_path, root=made.chain.root, issuing=made.chain.issuing, leaf=pair.signing)
    done = openssl(
        "verify", *AT, "-x509_strict", "-CAfile", paths["root"], "-untrusted", paths["issuing"], paths["leaf"]
    )
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("case", CASES)
def test_a_root_is_its_own(tmp_path: Path, case: str) -> None:
    # Not given as trusted, so that openssl looks at its signature: 18, "self-signed", is then all it finds.
    path = write_pem(tmp_path, root=pair_of(case)[0].chain.root)["root"]
    done = openssl("verify", *CASES[case].options, *AT, "-check_ss_sig", "-no-CAfile", path)
    assert ["18"] == re.findall(r"^error (\d+) at", done.stderr, re.MULTILINE)


def test_gmssl_takes_the_chain() -> None:
    made, pair = pair_of("sm2")
    chain = (pair.signing, made.chain.issuing, made.chain.root)
    keys = (made.chain.issuing.key, made.chain.root.key, made.chain.root.key)
    for each, key in zip(chain, keys):
        assert gmssl_takes(key.point, each.signed.tbs, each.signed.signature)


@pytest.mark.parametrize("case", CASES)
def test_openssl_takes_a_request(tmp_path: Path, case: str) -> None:
    (tmp_path / "r.der").write_bytes(asked(case))
    done = openssl("req", "-verify", "-noout", "-inform", "DER", "-in", tmp_path / "r.der", *CASES[case].options)
    assert "verify OK" in done.stdout + done.stderr


@pytest.mark.parametrize("case", RSA)
def test_a_request_of_openssl_is_taken(tmp_path: Path, case: str) -> None:
    bits = CASES[case].bits
    openssl("req", "-new", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", tmp_path / "k", "-subj", "/CN=x",
            "-addext", "subjectAltName=DNS:x.test", "-out", tmp_path / "r")  # fmt: skip
    made = authority(case).issue((tmp_path / "r").read_bytes(), SUBJECT)
    assert bits == made.key.bits


def test_an_sm2_request_of_openssl_is_taken(tmp_path: Path) -> None:
    openssl("ecparam", "-name", "SM2", "-genkey", "-noout", "-out", tmp_path / "k")
    done = openssl("req", "-new", "-key", tmp_path / "k", "-sm3", "-sigopt", "distid:1234567812345678",
                   "-subj", "/CN=x", "-out", tmp_path / "r")  # fmt: skip
    assert 0 == done.returncode, done.stderr
    made = authority("sm2").issue((tmp_path / "r").read_bytes(), SUBJECT)
    assert 256 == made.key.bits


# -- lists


def revoked_list(case: str) -> tuple[bytes, int, int]:
    """A list with one certificate on it; that serial, and one that is not."""
    made = authority(case)
    first, second = (made.issue(asked(case, name), SUBJECT).serial for name in ("holder", "a"))
    made.revoke(first, Reason.KEY_COMPROMISE)
    return made.crl(), first, second


@pytest.mark.parametrize("case", CASES)
def test_cryptography_reads_the_list(case: str) -> None:
    body, gone, good = revoked_list(case)
    found = x509.load_der_x509_crl(body)
    row = found.get_revoked_certificate_by_serial_number(gone)
    assert row is not None
    assert x509.ReasonFlags.key_compromise == row.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert None is found.get_revoked_certificate_by_serial_number(good)
    assert 1 == found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


@pytest.mark.parametrize("case", RSA)
def test_openssl_takes_the_rsa_list(tmp_path: Path, case: str) -> None:
    body, _, _ = revoked_list(case)
    path = write_pem(tmp_path, issuing=authority(case).chain.issuing)["issuing"]
    (tmp_path / "l.der").write_bytes(body)
    done = openssl("crl", "-inform", "DER", "-in", tmp_path / "l.der", "-noout", "-CAfile", path)
    assert "verify OK" in done.stderr


@pytest.mark.parametrize("case", RSA)
@pytest.mark.parametrize("gone", [True, False])
def test_openssl_looks_an_rsa_certificate_up_in_the_list(tmp_path: Path, case: str, gone: bool) -> None:
    made = authority(case)
    leaf = made.issue(asked(case), SUBJECT)
    if gone:
        made.revoke(leaf.serial)
    paths = write_pem(tmp_path, root=made.chain.root, issuing=made.chain.issuing, leaf=leaf)
    (tmp_path / "l.pem").write_text(der.pem("X509 CRL", made.crl()))
    done = openssl("verify", *AT, "-crl_check", "-CRLfile", tmp_path / "l.pem", "-CAfile", paths["root"],
                   "-untrusted", paths["issuing"], paths["leaf"])  # fmt: skip
    assert gone == ("certificate revoked" in done.stderr)
    assert gone == (done.returncode != 0)


def test_openssl_and_gmssl_take_the_signed_part_of_the_sm2_list(tmp_path: Path) -> None:
    signed = Signed.parse(revoked_list("sm2")[0], "list")
    point = authority("sm2").chain.issuing.key.point
    assert openssl_takes_sm2(tmp_path, point, signed.tbs, signed.signature)
    assert gmssl_takes(point, signed.tbs, signed.signature)


def test_openssl_checks_an_sm2_list_with_another_identifier(tmp_path: Path) -> None:
    """The limit that this module's head names: should it fall, these tests can ask for more."""
    path = write_pem(tmp_path, issuing=authority("sm2").chain.issuing)["issuing"]
    (tmp_path / "l.der").write_bytes(revoked_list("sm2")[0])
    done = openssl("crl", "-inform", "DER", "-in", tmp_path / "l.der", "-noout", "-CAfile", path)
    assert "verify failure" in done.stderr


@pytest.mark.parametrize("case", RSA)
def test_a_list_of_openssl_is_read(tmp_path: Path, case: str) -> None:
    from host_tools.pki import softkey
    from tests.pki.support import soft_key

    softkey.save(tmp_path / "k", soft_key(case, "issuing"), None)
    path = write_pem(tmp_path, issuing=authority(case).chain.issuing)["issuing"]
    (tmp_path / "index").write_text("R\t361122000000Z\t261121000000Z,superseded\t0BAD\tunknown\t/CN=x\n")
    (tmp_path / "number").write_text("07\n")
    text = f"[ca]\ndefault_ca=a\n[a]\ndatabase={tmp_path}/index\ncrlnumber={tmp_path}/number\ndefault_md=sha256\n"
    (tmp_path / "c").write_text(text)
    done = openssl("ca", "-gencrl", "-config", tmp_path / "c", "-keyfile", tmp_path / "k", "-cert", path,
                   "-crldays", "3", "-out", tmp_path / "l")  # fmt: skip
    assert 0 == done.returncode, done.stderr
    found = RevocationList.parse((tmp_path / "l").read_bytes())
    assert [(0x0BAD, Reason.SUPERSEDED)] == [(each.serial, each.reason) for each in found.entries]


# -- answers


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("gone", [True, False])
def test_cryptography_reads_the_answer(case: str, gone: bool) -> None:
    made = authority(case)
    leaf = made.issue(asked(case), SUBJECT)
    if gone:
        made.revoke(leaf.serial, Reason.SUPERSEDED)
    found = their_ocsp.load_der_ocsp_response(made.ocsp(ocsp.ask(leaf, made.chain.issuing, b"0123456789")))
    assert their_ocsp.OCSPResponseStatus.SUCCESSFUL == found.response_status
    expected = their_ocsp.OCSPCertStatus.REVOKED if gone else their_ocsp.OCSPCertStatus.GOOD
    assert (expected, leaf.serial) == (found.certificate_status, found.serial_number)
    assert b"0123456789" == found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce


@pytest.mark.parametrize("case", RSA)
@pytest.mark.parametrize(("gone", "said"), [(True, "leaf.pem: revoked"), (False, "leaf.pem: good")])
def test_openssl_takes_the_answer_to_its_question(tmp_path: Path, case: str, gone: bool, said: str) -> None:
    made = authority(case)
    leaf = made.issue(asked(case), SUBJECT)
    if gone:
        made.revoke(leaf.serial)
    paths = write_pem(tmp_path, root=made.chain.root, issuing=made.chain.issuing, leaf=leaf)
    files = ("-issuer", paths["issuing"], "-cert", paths["leaf"])
    openssl("ocsp", *files, "-no_nonce", "-reqout", tmp_path / "q")
    (tmp_path / "a").write_bytes(made.ocsp((tmp_path / "q").read_bytes()))
    done = openssl("ocsp", *files, "-no_nonce", "-respin", tmp_path / "a", *AT, "-CAfile", paths["root"],
                   "-verify_other", paths["issuing"], "-validity_period", "1000000000")  # fmt: skip
    assert "Response verify OK" in done.stderr
    assert said in done.stdout


def test_openssl_and_gmssl_take_the_signed_part_of_the_sm2_answer(tmp_path: Path) -> None:
    made, pair = pair_of("sm2")
    found = their_ocsp.load_der_ocsp_response(made.ocsp(ocsp.ask(pair.signing, made.chain.issuing)))
    point = made.chain.issuing.key.point
    assert openssl_takes_sm2(tmp_path, point, found.tbs_response_bytes, found.signature)
    assert gmssl_takes(point, found.tbs_response_bytes, found.signature)


@pytest.mark.parametrize("case", BOTH)
def test_the_generations_do_not_answer_for_each_other(case: str) -> None:
    made, pair = pair_of(case)
    other = authority("rsa" if CASES[case].generation is Generation.SM2 else "sm2")
    found = their_ocsp.load_der_ocsp_response(other.ocsp(ocsp.ask(pair.signing, made.chain.issuing)))
    assert their_ocsp.OCSPCertStatus.UNKNOWN == found.certificate_status
