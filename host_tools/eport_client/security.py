"""The methods of the customs card: the families `cus-sec_` and `security_`.

Both have the same calls under their own prefixes; `security_` has some more, whose names begin with a small letter.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from host_tools.client.algorithms import Role
from host_tools.eport_client import signatures
from host_tools.eport_client.arguments import Args, base64
from host_tools.eport_client.calls import DONE, Call, Method, Run, Shape
from host_tools.eport_client.desk import Signed
from host_tools.eport_client.identity import TIME, Certificate
from host_tools.eport_client.refusals import Base, Code, base, custom
from host_tools.errors import BadResponse, BadSignature
from host_tools.pki.keys import Kind

PREFIXES = ("cus-sec_", "security_")
DIGESTS = tuple(signatures.DIGEST_SIZES.values())


def as_base64(value: bytes) -> str:
    """Base64 in one line, which the names of the methods call PEM."""
    return b64encode(value).decode()


# -- opening, closing, passwords


def init_env(call: Call) -> list[object]:
    call.desk.open(call.session)
    return DONE


def clear_env(call: Call) -> list[object]:
    call.desk.leave(call.session)
    return DONE


def set_priority(call: Call) -> list[object]:
    """There is one reader, so the order of readers is read and has no effect."""
    call.args.text("szInitEnvPriority", empty=True)
    return DONE


def verify_pin(call: Call) -> list[object]:
    call.desk.verify(call.session, call.args.secret("passwd"))
    return DONE


def verify_pin_all(call: Call) -> list[object]:
    call.desk.verify_once(call.args.secret("passwd"))
    return DONE


def change_pin(call: Call) -> list[object]:
    call.desk.change(call.args.secret("oldPin"), call.args.secret("newPin"))
    return DONE


# -- who the card belongs to


def field(name: str) -> Run:
    """A method that gives one field of the holder data."""

    def run(call: Call) -> list[object]:
        return [getattr(call.desk.holder(), name)]

    return run


def attached(call: Call) -> list[object]:
    return [call.desk.holder().attached]


def attached_as_pem(call: Call) -> list[object]:
    return [as_base64(call.desk.holder().attached.encode())]


def certificate_number(call: Call) -> list[object]:
    return [call.desk.certificate().number]


def user_info(call: Call) -> list[object]:
    return [call.desk.user_info()]


def user_info_all(call: Call) -> list[object]:
    pin = call.pin()
    if pin is not None:
        call.desk.verify_once(pin)
    return [call.desk.user_info()]


def certificate_bytes(role: Role) -> Run:
    """A method that gives a certificate as numbers."""

    def run(call: Call) -> list[object]:
        return [list(call.desk.certificate(role).der)]

    return run


def certificate_pem(role: Role) -> Run:
    """A method that gives a certificate as base64."""

    def run(call: Call) -> list[object]:
        return [as_base64(call.desk.certificate(role).der)]

    return run


def valid_time(call: Call) -> list[object]:
    given = next((name for name in ("cert", "certByteArray") if call.args.has(name)), None)
    found = call.desk.certificate() if given is None else parsed_certificate(given, call.args.octets(given))
    return [{"szStartTime": found.start.strftime(TIME), "szEndTime": found.end.strftime(TIME)}]


def parsed_certificate(name: str, body: bytes) -> Certificate:
    """A certificate that a client sent."""
    try:
        return Certificate.parse(body)
    except BadResponse:
        raise base(Base.ARGUMENTS, f"{name}不是X.509证书", f"{name} is not an X.509 certificate") from None


# -- base64


def encode_pem(call: Call) -> list[object]:
    return [as_base64(call.args.text("inData").encode())]


def decode_pem(call: Call) -> list[object]:
    return [list(call.args.octets("inData"))]


def decode_pem_as_string(call: Call) -> list[object]:
    try:
        return [call.args.octets("inData").decode()]
    except UnicodeDecodeError:
        raise base(Base.ARGUMENTS, "inData解码后不是UTF-8", "inData does not decode to UTF-8") from None


# -- signatures


def _as_bytes(made: Signed) -> list[object]:
    return [list(made.signature), made.number]


def _as_pem(made: Signed) -> list[object]:
    return [as_base64(made.signature), made.number]


def sign(call: Call) -> list[object]:
    return _as_bytes(call.sign(call.args.text("inData").encode()))


def sign_as_pem(call: Call) -> list[object]:
    return _as_pem(call.sign(call.args.text("inData").encode()))


def sign_pem(call: Call) -> list[object]:
    return _as_pem(call.sign(call.args.octets("inData")))


def sign_old(call: Call) -> list[object]:
    return _as_pem(call.sign(call.args.text("inputData").encode()))


def sign_random(call: Call) -> list[object]:
    return _as_pem(call.sign(challenge(call.args, "random")))


def challenge(args: Args, name: str) -> bytes:
    """A challenge is base64; one that is not is signed as the text it is."""
    text = args.text(name)
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        return text.encode()


def _signed_digest(call: Call) -> Signed:
    kind = call.desk.certificate().key.kind
    made_over = call.args.digest("inData", [signatures.DIGEST_SIZES.get(kind, 0)])
    return call.desk.sign_digest(call.session, call.pin(), made_over)


def sign_no_hash(call: Call) -> list[object]:
    return _as_bytes(_signed_digest(call))


def sign_no_hash_as_pem(call: Call) -> list[object]:
    return _as_pem(_signed_digest(call))


def _certificate_to_check(call: Call) -> Certificate:
    given = call.args.maybe("certDataPEM")
    if given is None:
        return call.desk.certificate()
    return parsed_certificate("certDataPEM", base64("certDataPEM", given))


def verify(call: Call) -> list[object]:
    found = _certificate_to_check(call)
    return _checked(call, found, signatures.signed_digest(found.key, call.args.text("inData").encode()))


def verify_no_hash(call: Call) -> list[object]:
    found = _certificate_to_check(call)
    return _checked(call, found, call.args.digest("inData", DIGESTS))


def _checked(call: Call, found: Certificate, made_over: bytes) -> list[object]:
    try:
        signatures.check_digest(found.key, made_over, call.args.octets("signData"), call.desk.sm2)
    except BadSignature:
        raise custom(Code.VERIFY_SIGNATURE) from None
    return DONE


def _digest(call: Call) -> bytes:
    kind = call.desk.certificate().key.kind
    return signatures.plain_digest(kind, call.args.text("szInfo", empty=True).encode())


def digest(call: Call) -> list[object]:
    return [list(_digest(call))]


def digest_as_pem(call: Call) -> list[object]:
    """Base64 with an RSA card. With an SM2 card, 64 hexadecimal digits: that is what a client was seen to log."""
    made = _digest(call)
    return [made.hex() if len(made) == signatures.DIGEST_SIZES[Kind.SM2] else as_base64(made)]


# -- encryption


def encrypt(call: Call) -> list[object]:
    given = call.args.has("certData")
    body = call.args.octets("certData") if given else b""
    found = parsed_certificate("certData", body) if given else call.desk.certificate(Role.EXCHANGE)
    try:
        made = signatures.encrypt(found.key, call.args.text("inData").encode(), call.desk.sm2)
    except ValueError:
        raise base(Base.ARGUMENTS, "inData对该密钥太长", "inData is too long for this key") from None
    return [as_base64(made)]


def decrypt(call: Call) -> list[object]:
    cryptogram = call.args.octets("inData")
    private = call.desk.private
    found = private(call.session, call.pin(), Code.PRIVATE_KEY, lambda card: card.decrypt(cryptogram))
    plaintext = found.reveal()
    try:
        return [plaintext.decode()]
    except UnicodeDecodeError:
        return [as_base64(plaintext)]


_A, _C = Shape.ATTESTED, Shape.CHOSEN
_BYTES = "[[numbers 0-255]]"
_SIGNED = "[base64 signature, certificate number]"

_COMMON = (
    Method("SpcSetInitEnvPriority", "szInitEnvPriority", set_priority, '["成功!"]'),
    Method("SpcInitEnvEx", "", init_env, '["成功!"]', remark="opens the card"),
    Method("SpcClearEnv", "", clear_env, '["成功!"]', remark="closes the card and forgets the password"),
    Method("SpcGetCardAttachInfo", "", attached, "[kind||declarant's number||credit code]"),
    Method("SpcGetCardAttachInfoAsPEM", "", attached_as_pem, "[base64 of the same]"),
    Method("SpcGetCardID", "", field("card_number"), "[card number]", _A),
    Method("SpcGetCertNo", "", certificate_number, "[certificate number]", _A),
    Method("SpcGetUName", "", field("name"), "[holder's name]", _A),
    Method("SpcGetEntID", "", field("unit_code"), "[unit code]", _A),
    Method("SpcGetEntName", "", field("unit"), "[unit name]", _A),
    Method("SpcGetEntMode", "", field("category"), "[unit category]", _A),
    Method("SpcGetCardUserInfo", "", user_info, "[13 fields joined by ||]", _A),
    Method("SpcGetSignCert", "", certificate_bytes(Role.SIGN), _BYTES),
    Method("SpcGetSignCertAsPEM", "", certificate_pem(Role.SIGN), "[base64, one line]", _A),
    Method("SpcGetEnvCert", "", certificate_bytes(Role.EXCHANGE), _BYTES),
    Method("SpcGetEnvCertAsPEM", "", certificate_pem(Role.EXCHANGE), "[base64, one line]", _A),
    Method("SpcGetValidTimeFromCert", "cert? or certByteArray?", valid_time, '[{"szStartTime","szEndTime"}]', _A),
    Method("SpcVerifyPIN", "passwd", verify_pin, '["成功!"]', remark="stays verified for this connection"),
    Method("SpcChangePIN", "oldPin, newPin", change_pin, '["成功!"]'),
    Method("SpcEncodePEM", "inData", encode_pem, "[base64]"),
    Method("SpcDecodePEM", "inData", decode_pem, _BYTES),
    Method("SpcDecodePEMAsString", "inData", decode_pem_as_string, "[text]"),
    Method("SpcSignData", "inData, passwd?", sign, "[[numbers 0-255], certificate number]", signs=True),
    Method("SpcSignDataAsPEM", "inData, passwd?", sign_as_pem, _SIGNED, _A, signs=True),
    Method("SpcSignPemDataAsPem", "inData (base64), passwd?", sign_pem, _SIGNED, _A, signs=True),
    Method("SpcVerifySignData", "inData, signData, certDataPEM?", verify, '["成功!"]', _A),
    Method("SpcSHA1Digest", "szInfo", digest, _BYTES, remark="SM3 with an SM2 card"),
    Method("SpcSHA1DigestAsPEM", "szInfo", digest_as_pem, "[base64; SM2: 64 hexadecimal digits]"),
    Method(
        "SpcSignDataNoHash", "inData (digest), passwd?", sign_no_hash, "[[numbers], certificate number]", signs=True
    ),
    Method("SpcSignDataNoHashAsPEM", "inData (digest), passwd?", sign_no_hash_as_pem, _SIGNED, signs=True),
    Method("SpcVerifySignDataNoHash", "inData (digest), signData, certDataPEM?", verify_no_hash, '["成功!"]'),
    Method("SpcSignRandom", "random (base64), passwd?", sign_random, _SIGNED, _A, signs=True),
    Method("SpcRSAEncrypt", "inData, certData?", encrypt, "[base64]", remark="SM2 encryption for an SM2 certificate"),
    Method("SpcRSADecrypt", "inData (base64), passwd?", decrypt, "[text, or base64 if it is none]"),
)

_ONLY: dict[str, tuple[Method, ...]] = {
    "cus-sec_": (
        Method("SpcVerifyPINAll", "passwd", verify_pin_all, '["成功!"]', remark="opens, verifies and closes"),
    ),
    "security_": (
        Method("login", "passwd", verify_pin_all, '["成功!"]'),
        Method("signData", "passwd?, inputData", sign_old, _SIGNED, _A, signs=True),
        Method("getGetCardUserInfoAll", "userpin?", user_info_all, "[13 fields joined by ||]", _A),
        Method("getValidTimeAll", "", valid_time, '[{"szStartTime","szEndTime"}]'),
    ),
}


def with_prefix(prefix: str, method: Method) -> Method:
    """The method under its full name."""
    name = prefix + method.name
    return Method(name, method.args, method.run, method.data, method.shape, method.signs, method.remark)


METHODS: tuple[Method, ...] = tuple(
    with_prefix(prefix, method) for prefix in PREFIXES for method in (*_COMMON, *_ONLY[prefix])
)
