"""One request of every kind, for tests of bytes."""

from __future__ import annotations

from reader_bridge.pcscd import grammar as g

NAME = b"Virtual PCD 00 00".ljust(128, b"\0")
REQUESTS: list[g.Request] = [
    g.Version(4, 4),
    g.Establish(2, 0),
    g.Release(77),
    g.Connect(77, NAME, 2, 3, 0, 0),
    g.Reconnect(5, 1, 2, 1, 0),
    g.Disconnect(5, 2),
    g.Begin(5),
    g.End(5, 0),
    g.Transmit(5, 2, 16, 5, 3, 16, 258, bytes.fromhex("0084000008")),
    g.Transmit(5, 2, 16, 0, 3, 16, 258, b""),
    g.Transmit(-5, 2, 16, 65548, 3, 16, 65548, bytes(65548)),
    g.Control(5, 0x42000D48, 3, 100, 0, b"abc"),
    g.Control(5, 0x42000D48, 0, 100, 0, b""),
    g.Status(5),
    g.Cancel(77),
    g.GetAttribute(5, 0x90303, bytes(264), 264),
    g.SetAttribute(5, 0x90303, b"x".ljust(264, b"\0"), 1),
    g.ReadersState(),
    g.Wait(old=False),
    g.Wait(old=True),
    g.StopWaiting(),
    g.ReaderEvents(),
]
