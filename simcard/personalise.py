"""Making a card from its build sheet, and reading back what of the sheet the card keeps.

Personalisation is one transaction: a cut at any moment leaves an empty memory or a whole card. Keys of the store
that belong here: `P` the `[card]` table, `S` the seed of a reproducible card, `B` its count of resets,
`e number` the condition a security environment stands for.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from simcard import profile as sheets
from simcard.applet.access import environment_key
from simcard.applet.gmt0017.applications import Application, Applications
from simcard.applet.registry import APPLETS, applets_of
from simcard.applet.view import LINK_TAG
from simcard.fs.descriptor import Descriptor, Kind, LifeCycle
from simcard.fs.files import Files
from simcard.fs.tree import MF
from simcard.hal.board import Board
from simcard.hal.engine import KeyKind
from simcard.hal.entropy import Entropy, SeededEntropy
from simcard.key.containers import Containers, Slot
from simcard.key.pair import DEFAULT_USAGE, KeyPair, Origin, Role
from simcard.key.secrets import Purpose, SecretKey, SecretKeys
from simcard.nvm.store import MemoryFull, Store
from simcard.pin.pins import Pins
from simcard.pin.reference import Characters, Flag, PinId, Policy, Reference
from simcard.profile import Card as CardSheet
from simcard.profile import Profile, ProfileError
from simcard.wire import access, tlv
from simcard.wire.secret import Secret

KINDS = {
    "df": Kind.DF,
    "transparent": Kind.TRANSPARENT,
    "fixed": Kind.LINEAR_FIXED,
    "variable": Kind.LINEAR_VARIABLE,
    "cyclic": Kind.CYCLIC,
    "ber-tlv": Kind.BER_TLV,
}
ROLES = {"sign": Role.SIGN, "exchange": Role.EXCHANGE}
Progress = Callable[[str], None]


def personalise(board: Board, profile: Profile, seed: int | None = None, progress: Progress = lambda _: None) -> None:
    """Format the board's flash and build the card. With a seed every byte of it can be foretold.

    Raises `ProfileError` for applets there are not, before anything is erased, and for a card that does not fit.
    """
    check_doors(profile.card)
    store = Store.format(board.flash)
    store.begin()
    if seed is not None:
        store.put(b"S", seed.to_bytes(8, "big"))
    entropy = (SeededEntropy(seed) if seed is not None else board.entropy).fork("personalise")
    store.put(b"P", msgspec.json.encode(msgspec.structs.replace(profile.card, labels=profile.labels)))
    for number, rule in profile.environments.items():
        condition = sheets.parse_rule(rule, profile.labels)
        store.put(environment_key(int(number)), access.encode_condition(condition))
    progress("files")
    numbers = _files(store, profile)
    _pins(store, profile, numbers)
    _secrets(store, profile)
    _keys(store, board, profile, entropy, progress)
    _applications(store, profile, numbers)
    try:
        store.commit()
    except MemoryFull:
        raise ProfileError(f"memory: expected room for the whole card, got {profile.memory} bytes") from None
    store.compact()


def check_doors(sheet: CardSheet) -> None:
    """Raise `ProfileError` for applets there are not, and for switches an applet does not have."""
    unknown = [name for name in sheet.applets if name not in APPLETS]
    if unknown:
        raise ProfileError(f"card.applets: expected some of {', '.join(APPLETS)}, got {unknown[0]}")
    applets_of(sheet)


def sheet_of(store: Store) -> CardSheet:
    """The `[card]` table the card was made with."""
    kept = store.get(b"P")
    if kept is None:
        raise ValueError("the memory holds no card; make one first (simcard new)")
    return msgspec.json.decode(kept, type=CardSheet)


def seed_of(store: Store) -> int | None:
    """The seed of a reproducible card, None for a card with real noise."""
    kept = store.get(b"S")
    return None if kept is None else int.from_bytes(kept, "big")


def entropy_of(store: Store, board_entropy: Entropy) -> Entropy:
    """The card's noise from now on: the board's, or for a seeded card a stream no earlier reset has used."""
    seed = seed_of(store)
    if seed is None:
        return board_entropy
    resets = int.from_bytes(store.get(b"B") or b"", "big") + 1
    store.write_through(b"B", resets.to_bytes(4, "big"))
    return SeededEntropy(seed).fork(f"reset {resets}")


def _files(store: Store, profile: Profile) -> dict[str, int]:
    """Create the tree; file numbers by path."""
    files = Files(store)
    containers = {c.name: n for n, c in enumerate(profile.container, 1)}
    numbers: dict[str, int] = {}
    for sheet in profile.file:
        parent = numbers.get(sheet.path.rpartition("/")[0], MF)
        created = files.create(parent, _descriptor(profile, sheet, containers))
        numbers[sheet.path] = created.number
        body = bytes.fromhex(sheet.data) or profile.fill(sheet.text).encode(sheet.encoding)
        if body:
            files.binary.update(created, 0, body)
        for record in sheet.records:
            files.records.append(created, bytes.fromhex(record))
    for item in profile.object:
        value = bytes.fromhex(item.data) or profile.fill(item.text).encode()
        files.objects.put(numbers[item.df], int(item.tag, 16), value)
    return numbers


def _descriptor(profile: Profile, sheet: sheets.File, containers: dict[str, int]) -> Descriptor:
    conditions = sheets.file_conditions(sheet, profile.labels)
    name, _, role = sheet.certificate.rpartition("/")
    link = tlv.tlv(LINK_TAG, bytes((containers[name], ROLES[role]))) if name else b""
    aid = bytes.fromhex(profile.card.aid) if sheet.path == "3F00" else b""
    state = LifeCycle.INITIALISATION if profile.life_cycle == "initialisation" else LifeCycle.ACTIVATED
    return Descriptor(
        number=0,
        parent=0,
        kind=KINDS[sheet.kind],
        fid=int(sheet.path[-4:], 16),
        name=bytes.fromhex(sheet.name) or aid,
        sfi=sheet.sfi,
        size=sheet.size,
        record_size=sheet.record_size,
        record_count=sheet.record_count,
        life_cycle=state if sheet.path == "3F00" else LifeCycle.ACTIVATED,
        compact=bytes.fromhex(sheet.compact),
        referenced=bytes.fromhex(sheet.arr),
        expanded=access.encode_expanded(conditions),
        extra=link,
    )


def _pins(store: Store, profile: Profile, numbers: dict[str, int]) -> None:
    pins = Pins(store)
    by_label = {pin.label: pin.number for pin in profile.pin}
    for sheet in profile.pin:
        flags = Flag.ENABLED if sheet.enabled else Flag(0)
        flags |= Flag.MUST_CHANGE if sheet.must_change else Flag(0)
        policy = Policy(
            sheet.min_length,
            sheet.max_length,
            Characters[sheet.characters.upper()],
            sheet.history,
            sheet.pad,
        )
        value = Secret(sheet.value.encode())
        reference = Reference(value, value, policy, flags, by_label.get(sheet.unblock, 0))
        pins.create(PinId(numbers[sheet.df] if sheet.df else 0, sheet.number), reference, sheet.tries)


def _secrets(store: Store, profile: Profile) -> None:
    secrets = SecretKeys(store)
    for sheet in profile.secret:
        purpose = Purpose(0)
        for word in sheet.purpose:
            purpose |= Purpose[word.upper()]
        secrets.put(sheet.reference, SecretKey(sheet.cipher, purpose, Secret(bytes.fromhex(sheet.value))), sheet.tries)


def _keys(store: Store, board: Board, profile: Profile, entropy: Entropy, progress: Progress) -> None:
    containers = Containers(store)
    keys = entropy.fork("key")
    for sheet in profile.container:
        number = containers.create(sheet.name.encode())
        for word, role in ROLES.items():
            pair: sheets.Pair | None = getattr(sheet, word)
            if pair is None:
                continue
            progress(f"{word} key of {sheet.name}")
            private, public = board.crypto.generate(KeyKind(pair.kind), pair.size, keys)
            rules = (pair.rules or profile.card.new_keys).conditions(profile.labels)
            usage = DEFAULT_USAGE[role]
            expanded = access.encode_expanded(rules)
            made = KeyPair(pair.kind, pair.size, private, public, usage, Origin.GENERATED, expanded)
            containers.put_pair(Slot(number, role), made)


def _applications(store: Store, profile: Profile, numbers: dict[str, int]) -> None:
    """What the door of GM/T 0017 calls applications: DFs, their PINs, and what belongs to them."""
    known, containers = Applications(store), Containers(store)
    pins = {pin.label: PinId(numbers[pin.df] if pin.df else 0, pin.number) for pin in profile.pin}
    for slot, sheet in enumerate(profile.application):
        most = (sheet.max_containers, sheet.max_certificates, sheet.max_files)
        user, admin = pins[sheet.user], pins[sheet.admin]
        application = Application(slot, numbers[sheet.df], user, admin, *most, True, sheet.name.encode())
        known.put(application)
        for file in profile.file:
            if file.path.rpartition("/")[0] == sheet.df and file.label in sheet.files:
                known.name_file(numbers[sheet.df], file.label.encode(), numbers[file.path])
        for name in sheet.containers:
            number = containers.by_name(name.encode())
            if number is not None:
                known.own(number, application)
