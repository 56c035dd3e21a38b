"""SCard calls of one program, good and bad. `scenarios` runs them."""

from __future__ import annotations

from tests.pcscd import winscard as w
from tests.pcscd.desk import FEATURES, GET, Desk, Later, notices


def contexts(desk: Desk) -> None:
    """Contexts and lists."""
    api = desk.api
    for scope in (0, 1, 2, 3, 7):
        answer = api.establish(scope)
        desk.note(f"SCardEstablishContext scope {scope}", answer)
        if answer.code == "SUCCESS":
            desk.note(f"SCardReleaseContext scope {scope}", api.release(answer.value))
    context = desk.context()
    desk.note("SCardIsValidContext", api.valid(context))
    desk.note("SCardIsValidContext of none", api.valid(12345))
    desk.note("SCardReleaseContext of none", api.release(12345))
    desk.note("SCardListReaders", api.list_readers(context))
    desk.note("SCardListReaders without context", api.list_readers(12345))
    desk.note("SCardListReaders, length only", api.list_readers(context, None))
    desk.note("SCardListReaders, too little room", api.list_readers(context, 4))
    desk.note("SCardListReaders allocating, SCardFreeMemory", " ".join(api.list_allocated(context)))
    desk.note("SCardListReaderGroups", api.list_groups(context))
    desk.note("SCardListReaderGroups, too little room", api.list_groups(context, 2))
    gone = api.context()
    api.release(gone)
    desk.note("SCardConnect after SCardReleaseContext", api.connect(gone, desk.reader))
    desk.note("SCardIsValidContext after SCardReleaseContext", api.valid(gone))


def connecting(desk: Desk) -> None:
    """SCardConnect: sharing modes, protocols, readers."""
    api, context = desk.api, desk.context()
    shares = {"exclusive": w.EXCLUSIVE, "shared": w.SHARED, "direct": w.DIRECT, "mode 0": 0, "mode 4": 4}
    masks = {"none": 0, "T0": 1, "T1": 2, "T0|T1": 3, "RAW": 4, "T15": 8, "old any": 0x1000, "all": 7}
    for share_name, share in shares.items():
        for mask_name, mask in masks.items():
            answer = api.connect(context, desk.reader, share, mask)
            outcome = f"{answer} protocol {answer.data[0]}" if answer.code == "SUCCESS" else answer.code
            desk.note(f"SCardConnect {share_name} {mask_name}", outcome)
            if answer.code == "SUCCESS":
                api.disconnect(answer.value, w.UNPOWER)
    desk.note("SCardConnect unknown reader", api.connect(context, "nobody"))
    desk.note("SCardConnect no reader", api.connect(context, None))
    desk.note("SCardConnect empty name", api.connect(context, ""))
    desk.note("SCardConnect name too long", api.connect(context, "x" * 200))
    desk.note("SCardConnect without context", api.connect(12345, desk.reader))
    for share_name in ("exclusive", "shared", "direct"):
        answer = api.connect(context, desk.empty, shares[share_name])
        desk.note(f"SCardConnect {share_name}, no card", answer)
        if answer.code == "SUCCESS":
            desk.note("SCardStatus direct, no card", api.status(answer.value))
            desk.note("SCardTransmit direct, no card", api.transmit(answer.value, GET))
            desk.note("SCardReconnect direct to shared, no card", api.reconnect(answer.value))
            desk.note("SCardBeginTransaction direct, no card", api.begin(answer.value))
            desk.note("SCardEndTransaction direct, no card", api.end(answer.value))
            desk.note("SCardDisconnect direct, no card", api.disconnect(answer.value, w.RESET))


def transmitting(desk: Desk) -> None:
    """SCardTransmit."""
    api = desk.api
    card = desk.card(desk.context(), w.SHARED, w.T1)
    answer = api.transmit(card, GET)
    desk.note("T=1", f"{answer} {answer.data.hex()}")
    for protocol_name, protocol in {"T=0": 1, "RAW": 4, "old any": 0x1000, "none": 0}.items():
        answer = api.transmit(card, GET, protocol)
        desk.note(f"{protocol_name} while T=1 is active", f"{answer} {answer.data.hex()}".strip())
    for room in (10, 9, 2, 1, 0):
        answer = api.transmit(card, GET, room=room)
        desk.note(f"room for {room} of 10 bytes", f"{answer} length {answer.value}")
    long = bytes.fromhex("00EC000000FDE8") + bytes(65000)
    answer = api.transmit(card, long)
    desk.note("65000 bytes there and back", f"{answer} length {answer.value}")
    desk.note("65549 bytes", api.transmit(card, bytes(65549)))
    desk.note("no buffers", api.transmit_nothing(card))
    desk.note("no handle", api.transmit(0, GET))
    desk.note("foreign handle", api.transmit(12345, GET))
    desk.note("still there", api.transmit(card, GET))


def inquiring(desk: Desk) -> None:
    """SCardStatus, attributes and control."""
    api = desk.api
    card = desk.card(desk.context())
    answer = api.status(card)
    desk.note("SCardStatus", f"{answer} state {answer.value:02X} ATR {answer.data.hex()}")
    desk.note("SCardStatus, too little room for the name", api.status(card, room=3))
    desk.note("SCardStatus, too little room for the ATR", api.status(card, atr_room=3))
    desk.note("SCardStatus without handle", api.status(0))
    tags = {
        "IFD ATR": 0x0303, "ATR_STRING": 0x90303, "VENDOR_NAME": 0x10100, "VENDOR_IFD_TYPE": 0x10101,
        "VENDOR_IFD_VERSION": 0x10102, "VENDOR_IFD_SERIAL_NO": 0x10103, "CHANNEL_ID": 0x20110,
        "MAX_IFSD": 0x30125, "POWER_MGMT_SUPPORT": 0x40131, "CHARACTERISTICS": 0x60150, "MAXINPUT": 0x7A007,
        "CURRENT_PROTOCOL_TYPE": 0x80201, "ICC_PRESENCE": 0x90300, "ICC_INTERFACE_STATUS": 0x90301,
        "DEVICE_UNIT": 0x7FFF0001, "DEVICE_FRIENDLY_NAME": 0x7FFF0003, "DEVICE_SYSTEM_NAME": 0x7FFF0004,
        "unknown": 0x12345,
    }  # fmt: skip
    for tag_name, tag in tags.items():
        desk.note(f"SCardGetAttrib {tag_name}", api.get_attribute(card, tag))
    desk.note("SCardGetAttrib, length only", api.get_attribute(card, 0x0303, None))
    desk.note("SCardGetAttrib, too little room", api.get_attribute(card, 0x0303, 3))
    desk.note("SCardGetAttrib, too much room", api.get_attribute(card, 0x0303, 300))
    desk.note("SCardGetAttrib without handle", api.get_attribute(0, 0x0303))
    desk.note("SCardSetAttrib", api.set_attribute(card, 0x90303, b"x"))
    desk.note("SCardSetAttrib of nothing", api.set_attribute(card, 0x90303, b""))
    desk.note("SCardSetAttrib without handle", api.set_attribute(0, 0x90303, b"x"))
    desk.note("SCardControl GET_FEATURE_REQUEST", api.control(card, FEATURES))
    desk.note("SCardControl unknown code", api.control(card, 0x42001234, b"abc"))
    desk.note("SCardControl too long", api.control(card, FEATURES, bytes(65549)))
    desk.note("SCardControl without handle", api.control(0, FEATURES))
    direct = desk.card(desk.context(), w.DIRECT)
    desk.note("SCardControl direct", api.control(direct, FEATURES))


def watching(desk: Desk) -> None:
    """SCardGetStatusChange and SCardCancel."""
    api, context = desk.api, desk.context()
    for reader_name, reader in (("card", desk.reader), ("no card", desk.empty)):
        answer = api.status_change(context, 0, (reader, w.UNAWARE))
        desk.note(f"unaware, {reader_name}", f"{answer} {answer.value:04X}")
        answer = api.status_change(context, 50, (reader, answer.value & ~w.CHANGED))
        desk.note(f"aware, {reader_name}", f"{answer} {answer.value:04X}")
    card = desk.card(desk.context())
    answer = api.status_change(context, 0, (desk.reader, w.UNAWARE))
    desk.note("card in use", f"{answer} {answer.value:04X}")
    api.disconnect(card)
    exclusive = desk.card(desk.context(), w.EXCLUSIVE)
    answer = api.status_change(context, 0, (desk.reader, w.UNAWARE))
    desk.note("card in exclusive use", f"{answer} {answer.value:04X}")
    api.disconnect(exclusive)
    desk.note("unknown reader", api.status_change(context, 0, ("nobody", w.UNAWARE)))
    desk.note("no reader", api.status_change(context, 0))
    desk.note("ignored reader", api.status_change(context, 0, (desk.reader, w.IGNORE)))
    desk.note("seventeen readers", api.status_change(context, 0, *[(desk.reader, 0)] * 17))
    desk.note("no context", api.status_change(12345, 0, (desk.reader, w.UNAWARE)))
    desk.note("new readers", api.status_change(context, 50, ("\\\\?PnP?\\Notification", w.UNAWARE)))
    desk.note("SCardCancel without a wait", api.cancel(context))
    desk.note("SCardCancel without context", api.cancel(12345))
    waiting = Later(lambda: api.status_change(context, 20000, (desk.empty, w.EMPTY)))
    desk.note("wait", waiting.now())
    desk.note("SCardCancel of it", api.cancel(context))
    desk.note("wait, cancelled", waiting.then())
    desk.note("context after that", api.list_readers(context))


def transactions(desk: Desk) -> None:
    """One's own transactions."""
    api = desk.api
    card = desk.card(desk.context())
    desk.note("SCardEndTransaction without one", api.end(card))
    desk.note("SCardBeginTransaction", api.begin(card))
    desk.note("SCardBeginTransaction, nested", api.begin(card))
    desk.note("SCardTransmit within", api.transmit(card, GET))
    desk.note("SCardStatus within", api.status(card))
    desk.note("SCardReconnect within", api.reconnect(card))
    desk.note("SCardEndTransaction disposition 9", api.end(card, 9))
    desk.note("SCardEndTransaction, inner", api.end(card))
    desk.note("SCardEndTransaction, outer", api.end(card))
    desk.note("SCardEndTransaction, once too often", api.end(card))
    for disposition in (w.RESET, w.UNPOWER, w.EJECT):
        api.begin(card)
        what = f"SCardEndTransaction {disposition}"
        desk.note(what, api.end(card, disposition))
        notices(desk, f"after one's own {what}", card)
        desk.note(f"SCardReconnect after one's own {what}", api.reconnect(card))
        desk.note(f"SCardTransmit after reconnecting after {what}", api.transmit(card, GET))
    desk.note("SCardBeginTransaction without handle", api.begin(0))
    desk.note("SCardEndTransaction without handle", api.end(0))
    api.begin(card)
    desk.note("SCardDisconnect within", api.disconnect(card))


def exclusive_transactions(desk: Desk) -> None:
    """Transactions of an exclusive connection."""
    api = desk.api
    card = desk.card(desk.context(), w.EXCLUSIVE)
    desk.note("SCardEndTransaction without one", api.end(card))
    desk.note("SCardBeginTransaction", api.begin(card))
    desk.note("SCardTransmit within", api.transmit(card, GET))
    desk.note("SCardEndTransaction", api.end(card))
    desk.note("SCardEndTransaction, once too often", api.end(card))
    desk.note("SCardTransmit after", api.transmit(card, GET))


def reconnecting(desk: Desk) -> None:
    """SCardReconnect: modes, protocols, initialisations."""
    api, context = desk.api, desk.context()
    card = desk.card(context)
    for initialization in (w.LEAVE, w.RESET, w.UNPOWER, w.EJECT, 9):
        for share in (w.SHARED, w.DIRECT, 0, 4):
            for mask in (w.ANY, 0, w.T0, w.T1):
                answer = api.reconnect(card, share, mask, initialization)
                text = f"{answer} protocol {answer.value}" if answer.code == "SUCCESS" else answer.code
                desk.note(f"SCardReconnect mode {share} protocols {mask} init {initialization}", text)
    api.reconnect(card, w.SHARED, w.ANY, w.RESET)
    desk.note("SCardReconnect without handle", api.reconnect(0))
    desk.note("SCardReconnect shared to exclusive", api.reconnect(card, w.EXCLUSIVE))
    desk.note("SCardConnect beside it", api.connect(desk.context(), desk.reader))
    desk.note("SCardReconnect exclusive to exclusive", api.reconnect(card, w.EXCLUSIVE))
    desk.note("SCardReconnect exclusive to shared", api.reconnect(card, w.SHARED))
    second = desk.context()
    waiting = Later(lambda: api.connect(second, desk.reader))
    desk.note("SCardConnect of another after exclusive to shared", waiting.now())
    desk.note("SCardEndTransaction after exclusive to shared", api.end(card))
    desk.note("SCardConnect of another after that", waiting.then())
    desk.note("SCardReconnect to exclusive beside another", api.reconnect(card, w.EXCLUSIVE))
    desk.note("SCardDisconnect", api.disconnect(card))
    desk.note("SCardReconnect after SCardDisconnect", api.reconnect(card))


def protocols(desk: Desk) -> None:
    """The protocol that different cards get."""
    api = desk.api
    for recipe in ("t0", "t1", "both", "default t0", "specific t0", "t15 first"):
        desk.remove()
        desk.insert(recipe)
        for mask_name, mask in {"T0": 1, "T1": 2, "T0|T1": 3, "old any": 0x1000, "all": 7}.items():
            answer = api.connect(desk.context(), desk.reader, w.SHARED, mask)
            outcome = f"{answer} protocol {answer.data[0]}" if answer.code == "SUCCESS" else answer.code
            desk.note(f"card {recipe}, {mask_name} wanted", outcome)
            if answer.code == "SUCCESS":
                api.disconnect(answer.value, w.UNPOWER)
    desk.remove()
    desk.insert("both")


def silent(desk: Desk) -> None:
    """A card that does not answer."""
    api = desk.api
    desk.remove()
    desk.insert("mute")
    ours = desk.card(desk.context())
    desk.note("SCardTransmit to a mute card", api.transmit(ours, GET))
    desk.note("SCardTransmit again", api.transmit(ours, GET))
    desk.note("SCardStatus", api.status(ours))
    desk.note("SCardReconnect reset", api.reconnect(ours, w.SHARED, w.ANY, w.RESET))
    desk.note("SCardDisconnect", api.disconnect(ours))
    desk.remove()
    desk.insert("both")
