"""Several threads and several cards: nobody waits for a card that is not his."""

from __future__ import annotations

import threading

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd import grammar as g
from reader_bridge.pcscd.codes import Rv
from reader_bridge.pcscd.server import PcscService, VirtualReader
from reader_bridge.slot import SlotError
from tests.pcscd.sides import SlowCard
from tests.pcscd.wire import SECONDS, WireClient

GET = bytes.fromhex("0084000008")


def test_a_slow_card_delays_no_other(service: PcscService, reader: VirtualReader) -> None:
    """A key generation of seconds in one reader, and work goes on in the next."""
    slow = SlowCard()
    other = service.add_reader("slow", slow)
    with WireClient(service.path) as patient, WireClient(service.path) as busy:
        patients = patient.establish().connect(other.name)
        patient.send(g.Transmit(patients, 2, 16, 5, 3, 16, 300, GET))
        assert slow.working.wait(SECONDS)
        card = busy.establish().connect(reader.name)
        assert Rv.SUCCESS == busy.transmit(card, GET)[0]
        slow.let_go.set()
        assert 42 == len(patient.receive(42))


def test_a_slow_card_does_not_hide_a_refusal(service: PcscService) -> None:
    """Who must not use the card is told at once, also while it works for somebody else."""
    slow = SlowCard()
    reader = service.add_reader("slow", slow)
    with WireClient(service.path) as holder, WireClient(service.path) as other:
        card, theirs = holder.establish().connect(reader.name), other.establish().connect(reader.name)
        holder.ask(g.Begin(card))
        holder.send(g.Transmit(card, 2, 16, 5, 3, 16, 300, GET))
        assert slow.working.wait(SECONDS)
        assert (Rv.SHARING_VIOLATION, b"") == other.transmit(theirs, GET)
        assert Rv.SHARING_VIOLATION == other.ask(g.Status(theirs))["rv"]
        slow.let_go.set()
        assert 42 == len(holder.receive(42))


def test_a_card_pulls_itself_out_while_it_works(service: PcscService) -> None:
    """Fault scripts do that at the n-th APDU; the client learns that the card has gone."""

    class Runaway(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            reader.remove()
            return super().transmit(command)

    reader = service.add_reader("runaway", Runaway())
    with WireClient(service.path) as client:
        card = client.establish().connect(reader.name)
        assert (Rv.NO_SMARTCARD, b"") == client.transmit(card, GET)
        assert Rv.REMOVED_CARD == client.ask(g.Status(card))["rv"]
        reader.insert(EchoCard())
        assert client.ask(g.Reconnect(card, 2, 3, 0, 0))["rv"] == Rv.SUCCESS
        assert Rv.SUCCESS == client.transmit(card, GET)[0]


def test_a_reader_unplugs_itself_while_its_card_works(service: PcscService) -> None:
    """The whole reader may go, too."""

    class Runaway(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            reader.unplug()
            return super().transmit(command)

    reader = service.add_reader("runaway", Runaway())
    with WireClient(service.path) as client:
        card = client.establish().connect(reader.name)
        assert (Rv.READER_UNAVAILABLE, b"") == client.transmit(card, GET)
        assert Rv.INVALID_VALUE == client.ask(g.Status(card))["rv"]


def test_removal_is_seen_at_once_and_ends_with_the_command(service: PcscService) -> None:
    """Clients do not wait for the command; who gets the card back does."""
    slow = SlowCard()
    reader = service.add_reader("slow", slow)
    with WireClient(service.path) as client, WireClient(service.path) as watcher:
        card = client.establish().connect(reader.name)
        client.send(g.Transmit(card, 2, 16, 5, 3, 16, 300, GET))
        assert slow.working.wait(SECONDS)
        watcher.establish().send(g.Wait(old=False))
        watcher.receive(16 * 184)
        back: list[object] = []
        removal = threading.Thread(target=lambda: back.append(reader.remove()))
        removal.start()
        assert 8 == len(watcher.receive(8))
        assert not reader.occupied
        assert [] == back
        slow.let_go.set()
        removal.join()
        assert [slow] == back
        assert 32 == len(client.receive(32))


def test_two_hands_cannot_take_one_card(reader: VirtualReader) -> None:
    """One gets it, the other is told that there is none."""
    taken: list[str] = []

    def take() -> None:
        try:
            reader.remove()
            taken.append("card")
        except SlotError:
            taken.append("nothing")

    hands = [threading.Thread(target=take) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert ["card", "nothing"] == sorted(taken)


def test_transactions_take_turns(service: PcscService, reader: VirtualReader) -> None:
    """First come, first served, and not polled."""
    clients = [WireClient(service.path).establish() for _ in range(4)]
    cards = [client.connect(reader.name) for client in clients]
    clients[0].ask(g.Begin(cards[0]))
    for number in (2, 1, 3):
        before = reader.waiting
        clients[number].send(g.Begin(cards[number]))
        while reader.waiting == before:
            pass
    for ends, begins in ((0, 2), (2, 1), (1, 3)):
        clients[ends].ask(g.End(cards[ends], 0))
        assert g.reply(g.Begin(cards[begins]), Rv.SUCCESS) == clients[begins].receive(8)
    for client in clients:
        client.socket.close()


def test_a_waiting_client_that_dies_gives_its_turn_away(service: PcscService, reader: VirtualReader) -> None:
    """It gets the lock, cannot be told, and loses it."""
    with WireClient(service.path) as holder, WireClient(service.path) as last:
        card, lasts = holder.establish().connect(reader.name), last.establish().connect(reader.name)
        with WireClient(service.path) as doomed:
            doomeds = doomed.establish().connect(reader.name)
            holder.ask(g.Begin(card))
            doomed.send(g.Begin(doomeds))
            while not reader.waiting:
                pass
        last.send(g.Begin(lasts))
        while reader.waiting < 2:
            pass
        holder.ask(g.End(card, 0))
        assert last.receive(8) in (
            g.reply(g.Begin(lasts), Rv.SUCCESS),
            g.reply(g.Begin(lasts), Rv.RESET_CARD),
        )
