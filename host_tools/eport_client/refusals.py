"""Why a call fails: the numeric codes that clients of the Electronic Port know, with wording of our own.

A failing call raises `EportRefusal`. Codes of the card layer appear to clients as `Err:Custom<n>` after a text of the
form `[module]text:错误码=<n>`; those of the service itself as `Err:Base<n>` after a bare text.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import (
    BadResponse,
    CardBusy,
    CardRefused,
    HostError,
    LinkError,
    NoCard,
    NoReader,
    NoService,
    NotAllowed,
    NotFound,
    PinLocked,
    PinWrong,
    WrongData,
)


class Code(IntEnum):
    """Codes of the card layer; the numbers are those that public clients look for."""

    READER_RESET = 50070
    NO_READER = 50200
    VERIFY_SIGNATURE = 50820
    PIN_LOCKED = 51560
    PIN_WRONG = 51570
    NO_CARD = 51590
    CHANGE_PIN = 51610
    PRIVATE_KEY = 51630
    SIGN = 51670
    PIN_LENGTH = 51680
    NOT_VERIFIED = 53550


class Base(IntEnum):
    """Codes of the service. 50000 is known from public clients; the others are chosen here."""

    ARGUMENTS = 50000
    UNKNOWN_METHOD = 50001
    NOT_JSON = 50002
    NO_SERVER = 50003
    NO_FILE = 50004
    BAD_BLOCK = 50005


class Module(StrEnum):
    """Which part of the service speaks; the first square brackets of a text."""

    READER = "读卡器"
    CARD = "卡片"
    SERVICE = "服务"


MODULES_IN_ENGLISH = {Module.READER: "reader", Module.CARD: "card", Module.SERVICE: "service"}

TEXTS: dict[Code, tuple[Module, Text]] = {
    Code.READER_RESET: (
        Module.READER,
        Text("读卡器没有响应，请重启客户端服务", "the reader does not answer; restart the client service"),
    ),
    Code.NO_READER: (
        Module.READER,
        Text("找不到读卡器，请插入读卡器或Key", "no reader is found; plug in a reader or a key"),
    ),
    Code.NO_CARD: (
        Module.READER,
        Text("读卡器中没有可用的卡，请插卡", "there is no card to use in the reader; insert it"),
    ),
    Code.PIN_LOCKED: (Module.CARD, Text("卡口令已锁，须先解锁", "the card password is locked; unblock it first")),
    Code.PIN_LENGTH: (Module.CARD, Text("口令长度不对", "the password has the wrong length")),
    Code.NOT_VERIFIED: (Module.CARD, Text("请先打开卡并验证口令", "open the card and verify the password first")),
    Code.SIGN: (Module.CARD, Text("卡没有完成签名", "the card did not sign")),
    Code.PRIVATE_KEY: (Module.CARD, Text("卡没有完成私钥运算", "the card did not use its private key")),
    Code.VERIFY_SIGNATURE: (
        Module.CARD,
        Text("签名与原文或证书不符", "the signature does not belong to these data and certificate"),
    ),
}

MOST_KNOWN_TRIES = 4
"""Codes that tell the tries left exist for 1 to 4 of them."""


class EportRefusal(HostError):
    """A call that fails. `number` is the code as clients see it, `family` the word before it."""

    code = "eport"

    def __init__(self, family: str, number: int, module: Module, text: Text) -> None:
        super().__init__(text.en)
        self.family = family
        self.number = number
        self.module = module
        self.text = text

    @property
    def symbol(self) -> str:
        """The second element of `Error`."""
        return f"Err:{self.family}{self.number}"

    def message(self, lang: Lang) -> str:
        """The first element of `Error`."""
        if self.family == "Base":
            return self.text.say(lang)
        if lang is Lang.EN:
            return f"[{MODULES_IN_ENGLISH[self.module]}]{self.text.en}:code={self.number}"
        return f"[{self.module.value}]{self.text.zh}:错误码={self.number}"


def custom(code: Code) -> EportRefusal:
    """The refusal for a code of the card layer."""
    module, text = TEXTS[code]
    return EportRefusal("Custom", int(code), module, text)


def base(code: Base, zh: str, en: str) -> EportRefusal:
    """A refusal of the service itself."""
    return EportRefusal("Base", int(code), Module.SERVICE, Text(zh, en))


def wrong_pin(tries_left: int, changing: bool = False) -> EportRefusal:
    """A wrong password: the last digit of the code is the tries left, 0 when this one locked the card."""
    first = Code.CHANGE_PIN if changing else Code.PIN_WRONG
    number = int(first) + min(tries_left, MOST_KNOWN_TRIES)
    if not tries_left:
        text = Text("口令错误，卡已锁", "wrong password; the card is locked now")
    else:
        text = Text("口令错误，还可以重试{left}次", "wrong password; tries left: {left}").with_values(left=tries_left)
    return EportRefusal("Custom", number, Module.CARD, text)


def of_host_error(error: HostError, doing: Code) -> EportRefusal:
    """The refusal for an error of the card or the way to it; `doing` is the code for what has none of its own."""
    if isinstance(error, EportRefusal):
        return error
    if isinstance(error, PinWrong):
        return wrong_pin(error.tries_left, doing is Code.CHANGE_PIN)
    for kind, code in _BY_KIND:
        if isinstance(error, kind):
            return custom(code)
    if isinstance(error, WrongData) and doing in (Code.PIN_WRONG, Code.CHANGE_PIN):
        return custom(Code.PIN_LENGTH)
    if isinstance(error, CardRefused) and doing in TEXTS:
        return custom(doing)
    return EportRefusal("Custom", int(doing), Module.CARD, Text(f"卡片操作失败（{error}）", str(error)))


_BY_KIND: tuple[tuple[type[HostError], Code], ...] = (
    (PinLocked, Code.PIN_LOCKED),
    (NotAllowed, Code.NOT_VERIFIED),
    (NoService, Code.NO_READER),
    (NoReader, Code.NO_READER),
    (CardBusy, Code.READER_RESET),
    (NoCard, Code.NO_CARD),
    (LinkError, Code.NO_CARD),
    (NotFound, Code.NO_CARD),
    (BadResponse, Code.READER_RESET),
)
