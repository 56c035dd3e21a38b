"""A card at a desk of the office, behind any link: what the office reads from it, and what it does to it.

Staging goes through the commands of GM/T 0017, reading and signing through the ISO door; both doors stand on the
same PIN. Errors are those of `host_tools.errors`.
"""

from __future__ import annotations

from host_tools.client.algorithms import Role
from host_tools.client.info import ContainerInfo, KeyInfo
from host_tools.client.iso import IsoCard
from host_tools.errors import BadResponse, BadSignature, NotFound, OfficeProblem, WrongState
from host_tools.link.base import CardLink
from host_tools.office.staging import Seen
from host_tools.pki import request
from host_tools.pki.certificate import Issuer, Use
from host_tools.pki.envelope import SGD_SM4_ECB, EnvelopedKey, EnvelopedSm2Key
from host_tools.pki.generation import Generation, Subject, subject_name
from host_tools.pki.keys import PublicKey
from host_tools.skf.application import Application
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from host_tools.skf.door import Ask
from host_tools.skf.sar import SkfPinError
from host_tools.skf.values import Envelope
from simcard.wire.gmt0017 import SCRIPT_COUNTER, STAGED, GmtIns
from simcard.wire.secret import Secret
from simcard.wire.status import SW

APPLICATION = "CHINAEPORT"
CONTAINERS = {Generation.SM2: "EportSM2", Generation.RSA: "EportRSA"}
NUMBER_FILE = "3F00/2F02"
USER_PIN, ADMIN_PIN = 1, 2
USES = {Role.SIGN: Use.SIGN, Role.EXCHANGE: Use.EXCHANGE}
STATE_SIZE = SCRIPT_COUNTER + 1


class Plastic:
    """One card. `generation` is what its container says."""

    def __init__(self, link: CardLink) -> None:
        self.iso = IsoCard(link)
        self._device = Device(link)
        self._application: Application | None = None

    @property
    def application(self) -> Application:
        """The Electronic Port's application on the card, opened when it is first needed."""
        if self._application is None:
            self._application = self._device.open_application(APPLICATION)
        return self._application

    # -- reading

    def number(self) -> str:
        """The number as it stands on the card, with its prefix; empty on a blank. `OfficeProblem` for other cards."""
        self.iso.enter()
        try:
            body = self.iso.read_file(NUMBER_FILE)
        except NotFound:
            raise OfficeProblem("this is no Electronic Port card: it has no file for a card number") from None
        return body.rstrip(b"\0\xff").decode("ascii", "replace")

    def generation(self) -> Generation:
        """Which generation the card is of; `OfficeProblem` for one that is no Electronic Port card."""
        names = {container.name for container in self.iso.containers()}
        found = next((each for each, name in CONTAINERS.items() if name in names), None)
        if found is None:
            raise OfficeProblem("this is no Electronic Port card: it has no container of that name")
        return found

    def scripts(self) -> int:
        """How many office scripts the card has carried out."""
        raw = self._device.door.ask(Ask(GmtIns.SCRIPT_STATE, "asking for the script count", ne=STATE_SIZE))
        if len(raw) != STATE_SIZE:
            raise BadResponse(f"the card answered {len(raw)} bytes for its script count")
        return int.from_bytes(raw[:SCRIPT_COUNTER], "big")

    @staticmethod
    def container_name(generation: Generation) -> str:
        """The container in use on cards of a generation."""
        return CONTAINERS[generation]

    def tries_left(self) -> int:
        """Tries of the user PIN; 0 for a locked card."""
        return next(pin.left for pin in self.iso.pins() if pin.reference == USER_PIN and not pin.scope)

    def seen(self, generation: Generation) -> Seen:
        """What a step of staging depends on."""
        infos = {container.name: container for container in self.iso.containers()}
        active = _key(infos[CONTAINERS[generation]], Role.SIGN)
        staged = infos.get(_staged(generation))
        rows = () if staged is None else staged.keys
        return Seen(
            self.scripts(),
            None if active is None else self.iso.public_key(active.reference),
            staged is not None,
            {USES[key.role]: self.iso.public_key(key.reference) for key in rows},
            {USES[key.role]: self.iso.read_certificate(key.reference) for key in rows if key.certificate},
        )

    # -- doing

    def login(self, pin: Secret) -> None:
        """Present the holder's PIN; `PinError` for a wrong one."""
        self.iso.verify_pin(USER_PIN, pin)

    def prove(self, key: PublicKey, text: bytes) -> bytes:
        """A signature by the key in use over a text; `BadSignature` where the card has no such key."""
        for container in self.iso.containers():
            found = _key(container, Role.SIGN)
            if found is not None and self.iso.public_key(found.reference) == key:
                return self.iso.sign(found.reference, text)
        raise BadSignature("the card has no such key")

    def stage(self, generation: Generation) -> None:
        """Make the container in which new keys are made ready."""
        self.application.create_container(_staged(generation))

    def generate(self, generation: Generation, bits: int) -> None:
        """Make the staged signing pair on board."""
        container = self._staged(generation)
        if generation is Generation.SM2:
            container.generate_sm2()
        else:
            container.generate_rsa(bits)

    def request(self, generation: Generation, subject: Subject, key: PublicKey) -> bytes:
        """A PKCS#10 request (DER), signed by the staged key itself."""
        info = next(each for each in self.iso.containers() if each.name == _staged(generation))
        found = _key(info, Role.SIGN)
        if found is None:
            raise WrongState("the staged container has no signing key", SW.REFERENCE_NOT_FOUND)
        reference, hash_ = found.reference, generation.hash
        signer = Issuer(key, hash_, lambda message: self.iso.sign(reference, message, hash_))
        return request.make(subject_name(generation, subject), signer)

    def import_key(self, generation: Generation, sealed: EnvelopedKey) -> None:
        """Import the staged exchange pair, which only this card can unwrap."""
        container = self._staged(generation)
        if isinstance(sealed, EnvelopedSm2Key):
            container.import_sm2(Envelope(SGD_SM4_ECB, sealed.encrypted, sealed.point, sealed.wrapped))
        else:
            container.import_rsa(SGD_SM4_ECB, sealed.wrapped, sealed.encrypted)

    def import_certificate(self, generation: Generation, use: Use, body: bytes) -> None:
        """Put a certificate beside the staged pair."""
        self._staged(generation).import_certificate(use is Use.SIGN, body)

    def execute(self, script: bytes) -> None:
        """Have the card carry out a script; `OfficeProblem` where it does not take the office's key."""
        try:
            self._device.door.ask(Ask(GmtIns.EXECUTE_SCRIPT, "carrying out an office script", script))
        except SkfPinError:
            raise OfficeProblem(
                "the card does not take this office's scripts: another office issued it, or nobody did"
            ) from None

    def _staged(self, generation: Generation) -> Container:
        return self.application.open_container(_staged(generation))


def _staged(generation: Generation) -> str:
    return CONTAINERS[generation] + STAGED.decode()


def _key(container: ContainerInfo, role: Role) -> KeyInfo | None:
    return next((key for key in container.keys if key.role is role), None)
