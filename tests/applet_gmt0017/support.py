"""A host of a GM/T 0017 token, written apart from the card: its own SM4 and SHA-1, and gmssl for SM2.

`token()` is a blank token; `ready()` one with the application APP, its user logged in and a container open.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from cryptography.hazmat.decrepit.ciphers import modes as old
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simcard.profile import builtin_text
from tests.kit import Bench, bench, bench_of_text

GM: Any = import_module("gmssl.sm2")

DEVICE_KEY = b"1234567812345678"
APP = b"GM3000APP"
USER, ADMIN = b"123456", b"87654321"
CONTAINER = b"personalCert00"
SM4_ECB, SM4_CBC, SM4_CFB, SM4_OFB, SM4_MAC = 0x401, 0x402, 0x404, 0x408, 0x410
ANYONE, NEVER, BY_ADMIN, BY_USER = 0xFF, 0, 1, 0x10


def u2(value: int) -> bytes:
    return value.to_bytes(2, "big")


def u4(value: int) -> bytes:
    return value.to_bytes(4, "big")


BITS = u4(256)


def sm4(key: bytes, data: bytes, mode: modes.CBC | old.CFB | old.OFB | None = None, *, encrypt: bool = True) -> bytes:
    """SM4 of the `cryptography` package; ECB unless a mode is given."""
    cipher = Cipher(algorithms.SM4(key), mode or modes.ECB())
    run = cipher.encryptor() if encrypt else cipher.decryptor()
    return run.update(data) + run.finalize()


def pin_key(pin: bytes) -> bytes:
    return hashlib.sha1(pin.ljust(16, b"\0")).digest()[:16]


def block(form: str, challenge: bytes) -> bytes:
    plain = {
        "LD-LE": b"\x08\x00" + challenge + b"\x80",
        "LD-BE": b"\x00\x08" + challenge + b"\x80",
        "ZERO": challenge,
    }[form]
    return plain.ljust(16, b"\0")


def mac(key: bytes, challenge: bytes, message: bytes) -> bytes:
    """CBC-MAC over a message padded with 80 00.., four bytes."""
    padded = message + b"\x80"
    padded += bytes(-len(padded) % 16)
    return sm4(key, padded, modes.CBC(challenge.ljust(16, b"\0")))[-16:-12]


@dataclass(slots=True)
class Token:
    """A card spoken to as hosts of tokens do it: class 80, always the extended form."""

    bench: Bench
    ident: bytes = b""
    """AppID of the application that was opened last."""
    container: bytes = b""
    """ContainerID of the container that was opened last."""
    forms: str = field(default="LD-LE")

    def raw(self, ins: int, p1p2: int = 0, data: bytes = b"", ne: int | None = None, cla: int = 0x80) -> bytes:
        head = bytes((cla, ins)) + u2(p1p2) + b"\0"
        body = u2(len(data)) + data if data else b""
        if not data and ne is None:
            return head[:4]
        return head + body + (u2(ne % 65536) if ne is not None else b"")

    def send(
        self, ins: int, data: bytes = b"", p1p2: int = 0, ne: int | None = None, cla: int = 0x80
    ) -> tuple[bytes, int]:
        return self.bench.send(self.raw(ins, p1p2, data, ne, cla))

    def ok(self, ins: int, data: bytes = b"", p1p2: int = 0, ne: int | None = None, cla: int = 0x80) -> bytes:
        answer, sw = self.send(ins, data, p1p2, ne, cla)
        assert f"{0x9000:04X}" == f"{sw:04X}", self.bench.story()
        return answer

    def sw(self, ins: int, data: bytes = b"", p1p2: int = 0, ne: int | None = None, cla: int = 0x80) -> str:
        """The status word of a command that must fail and say nothing."""
        answer, sw = self.send(ins, data, p1p2, ne, cla)
        assert answer == b""
        return f"{sw:04X}"

    # -- procedures -----------------------------------------------------------------------------------------

    def challenge(self) -> bytes:
        return self.ok(0x50, ne=8)

    def authenticate(self, key: bytes = DEVICE_KEY) -> str:
        return self.sw(0x10, sm4(key, block("ZERO", self.challenge())), 2)

    def verify(self, pin: bytes = USER, kind: int = 1, form: str = "LD-LE") -> str:
        return self.sw(0x18, self.ident + sm4(pin_key(pin), block(form, self.challenge())), kind)

    def login(self, pin: bytes = USER, kind: int = 1) -> None:
        assert self.verify(pin, kind) == "9000"

    def new_value(self, ins: int, kind: int, key: bytes, cryptogram: bytes, ident: bytes | None = None) -> str:
        """ChangeDevAuthKey, ChangePIN or UnblockPIN with a MAC over a six-byte header."""
        challenge = self.challenge()
        data = (self.ident if ident is None else ident) + cryptogram
        header = bytes((0x84, ins)) + u2(kind) + u2(len(data) + 4)
        return self.sw(ins, data + mac(key, challenge, header + data), kind, cla=0x84)

    def change_pin(self, old: bytes, new: bytes, kind: int = 1) -> str:
        return self.new_value(0x16, kind, pin_key(old), sm4(pin_key(old), new.ljust(16, b"\0")))

    def unblock(self, admin: bytes, new: bytes) -> str:
        return self.new_value(0x1A, 0, pin_key(admin), sm4(pin_key(admin), new.ljust(16, b"\0")))

    def create_application(self, name: bytes = APP, rights: int = ANYONE, **given: Any) -> str:
        return self.sw(0x20, application_data(name, rights, **given))

    def open(self, name: bytes = APP) -> bytes:
        answer = self.ok(0x26, name, ne=10)
        self.ident = answer[-2:]
        return answer

    def create_container(self, name: bytes = CONTAINER) -> bytes:
        self.container = self.ok(0x40, self.ident + name, ne=2)
        return self.container

    @property
    def where(self) -> bytes:
        return self.ident + self.container

    def generate(self) -> bytes:
        """The signing pair of the container; X and Y."""
        return self.ok(0x70, self.where + BITS, ne=64)

    def import_exchange(self, signing: bytes, private: bytes, public: bytes, wide: bool = True) -> str:
        """An exchange pair in an envelope that gmssl makes for the signing key X || Y."""
        return self.sw(0x72, self.where + envelope(signing, private, public, wide))

    def session_key(self, key: bytes) -> bytes:
        """A session key in clear; its KeyID."""
        return self.ok(0xA2, self.where + u4(SM4_ECB) + u2(len(key)) + key, ne=2)


def application_data(
    name: bytes = APP,
    rights: int = ANYONE,
    user: bytes = USER,
    admin: bytes = ADMIN,
    tries: tuple[int, int] = (6, 6),
    limits: tuple[int, int, int] = (4, 8, 8),
    width: int = 32,
) -> bytes:
    pins = admin.ljust(16, b"\0") + u4(tries[1]) + user.ljust(16, b"\0") + u4(tries[0])
    return name.ljust(width, b"\0") + pins + u4(rights) + bytes(limits[:2]) + u2(limits[2])


def gm_encrypt(public: bytes, plain: bytes) -> bytes:
    """C1 || C3 || C2 without the 04, by gmssl, for X || Y."""
    done = GM.CryptSM2(private_key="", public_key=public.hex(), mode=1).encrypt(plain)
    assert isinstance(done, bytes)
    return done


def gm_decrypt(private: bytes, cryptogram: bytes) -> bytes:
    done = GM.CryptSM2(private_key=private.hex(), public_key="", mode=1).decrypt(cryptogram)
    assert isinstance(done, bytes)
    return done


def gm_verifies(public: bytes, digest: bytes, signature: bytes) -> bool:
    return bool(GM.CryptSM2(private_key="", public_key=public.hex()).verify(signature.hex(), digest))


def gm_pair(seed: int) -> tuple[bytes, bytes]:
    """A pair by gmssl's points: d, X || Y."""
    sums = GM.CryptSM2(private_key="", public_key="")
    private = (0x1234567 + seed * 0x9E3779B97F4A7C15F39CC0605CEDC835).to_bytes(32, "big")
    return private, bytes.fromhex(sums._kg(int.from_bytes(private, "big"), sums.ecc_table["g"]))


def counted_cryptogram(cryptogram: bytes) -> bytes:
    """X, Y, hash, length, cipher text."""
    return cryptogram[:96] + u4(len(cryptogram) - 96) + cryptogram[96:]


def envelope(signing: bytes, private: bytes, public: bytes, wide: bool = True, order: str = "std") -> bytes:
    """ImportECCKeyPair's data after AppID and ContainerID, for the signing key X || Y."""
    key = bytes(range(16))
    encrypted = sm4(key, private.rjust(64 if wide else 32, b"\0"))
    wrapped = counted_cryptogram(gm_encrypt(signing, key))
    head = u4(1) + u4(SM4_ECB) + BITS
    if order == "std":
        return head + u4(len(encrypted)) + encrypted + public + BITS + wrapped
    return head + wrapped + BITS + public + u4(len(encrypted)) + encrypted


def token(**switches: str | int | bool) -> Token:
    """A blank token, its device information asked once so that this door is selected."""
    if not switches:
        return Token(bench("gmt0017-token"))
    lines = "".join(f"{key} = {_toml(value)}\n" for key, value in switches.items())
    marker = "[card.options.gmt0017]\n"
    text = builtin_text("gmt0017-token")
    assert marker in text
    return Token(bench_of_text(text.replace(marker, marker + lines)))


def _toml(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def with_application(**switches: str | int | bool) -> Token:
    """A token with the application APP, open, nobody logged in."""
    made = token(**switches)
    assert made.authenticate() == "9000"
    assert made.create_application() == "9000"
    made.open()
    return made


def ready(**switches: str | int | bool) -> Token:
    """A token with an open container, the user logged in."""
    made = with_application(**switches)
    made.login()
    made.create_container()
    return made


def equipped(seed: int = 1, **switches: str | int | bool) -> tuple[Token, bytes, bytes, bytes]:
    """A token with a signing and an exchange pair; signing public, exchange private, exchange public."""
    made = ready(**switches)
    signing = made.generate()
    private, public = gm_pair(seed)
    assert made.import_exchange(signing, private, public) == "9000"
    return made, signing, private, public


EPORT = """
memory = 131072
[card]
name = "eport-for-tests"
title = "An operator card with a token's door"
atr = "3B 87 81 31 FE 45 80 73 94 21 C0 81 05 8E"
applets = ["iso", "gmt0017"]
new_keys = { use = "user", replace = "user | admin", export = "always" }
[[pin]]
label = "user"
number = 1
value = "88888888"
tries = 3
unblock = "admin"
[[pin]]
label = "admin"
number = 2
value = "66666666"
tries = 10
[[container]]
name = "EportSM2"
sign = { kind = "sm2" }
exchange = { kind = "sm2" }
[[file]]
path = "3F00"
kind = "df"
rules = { create-df = "admin", create-ef = "admin", delete-child = "admin" }
[[file]]
path = "3F00/DF01"
kind = "df"
label = "CHINAEPORT"
name = "F0 43 48 49 4E 41 45 50 4F 52 54"
rules = { create-ef = "admin", delete-child = "admin" }
[[file]]
path = "3F00/DF01/0011"
kind = "transparent"
label = "userinfo1"
size = 512
rules = { read = "always", update = "admin", write = "admin" }
text = "operator||somebody"
[[file]]
path = "3F00/DF01/0012"
kind = "transparent"
label = "userinfo2"
size = 512
rules = { read = "user", update = "never" }
text = "enterprise"
[[file]]
path = "3F00/DF01/0021"
kind = "transparent"
label = "signing certificate"
rules = { read = "always" }
certificate = "EportSM2/sign"
[[application]]
name = "CHINAEPORT"
df = "3F00/DF01"
files = ["userinfo1", "userinfo2"]
"""


def eport() -> Token:
    """A card with the Electronic Port's application, open."""
    made = Token(bench_of_text(EPORT))
    made.open(b"CHINAEPORT")
    return made
