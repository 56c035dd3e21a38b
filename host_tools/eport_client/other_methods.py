"""The methods of `ra_`, `base_`, `swc_` and the service itself that make sense without a vendor's server."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

from host_tools.eport_client import security
from host_tools.eport_client.calls import DONE, VERSION, Call, Method, Shape
from host_tools.eport_client.refusals import Base, EportRefusal, base
from host_tools.eport_client.security import as_base64, challenge, field
from host_tools.pki.keys import Kind

FILE_HASHES = {"SHA384": hashlib.sha384, "SHA256": hashlib.sha256, "SHA1": hashlib.sha1, "MD5": hashlib.md5}
LARGEST_FILE = 16 * 1024 * 1024
ALGORITHM_FLAGS = {Kind.RSA: "65536", Kind.SM2: "131328"}
"""SGD_RSA 0x00010000, SGD_SM2_1 0x00020100 (GM/T 0006-2012, 5.2.4)."""


def is_903_reader(call: Call) -> list[object]:
    """The old reader with two slots; this is none."""
    return ["0"]


def verify_and_tell(call: Call) -> list[object]:
    """The user information, and beside it whether the password was right: a wrong one does not fail the call."""
    pin, told = call.pin(), call.desk.user_info()
    verdict: dict[str, object] = {"VerifyPINSuccess": True, "Error": []}
    if pin is not None:
        try:
            call.desk.verify_once(pin)
        except EportRefusal as refusal:
            verdict = {"VerifyPINSuccess": False, "Error": [refusal.text.zh, refusal.symbol]}
    return [told, verdict]


def identify(call: Call) -> list[object]:
    made = call.sign(challenge(call.args, "strInputDecodePEM"))
    return [as_base64(call.desk.certificate().der), as_base64(made.signature)]


def crypto_algorithm(call: Call) -> list[object]:
    return [ALGORITHM_FLAGS.get(call.desk.certificate().key.kind, "0")]


def card_type(call: Call) -> list[object]:
    call.desk.certificate()
    return ["1"]


def change_password(call: Call) -> list[object]:
    call.desk.change(call.args.secret("userPWD"), call.args.secret("newUserPWD"))
    return DONE


def unblock(call: Call) -> list[object]:
    call.desk.unblock(call.args.secret("unlockPWD"), call.args.secret("newUserPWD"))
    return DONE


def version(call: Call) -> list[object]:
    return [VERSION]


def nothing_newer(call: Call) -> list[object]:
    return DONE


def no_printers(call: Call) -> list[object]:
    return []


def no_server(call: Call) -> list[object]:
    raise base(
        Base.NO_SERVER,
        "数据已完整收到，但本服务背后没有单一窗口服务器",
        "the data came in whole, but there is no Single Window server behind this service",
    )


# -- files: only those of a directory that whoever started the service named


def _file(call: Call) -> Path:
    if call.files is None:
        zh, en = "未用--files指定可读目录", "the service was started without --files, so no file may be read"
        raise base(Base.NO_FILE, zh, en)
    root = call.files.resolve()
    try:
        found = (root / call.args.text("path")).resolve()
    except (OSError, ValueError):
        found = root
    if not found.is_relative_to(root) or not found.is_file() or found.stat().st_size > LARGEST_FILE:
        raise base(Base.NO_FILE, "没有这个文件，或不允许读取", "there is no such file, or it may not be read")
    return found


def file_hash(call: Call) -> list[object]:
    name = (call.args.maybe("algorithm") or "SHA1").upper()
    if name not in FILE_HASHES:
        listed = "/".join(FILE_HASHES)
        raise base(Base.ARGUMENTS, f"algorithm应为{listed}", f"algorithm must be one of {listed}")
    return [FILE_HASHES[name](_file(call).read_bytes(), usedforsecurity=False).hexdigest()]


def file_size(call: Call) -> list[object]:
    return [str(_file(call).stat().st_size)]


def file_as_base64(call: Call) -> list[object]:
    return [b64encode(_file(call).read_bytes()).decode()]


_A = Shape.ATTESTED
_SIGNED = "[base64 signature, certificate number]"

METHODS: tuple[Method, ...] = (
    Method("ra_Is903Reader", "", is_903_reader, '["0"]', _A),
    Method(
        "ra_VerifyPinAndGetCardUserInfo", "readertype?, userpin?", verify_and_tell, "[info, {VerifyPINSuccess}]", _A
    ),
    Method("ra_identifyFirstStep", "strInputDecodePEM, passwd?", identify, "[certificate, signature]", _A, signs=True),
    Method("ra_InitCpuCard", "", security.init_env, '["成功!"]'),
    Method("ra_CloseCpuCard", "", security.clear_env, '["成功!"]'),
    Method("ra_verifyPassWD", "passwd", security.verify_pin, '["成功!"]'),
    Method("ra_changePasswd", "userPWD, newUserPWD", change_password, '["成功!"]'),
    Method("ra_unlockPasswd", "unlockPWD, newUserPWD", unblock, '["成功!"]', remark="unlockPWD is the admin PIN"),
    Method("ra_getItemUserInfo", "", security.user_info, "[13 fields joined by ||]"),
    Method("ra_GetCardIDFromCard", "lReader?", field("card_number"), "[card number]"),
    Method("ra_GetGetICCType", "lReader?", card_type, '["1"]'),
    Method("ra_GetCryptAlgo", "lReader?", crypto_algorithm, '["65536"] RSA, ["131328"] SM2'),
    Method("ra_DeclareData", "inData, passwd?", security.sign_as_pem, _SIGNED, signs=True),
    Method("ra_GetOcxVersion", "", version, "[version]"),
    Method("base_ComputeFileHash", "path, algorithm?", file_hash, "[hexadecimal]", remark="only with --files"),
    Method("base_FileSize", "path", file_size, "[size]", remark="only with --files"),
    Method("base_OpenFileAsBase64", "path, fileSize?", file_as_base64, "[base64]", remark="only with --files"),
    Method("base_GetLocalPrinters", "", no_printers, "[]"),
    Method("swc_security_login", "passwd", security.verify_pin_all, '["成功!"]'),
    Method("swc_postdata", "any (a JSON string)", no_server, "fails: Err:Base50003", remark="no server behind it"),
    Method("ver", "", version, "[version]"),
    Method("update", "", nothing_newer, '["成功!"]', remark="nothing is updated"),
    Method("fullupdate", "", nothing_newer, '["成功!"]', remark="nothing is updated"),
)
