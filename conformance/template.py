"""Hexadecimal with names in it: the language of commands and expectations in a suite.

    00 20 00 {pin_ref} <{pin}>          a command; <...> puts the number of bytes before them (Lc)
    00 DA 01 01 << {big} >>             <<...>> the same for an extended Lc: 00 and two bytes
    62 [82 <38> 83 <{fid}>]             [...] puts a BER length before the bytes
    {sm4_ecb(pin_key, challenge[0:8])}  functions of `conformance.functions`, slices, numbers, 'hex' as arguments
    9000, 63CX, XX XX 90 ...            in expectations: X any digit, ... any bytes

What comes from a secret stays marked as secret, so that a transcript shows its length only. `parse` reads a text
once; `Template.value` gives its bytes, `Template.shown` what a transcript may show, `Template.pattern` an expectation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from conformance import ber
from conformance.functions import FUNCTIONS, FunctionError

HEX: Final = frozenset("0123456789ABCDEFabcdef")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
NUMBER = re.compile(r"-?[0-9]+")


class TemplateError(ValueError):
    """A text that cannot be read, or a value that cannot be had; the text says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Value:
    """Bytes under a name. A secret is never shown."""

    data: bytes
    secret: bool = False

    def __repr__(self) -> str:
        return f"Value({len(self.data)} bytes)"


Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some digits of a text in a row; `name` when they must not be shown."""

    digits: str
    name: str = ""

    @property
    def shown(self) -> str:
        return f"[{self.name}: {len(self.digits) // 2} bytes]" if self.name else self.digits


# -- expressions: what stands in braces


@dataclass(frozen=True, slots=True)
class Name:
    name: str

    def value(self, values: Values) -> Value:
        if self.name not in values:
            raise TemplateError(f"there is no value {self.name}")
        return values[self.name]

    def names(self) -> Iterator[str]:
        yield self.name


@dataclass(frozen=True, slots=True)
class Number:
    number: int

    def names(self) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Literal:
    data: bytes

    def value(self, values: Values) -> Value:
        return Value(self.data)

    def names(self) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Slice:
    of: Expression
    start: int | None
    stop: int | None

    def value(self, values: Values) -> Value:
        whole = evaluate(self.of, values)
        return Value(whole.data[self.start : self.stop], whole.secret)

    def names(self) -> Iterator[str]:
        return self.of.names()


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]

    def value(self, values: Values) -> Value:
        function, secret = FUNCTIONS[self.function], False
        given: list[bytes | int] = []
        for argument in self.arguments:
            if isinstance(argument, Number):
                given.append(argument.number)
                continue
            found = argument.value(values)
            secret |= found.secret
            given.append(found.data)
        try:
            return Value(function.call(*given), secret and not function.hides)
        except FunctionError as error:
            raise TemplateError(f"{self.function}: {error}") from None

    def names(self) -> Iterator[str]:
        for argument in self.arguments:
            yield from argument.names()


Expression = Name | Number | Literal | Slice | Call


def evaluate(expression: Expression, values: Values) -> Value:
    """The bytes of an expression; `TemplateError` for a number, which has no length."""
    if isinstance(expression, Number):
        raise TemplateError(f"{expression.number} is a number; int({expression.number}, SIZE) has bytes")
    return expression.value(values)


# -- texts


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits as they stand; X is any digit, `...` any bytes."""

    digits: str

    def pieces(self, values: Values) -> Iterator[Piece]:
        yield Piece(self.digits)

    def names(self) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Inserted:
    """What braces hold."""

    expression: Expression

    def pieces(self, values: Values) -> Iterator[Piece]:
        found = evaluate(self.expression, values)
        yield Piece(found.data.hex().upper(), ",".join(dict.fromkeys(self.names())) if found.secret else "")

    def names(self) -> Iterator[str]:
        return self.expression.names()


@dataclass(frozen=True, slots=True)
class Sized:
    """A text after its own length: `<` Lc, `<<` extended Lc, `[` BER."""

    opening: str
    inner: Template

    def pieces(self, values: Values) -> Iterator[Piece]:
        inside = list(self.inner.pieces(values))
        count = sum(len(piece.digits) for piece in inside)
        if any("..." in piece.digits for piece in inside) or count % 2:
            raise TemplateError(f"{self.opening} needs whole bytes whose number is known")
        yield Piece(self._length(count // 2).hex().upper())
        yield from inside

    def _length(self, size: int) -> bytes:
        if self.opening == "[":
            return ber.encode_length(size)
        if self.opening == "<<":
            return b"\0" + size.to_bytes(2, "big")
        if size > 255:
            raise TemplateError(f"< holds 255 bytes at most, here are {size}; << holds more")
        return bytes((size,))

    def names(self) -> Iterator[str]:
        return self.inner.names()


@dataclass(frozen=True, slots=True)
class Template:
    """A text read; texts are equal when their parts are."""

    parts: tuple[Digits | Inserted | Sized, ...]

    def pieces(self, values: Values) -> Iterator[Piece]:
        for part in self.parts:
            yield from part.pieces(values)

    def names(self) -> Iterator[str]:
        """The names of values that are needed."""
        for part in self.parts:
            yield from part.names()

    def value(self, values: Values) -> Value:
        """The bytes."""
        pieces = list(self.pieces(values))
        digits = "".join(piece.digits for piece in pieces)
        try:
            return Value(bytes.fromhex(digits), any(piece.name for piece in pieces))
        except ValueError:
            raise TemplateError(f"{len(digits)} digits are no whole bytes") from None

    def shown(self, values: Values) -> str:
        """The digits with secrets replaced by their names and lengths."""
        return "".join(piece.shown for piece in self.pieces(values))

    def pattern(self, values: Values) -> re.Pattern[str]:
        """A pattern over hexadecimal digits in upper case."""
        digits = "".join(piece.digits for piece in self.pieces(values))
        return re.compile(digits.replace("...", "(?:..)*").replace("X", "[0-9A-F]"))


@cache
def parse(text: str, pattern: bool = False) -> Template:
    """Read a text; with `pattern` digits X and `...` are allowed. Raises `TemplateError`."""
    return _Reader(text, pattern).template("")


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, pattern: bool) -> None:
        self._text = text
        self._pattern = pattern
        self._at = 0

    def template(self, closing: str) -> Template:
        parts: list[Digits | Inserted | Sized] = []
        digits = ""
        while True:
            self._space()
            if closing and self._take(closing):
                break
            if self._at == len(self._text):
                if closing:
                    raise self._error(f"expected {closing}")
                break
            more = self._digits()
            digits += more
            if not more:
                parts += [Digits(digits)] if digits else []
                digits = ""
                parts.append(self._group())
        return Template((*parts, *([Digits(digits)] if digits else [])))

    def _digits(self) -> str:
        if self._pattern and self._take("..."):
            return "..."
        letter = self._text[self._at]
        if letter in HEX or (self._pattern and letter in "xX"):
            self._at += 1
            return letter.upper()
        return ""

    def _group(self) -> Inserted | Sized:
        if self._take("{"):
            found = Inserted(self._expression())
            self._expect("}")
            return found
        for opening, closing in (("<<", ">>"), ("<", ">"), ("[", "]")):
            if self._take(opening):
                return Sized(opening, self.template(closing))
        raise self._error("expected a hexadecimal digit, {, <, << or [")

    def _expression(self) -> Expression:
        self._space()
        found = self._term()
        while self._take("["):
            start = self._bound()
            self._expect(":")
            stop = self._bound()
            self._expect("]")
            found = Slice(found, start, stop)
        self._space()
        return found

    def _term(self) -> Expression:
        if self._take("'"):
            return Literal(self._literal())
        number = NUMBER.match(self._text, self._at)
        if number:
            self._at = number.end()
            return Number(int(number[0]))
        name = NAME.match(self._text, self._at)
        if not name:
            raise self._error("expected a name, a number or 'hexadecimal'")
        self._at = name.end()
        return self._call(name[0]) if self._take("(") else Name(name[0])

    def _literal(self) -> bytes:
        end = self._text.find("'", self._at)
        try:
            found = bytes.fromhex(self._text[self._at : end])
        except ValueError:
            found = None
        if end < 0 or found is None:
            raise self._error("expected hexadecimal bytes and a closing '")
        self._at = end + 1
        return found

    def _call(self, name: str) -> Call:
        if name not in FUNCTIONS:
            raise self._error(f"{name} is no function; there are {', '.join(FUNCTIONS)}")
        arguments: list[Expression] = []
        self._space()
        if not self._take(")"):
            arguments.append(self._expression())
            while self._take(","):
                arguments.append(self._expression())
            self._expect(")")
        return Call(name, tuple(arguments))

    def _bound(self) -> int | None:
        self._space()
        number = NUMBER.match(self._text, self._at)
        if not number:
            return None
        self._at = number.end()
        return int(number[0])

    def _take(self, word: str) -> bool:
        found = self._text.startswith(word, self._at)
        self._at += len(word) if found else 0
        return found

    def _expect(self, word: str) -> None:
        self._space()
        if not self._take(word):
            raise self._error(f"expected {word}")

    def _space(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _error(self, text: str) -> TemplateError:
        return TemplateError(f"at character {self._at + 1} of '{self._text}': {text}")
