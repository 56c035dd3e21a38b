"""A token as a whole: information, the device key, random numbers, applications (GM/T 0016-2012, 7.1 to 7.3).

device = Device(link)
device.authenticate(Secret(b"1234567812345678"))
application = device.create_application("APP", admin_pin, user_pin)
"""

from __future__ import annotations

from contextlib import nullcontext

from host_tools.link.base import CardLink
from host_tools.skf.algorithms import device_cipher
from host_tools.skf.application import Application
from host_tools.skf.dialect import Dialect
from host_tools.skf.digest import Digest
from host_tools.skf.door import LARGEST_RESPONSE, PROTECTED, Ask, Door, Exclusive, name_bytes, names_of
from host_tools.skf.external import External
from host_tools.skf.protection import BLOCK, answer, sealed, wrapped
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.values import PIN_FIELD, PinRules, check_new_pin
from simcard.wire.gmt0017 import (
    CHALLENGE,
    MAC_LENGTH,
    MAX_APPLICATION_NAME,
    MAX_LABEL,
    Account,
    DevInfo,
    GmtIns,
)
from simcard.wire.secret import Secret

WIDE = 2 * BLOCK
MOST_RANDOM = 4096


class Device:
    """A connected token. `exclusive` keeps other programs away for a moment, where the link can."""

    def __init__(self, link: CardLink, dialect: Dialect | None = None, exclusive: Exclusive = nullcontext) -> None:
        self.door = Door(link, dialect, exclusive)
        self.external = External(self.door)
        self._key: Secret | None = None

    @property
    def removed(self) -> bool:
        """Whether the token is gone for good."""
        return self.door.removed

    def close(self) -> None:
        """Let the token go. What was proved stays proved (GM/T 0016-2012, 7.1.6)."""
        self.door.close()

    # -- the device

    def info(self) -> DevInfo:
        """Device information as the token gives it."""
        return self.door.info()

    def set_label(self, label: str) -> None:
        """Name the token; fewer than 32 bytes."""
        raw = name_bytes(label, MAX_LABEL - 1)
        self.door.ask(Ask(GmtIns.SET_LABEL, "setting the label", raw))

    def transmit(self, command: bytes) -> bytes:
        """A command as it is; for tests only (GM/T 0016-2012, 7.1.12)."""
        return self.door.transmit(command).encode()

    def random(self, count: int) -> bytes:
        """Random bytes; the first 8 of the last call are the challenge of the next authentication."""
        if count <= 0:
            raise SkfError(Sar.INDATALENERR, f"{count} random bytes were asked for")
        made = b""
        while len(made) < count:
            wanted = min(count - len(made), MOST_RANDOM)
            piece = self.door.ask(Ask(GmtIns.GEN_RANDOM, "asking for random bytes", ne=wanted))
            if not piece:
                raise SkfError(Sar.GENRANDERR, "the token gives no random bytes")
            made += piece
        return made

    # -- the device key

    def _cipher(self) -> int:
        return device_cipher(self.info().alg_dev_auth)

    def authenticate(self, key: Secret) -> None:
        """Prove the device key; needed to create and delete applications and to change the key."""
        if len(key) != BLOCK:
            raise SkfError(Sar.INDATALENERR, f"a device key has {BLOCK} bytes, not {len(key)}")
        cipher = self._cipher()
        with self.door.together():
            challenge = self.random(CHALLENGE)
            self._prove(answer(key, challenge, "ZERO"), cipher)
        self._key = key

    def authenticate_raw(self, cryptogram: bytes) -> None:
        """The proof already made by the caller from the last random number (GM/T 0016-2012, 8.2.3)."""
        if len(cryptogram) != BLOCK:
            raise SkfError(Sar.INDATALENERR, f"an authentication has {BLOCK} bytes, not {len(cryptogram)}")
        cipher = device_cipher(self.door.alg_dev_auth)
        self._prove(cryptogram, cipher)

    def _prove(self, cryptogram: bytes, cipher: int) -> None:
        self.door.ask(Ask(GmtIns.DEV_AUTH, "authenticating to the device", cryptogram, p2=cipher))

    def change_key(self, new: Secret, old: Secret | None = None) -> None:
        """Set another device key; `old` is needed unless `authenticate` was called with it."""
        known = old or self._key
        if known is None:
            raise SkfError(Sar.NOTINITIALIZEERR, "the old device key is needed; authenticate with it first")
        if len(new) != BLOCK:
            raise SkfError(Sar.INDATALENERR, f"a device key has {BLOCK} bytes, not {len(new)}")
        head = Ask(GmtIns.CHANGE_DEV_AUTH_KEY, "", p2=self._cipher(), cla=PROTECTED).header
        with self.door.together():
            challenge = self.random(CHALLENGE)
            body = sealed(known, challenge, head, wrapped(known, new), self.door.dialect.mac_header)
            self.change_key_raw(body)
        self._key = new

    def change_key_raw(self, body: bytes) -> None:
        """The same with the new key already enciphered and MACed by the caller: 20 or 36 bytes."""
        if len(body) not in (BLOCK + MAC_LENGTH, WIDE + MAC_LENGTH):
            raise SkfError(Sar.INDATALENERR, f"an enciphered key with its MAC cannot have {len(body)} bytes")
        cipher = device_cipher(self.door.alg_dev_auth)
        doing = "changing the device key"
        self.door.ask(Ask(GmtIns.CHANGE_DEV_AUTH_KEY, doing, body, p2=cipher, cla=PROTECTED))

    # -- applications

    def applications(self) -> list[str]:
        """Names of all applications."""
        doing = "listing applications"
        return names_of(self.door.ask(Ask(GmtIns.ENUM_APPLICATION, doing, ne=LARGEST_RESPONSE, long=True)))

    def create_application(
        self,
        name: str,
        admin: Secret,
        user: Secret,
        tries: tuple[int, int] = (10, 10),
        rights: int = Account.USER,
    ) -> Application:
        """Make an application and open it. `tries` are the administrator's and the user's, `rights` an account mask."""
        raw = name_bytes(name, MAX_APPLICATION_NAME, Sar.APPLICATION_NAME_INVALID)
        for pin in (admin, user):
            check_new_pin(pin)
        PinRules.check_tries(*tries)
        u4 = self.door.u4
        pins = [pin.reveal().ljust(PIN_FIELD, b"\0") + u4(most) for pin, most in zip((admin, user), tries)]
        width = int(self.door.dialect.name_field)
        data = raw.ljust(width, b"\0") + b"".join(pins) + u4(rights) + bytes(4)
        self.door.ask(Ask(GmtIns.CREATE_APPLICATION, f"creating application {name}", data))
        return self.open_application(name)

    def open_application(self, name: str) -> Application:
        """Open an application by name."""
        return Application(self.door, name)

    def delete_application(self, name: str) -> None:
        """Delete an application with all that is in it."""
        raw = name_bytes(name, MAX_APPLICATION_NAME, Sar.APPLICATION_NAME_INVALID)
        self.door.ask(Ask(GmtIns.DELETE_APPLICATION, f"deleting application {name}", raw))

    # -- digests

    def digest(self, algorithm: int, signer: tuple[bytes, bytes] | None = None) -> Digest:
        """A digest by the token; a `signer` (point 04 x y, identity) puts Z_A before the message."""
        return Digest(self.door, algorithm, signer)
