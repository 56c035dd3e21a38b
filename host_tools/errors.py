"""What can go wrong between a host program and a card: the whole tree on one page.

Every error's text is for a person and says what to do, and so do notes that are added to it on its way; `exit_code` is
what the command line returns for it and `code` is its name for programs. Status words become errors in `refusal`, and
only there. No text holds a secret.
"""

from __future__ import annotations

from typing import ClassVar

from simcard.wire.status import SW, describe


class HostError(Exception):
    """Base of everything a host program may have to tell its user."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    @property
    def facts(self) -> dict[str, str]:
        """What programs are told of it besides code and text."""
        return {}


class Interrupted(HostError):
    """Ctrl-C in work that goes on from where it was when it is begun again."""

    exit_code = 130
    code = "interrupted"


# -- no card to talk to


class LinkError(HostError):
    """There is no way to the card now."""

    exit_code = 3
    code = "no-link"


class NoService(LinkError):
    """A service that the program needs does not answer: pcscd, or a running card server."""

    code = "no-service"


class NoReader(LinkError):
    """There is no reader, or none of that name."""

    code = "no-reader"


class NoCard(LinkError):
    """The reader is empty, or its card does not answer the reset."""

    code = "no-card"


class CardRemoved(LinkError):
    """The card was taken out, lost its power or was reset while somebody worked with it."""

    code = "card-removed"


class CardBusy(LinkError):
    """Another program holds the card for itself."""

    code = "card-busy"


class CannotServe(LinkError):
    """A card server cannot have the address, the reader or the socket it was told to use."""

    code = "cannot-serve"


# -- files of the host


class ImageProblem(HostError):
    """A card image that is missing, damaged, foreign, in use, or cannot be made."""

    exit_code = 4
    code = "image"


class ImageBusy(ImageProblem):
    """A card image that another program has open."""


class ProfileProblem(HostError):
    """A build sheet that cannot be used; the text names file, line and what was expected."""

    exit_code = 2
    code = "profile"


class FileProblem(HostError):
    """A file the user named cannot be read or written."""

    exit_code = 2
    code = "file"


class EngineProblem(HostError):
    """The crypto engine or back end the user asked for is not to be had."""

    exit_code = 2
    code = "engine"


# -- certificates and messages


class BadEncoding(HostError):
    """Bytes that should be a certificate, key, request or message, and are not; the text says where it ends."""

    code = "bad-encoding"


class NotTrusted(HostError):
    """A certificate that leads to no trusted root, is not valid at that time, is revoked or not for this use."""

    code = "not-trusted"


class CannotOpen(HostError):
    """An envelope that is for somebody else, or was changed on its way."""

    code = "cannot-open"


class AuthorityProblem(HostError):
    """What a test authority cannot do: no such folder, a wrong passphrase, a request it does not grant."""

    exit_code = 2
    code = "authority"


# -- the issuing office


class OfficeProblem(HostError):
    """What an office cannot do: no such folder, a key that cannot be read, a card that is not of its making."""

    exit_code = 2
    code = "office"


class RegistryProblem(HostError):
    """A registry that cannot be opened, read or written, or that holds no such thing."""

    exit_code = 2
    code = "registry"


class RegistryBusy(RegistryProblem):
    """Other programs write into the registry all the time; try again."""

    exit_code = 3
    code = "registry-busy"


class NoDatabase(RegistryProblem):
    """The data base of the registry does not answer, or is not there."""

    exit_code = 3
    code = "no-database"


class NotRegistered(RegistryProblem):
    """No such enterprise, holder, card, certificate, application or work in the registry."""

    code = "not-registered"


class AlreadyRegistered(RegistryProblem):
    """The registry has one of that number already."""

    code = "already-registered"


class WrongCardState(HostError):
    """The card is not in a state from which this is possible."""

    code = "card-state"


class OfficeRefused(HostError):
    """The office says no to somebody; `reason` is the name of what stands against it, for programs."""

    code = "office-refused"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def facts(self) -> dict[str, str]:
        return {"reason": self.reason}


class OrderRefused(OfficeRefused):
    """An order that the office does not follow."""

    code = "order-refused"


class LoginRefused(OfficeRefused):
    """A log in that the office does not grant."""

    code = "login-refused"


class Tampered(HostError):
    """The log of the registry was changed from outside."""

    code = "tampered"


# -- what the card says


class BadResponse(HostError):
    """The card answered something this program cannot read."""

    code = "bad-response"


class BadSignature(HostError):
    """A signature does not belong to this message and key."""

    code = "bad-signature"


class CardRefused(HostError):
    """The card said no; `sw` is its status word."""

    code = "refused"

    def __init__(self, text: str, sw: int) -> None:
        super().__init__(text)
        self.sw = sw


class PinError(CardRefused):
    """Something about reference data."""

    exit_code = 5
    code = "pin"


class PinWrong(PinError):
    """The value was wrong; `tries_left` further ones are allowed."""

    code = "pin-wrong"

    def __init__(self, text: str, sw: int) -> None:
        super().__init__(text, sw)
        self.tries_left = sw & 0x0F


class PinLocked(PinError):
    """No tries are left; the reference must be unblocked first."""

    code = "pin-locked"


class NotAllowed(CardRefused):
    """An access rule is not satisfied: mostly a PIN that was not verified."""

    code = "not-allowed"


class WrongState(CardRefused):
    """The card or the file is not in a state where this is possible."""

    code = "wrong-state"


class NotFound(CardRefused):
    """No such file, record, key, container or data object."""

    code = "not-found"


class AlreadyThere(CardRefused):
    """A file or name like that exists."""

    code = "already-there"


class CardFull(CardRefused):
    """The card has no memory left for this."""

    code = "card-full"


class WrongData(CardRefused):
    """The card does not take these parameters or data."""

    code = "wrong-data"


class NotSupported(CardRefused):
    """The card does not know this command or form of it."""

    code = "not-supported"


class MemoryFault(CardRefused):
    """The card's memory failed; for a card image that means a full or failing disk."""

    exit_code = 4
    code = "memory-fault"


_Row = tuple[type[CardRefused], str]

UNBLOCK = "unblock it (simcard pin unblock; a card of an office, simcard unlock)"

_TABLE: dict[int, _Row] = {
    SW.SECURITY_STATUS: (NotAllowed, "the card does not allow it now; verify the PIN first"),
    SW.BLOCKED: (PinLocked, f"it is locked after too many wrong tries; {UNBLOCK} first"),
    SW.REFERENCE_DATA_UNUSABLE: (PinError, "this reference cannot be used (disabled, or not meant for this)"),
    SW.CONDITIONS: (WrongState, "the card is not in a state where this is possible"),
    SW.FAILED: (WrongData, "the card's check failed"),
    SW.WRONG_DATA: (WrongData, "the card does not take these data; check their length and form"),
    SW.FILE_NOT_FOUND: (NotFound, "there is no such file or application on the card"),
    SW.RECORD_NOT_FOUND: (NotFound, "there is no such record on the card"),
    SW.REFERENCE_NOT_FOUND: (NotFound, "there is no such key, PIN or data object on the card"),
    SW.FILE_EXISTS: (AlreadyThere, "it exists already; delete it first or choose another name"),
    SW.DF_NAME_EXISTS: (AlreadyThere, "a directory of that name exists already"),
    SW.NO_SPACE: (CardFull, "the card's memory is full; delete something first"),
    SW.MEMORY_FAILURE: (MemoryFault, "the card's memory failed; see that the disk is not full, then try again"),
    SW.INS_NOT_SUPPORTED: (NotSupported, "the card does not know this command"),
    SW.CLA_NOT_SUPPORTED: (NotSupported, "the card does not know this class of command"),
    SW.FUNCTION_NOT_SUPPORTED: (NotSupported, "the card does not support this"),
    SW.CHANNEL_NOT_SUPPORTED: (NotSupported, "this logical channel is not open"),
    SW.SM_NOT_SUPPORTED: (NotSupported, "the card does not support secure messaging here"),
}


def refusal(sw: int, doing: str) -> CardRefused:
    """The error for a status word; `doing` says what was tried, as in "verifying PIN 01"."""
    if sw & 0xFFF0 == 0x63C0:
        left = sw & 0x0F
        tries = {0: f"it is locked now; {UNBLOCK}", 1: "1 try is left"}.get(left, f"{left} tries are left")
        return PinWrong(f"{doing}: wrong; {tries} ({sw:04X})", sw)
    kind, text = _TABLE.get(sw, (CardRefused, describe(sw)))
    return kind(f"{doing}: {text} ({sw:04X})", sw)
