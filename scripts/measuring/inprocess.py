"""In one process: APDUs per second, signatures per second, and how both grow with the number of files.

A second is one of processor time here: nothing of this waits for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scripts.measuring.bench_cards import RSA_SHEET, board, engine, image, insist, ram_card, verify_apdu
from scripts.measuring.turns import Row, computing, rates
from simcard.card import Card
from simcard.hal.board import Board
from simcard.hal.entropy import Entropy
from simcard.hal.flash import RamFlash
from simcard.hal.system import SystemEntropy
from simcard.key.containers import Containers, Slot
from simcard.key.pair import Role
from simcard.nvm.store import Store

APDUS = {
    "GET CHALLENGE": bytes.fromhex("0084000008"),
    "SELECT MF, no answer": bytes.fromhex("00A4000C023F00"),
    "SELECT MF with FCP": bytes.fromhex("00A40004023F0000"),
    "READ BINARY 32": bytes.fromhex("00B0000020"),
    "VERIFY": verify_apdu(),
}
FIRST_FILE = bytes.fromhex("00A4000C022F02")
DIGEST = bytes(range(32))
FILE_COUNTS = (0, 10, 100, 1000)
BIG_BLANK = 'extends = "iso-blank"\nmemory = 524288\n'


def apdus() -> Iterator[Row]:
    """Commands of a card on RAM flash: what the card itself costs. There is no floor: an echo would be one call."""
    card = ram_card()
    for name, command in APDUS.items():
        insist(card, FIRST_FILE, command)

        def ours(command: bytes = command) -> bytes:
            return card.transmit(command)

        if name.startswith("READ"):
            insist(card, FIRST_FILE)
        yield Row("in process", name, "APDU/s", computing({"ours": ours})["ours"])


def private_key(card: Card) -> bytes:
    """The signing key, taken out through the board for the comparison with the library alone."""
    pair = Containers(Store.mount(card.board.flash)).require(Slot(1, Role.SIGN))
    return pair.private.reveal()


def signer(card: Card, algorithm: int) -> Callable[[], object]:
    """PSO COMPUTE DIGITAL SIGNATURE over a ready digest; PIN verified, key named once."""
    insist(card, verify_apdu(), bytes.fromhex("002241B606") + bytes((0x80, 1, algorithm, 0x84, 1, 1)))
    command = bytes.fromhex("002A9E9A20") + DIGEST + (b"\x00" if algorithm == 0x65 else b"")
    if algorithm != 0x65:
        command = bytes.fromhex("002A9E9A000020") + DIGEST + b"\x00\x00"
    insist(card, command)
    return lambda: card.transmit(command)


def signatures() -> Iterator[Row]:
    """Signatures through the card beside the library called directly with the same key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    from simcard.wire.secret import Secret

    card, noise = ram_card(), SystemEntropy()
    secret = Secret(private_key(card))
    direct = engine().sm2_sign
    found = computing({"ours": signer(card, 0x65), "floor": lambda: direct(secret, DIGEST, noise)})
    name = f"engine alone ({engine().backend})"
    yield Row("signatures", "SM2", "sign/s", found["ours"], found["floor"], name, target=0.8)
    card = ram_card(RSA_SHEET)
    loaded = load_der_private_key(private_key(card), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    method = padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
    found = computing({"ours": signer(card, 0x12), "floor": lambda: loaded.sign(DIGEST, *method)})
    yield Row("signatures", "RSA-2048 PKCS#1", "sign/s", found["ours"], found["floor"], "cryptography", target=0.8)


def growth() -> Iterator[Row]:
    """The same commands with more and more files in the MF; the card with none is the floor."""
    cards = {count: filled(count) for count in FILE_COUNTS}
    last, update = bytes.fromhex("00A4000C027001"), bytes.fromhex("00D60000081122334455667788")
    for name, command in (("SELECT file 7001", last), ("GET CHALLENGE", APDUS["GET CHALLENGE"])):
        acts = {str(count): transmitter(card, command) for count, card in cards.items()}
        yield from _grown(name, "APDU/s", computing(acts))
    changes = {str(count): changer(card, update) for count, card in cards.items()}
    yield from _grown("UPDATE BINARY 8", "APDU/s", computing(changes))
    mounts = {str(count): mounter(card) for count, card in cards.items()}
    yield from _grown("mount (power-on)", "mounts/s", rates(mounts, turns=5))


def filled(count: int) -> Card:
    """A blank card with one small file, 7001, and `count` more."""
    card = Card(_fresh())
    card.power_on()
    for number in range(count + 1):
        fcp = bytes.fromhex("80020010820101") + b"\x83\x02" + (0x7001 + number).to_bytes(2, "big") + b"\x88\x00"
        insist(card, bytes.fromhex("00E00000") + bytes((len(fcp) + 2, 0x62, len(fcp))) + fcp)
        insist(card, bytes.fromhex("00A4000C023F00"))
    insist(card, bytes.fromhex("00A4000C027001"))
    return card


def _fresh() -> Board:
    return board(RamFlash.of_image(image(BIG_BLANK)))


def transmitter(card: Card, command: bytes) -> Callable[[], object]:
    return lambda: card.transmit(command)


def changer(card: Card, command: bytes) -> Callable[[], object]:
    """Writes something else each time, for an equal value costs no commit."""
    insist(card, bytes.fromhex("00A4000C027001"))
    noise: Entropy = SystemEntropy()
    return lambda: card.transmit(command[:5] + noise.read(8))


def mounter(card: Card) -> Callable[[], object]:
    flash = card.board.flash
    return lambda: Store.mount(flash)


def _grown(name: str, unit: str, found: dict[str, float]) -> Iterator[Row]:
    floor = found["0"]
    for count in FILE_COUNTS[1:]:
        yield Row("growth", f"{name}, {count} files more", unit, found[str(count)], floor, "no file more")
