"""Addresses of readers: loopback unless told otherwise."""

from __future__ import annotations

import pytest

from reader_bridge.endpoint import Connect, EndpointError, Listen, parse


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:35963", "127.0.0.1", 35963),
        ("localhost:0x8C7B", "localhost", 0x8C7B),
        (":7", "127.0.0.1", 7),
        ("127.0.0.5", "127.0.0.5", 35963),
        ("[::1]:99", "::1", 99),
        ("[::1]", "::1", 35963),
    ],
)
def test_what_an_address_means(text: str, host: str, port: int) -> None:
    assert Connect(host, port) == parse(text, Connect)


@pytest.mark.parametrize("text", ["127.0.0.1:x", "127.0.0.1:", ":65536", ":-1", "example.org:80", "0.0.0.0:80", "::"])
def test_a_bad_or_foreign_address_is_refused_and_named(text: str) -> None:
    with pytest.raises(EndpointError, match=repr(text).replace(".", r"\.")):
        parse(text, Listen)


def test_another_machine_can_be_allowed() -> None:
    assert Listen("0.0.0.0", 80) == parse("0.0.0.0:80", Listen, remote=True)


def test_endpoints_read_as_they_are_written() -> None:
    assert ("127.0.0.1:35963", "listen [::1]:9") == (str(Connect()), str(Listen("::1", 9)))
