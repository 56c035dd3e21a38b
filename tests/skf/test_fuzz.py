"""Any data in any command, and answers of a token gone mad: codes come back, nothing else."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.skf.application import Application
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from host_tools.skf.door import Ask
from host_tools.skf.sar import SkfError
from host_tools.skf.session import BlockCipher, Purpose
from host_tools.skf.values import Envelope, RsaPublic
from simcard.wire.gmt0017 import GmtIns, PinType
from simcard.wire.secret import Secret
from tests.skf.desk import application_of, device_of, equipped

SLOW = frozenset((GmtIns.GEN_EXT_RSA_KEY, GmtIns.GEN_RSA_KEY_PAIR))
BYTES = st.binary(max_size=80)
NUMBERS = st.one_of(st.integers(-1, 0x500), st.integers(0, 2**33))
POINTS = st.one_of(st.binary(min_size=65, max_size=65), st.binary(min_size=64, max_size=64).map(lambda b: b"\x04" + b))


class Shared:
    """One token for many examples."""

    made: tuple[Application, Container] | None = None

    def get(self) -> tuple[Application, Container]:
        if self.made is None:
            application = application_of(device_of())
            self.made = application, equipped(application)
        return self.made


SHARED = Shared()


@settings(max_examples=200, deadline=None)
@given(
    ins=st.sampled_from(sorted(set(GmtIns) - SLOW)),
    data=st.binary(max_size=120),
    p1=st.integers(0, 255),
    p2=st.sampled_from([0, 0, 0, 1, 2, 255]),
    ne=st.sampled_from([0, 1, 8, 288, 0x4000]),
    inside=st.booleans(),
)
def test_any_command_is_answered_or_refused(ins: GmtIns, data: bytes, p1: int, p2: int, ne: int, inside: bool) -> None:
    application, container = SHARED.get()
    try:
        if inside:
            container.ask(lambda where: Ask(ins, "fuzzing", where + data, p1, p2, ne, long=True))
        else:
            application.door.ask(Ask(ins, "fuzzing", data, p1, p2, ne, long=True))
    except SkfError:
        SHARED.made = None if ins in (GmtIns.DELETE_APPLICATION, GmtIns.DELETE_CONTAINER) else SHARED.made


@settings(max_examples=150, deadline=None)
@given(draw=st.data(), number=NUMBERS, other=NUMBERS, data=BYTES, more=BYTES, point=POINTS)
def test_any_arguments_give_a_result_or_a_code(
    draw: st.DataObject, number: int, other: int, data: bytes, more: bytes, point: bytes
) -> None:
    application, container = SHARED.get()
    device = Device(application.door.link)
    calls: tuple[Callable[[], object], ...] = (
        lambda: application.read_file("f", number, other % 100),
        lambda: application.write_file("f", number, data),
        lambda: application.create_file(data.hex()[:40], number, other, other),
        lambda: application.change_pin(PinType.ADMIN, Secret(data), Secret(more)),
        lambda: container.import_sm2(Envelope(number, data, point, point + more)),
        lambda: container.import_session_key(number, point + data + more),
        lambda: container.export_session_key(point, number),
        lambda: container.set_session_key(number, Secret(data)).encrypt(more, BlockCipher(data, other, number)),
        lambda: container.set_session_key(number, Secret(bytes(16))).begin(Purpose.DECRYPT, BlockCipher()).final(data),
        lambda: container.accept(number, point, point, data, more),
        lambda: container.sign_message(data, more),
        lambda: container.import_certificate(True, data * 30),
        lambda: device.external.ecc_verify(point, data, more),
        lambda: device.external.ecc_encrypt(point, data),
        lambda: device.external.rsa_verify(RsaPublic(data, more[:4]), data, more),
        lambda: device.digest(number, (point, data)).final(more),
        lambda: device.authenticate_raw(data),
        lambda: device.set_label(data.hex()),
    )
    try:
        call: Callable[[], object] = draw.draw(st.sampled_from(calls))
        call()
    except SkfError as refused:
        assert refused.sar


class Mad:
    """A link whose token answers whatever it likes."""

    atr = b"\x3b\x00"

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    def transmit(self, command: bytes) -> bytes:
        return self._answers.pop() if self._answers else b"\x6f\x00"

    def reset(self) -> bytes:
        return self.atr

    def close(self) -> None:
        """Nothing to let go."""


ANSWER = st.builds(
    lambda data, sw: data + sw.to_bytes(2, "big"),
    st.one_of(BYTES, st.just(bytes(288)), st.binary(min_size=288, max_size=288)),
    st.sampled_from([0x9000] * 6 + [0x6A9E, 0x6103, 0x63C1, 0x698A, 0x6A94]),
)


@settings(max_examples=150, deadline=None)
@given(answers=st.lists(ANSWER, max_size=8), which=st.integers(0, 5))
def test_a_mad_token_gives_a_result_or_a_code(answers: list[bytes], which: int) -> None:
    device = Device(Mad(answers))
    calls: tuple[Callable[[], object], ...] = (
        device.info,
        device.applications,
        lambda: device.open_application("a").pin_info(PinType.USER),
        lambda: device.open_application("a").file_info("f"),
        lambda: device.open_application("a").open_container("c").info(),
        lambda: device.open_application("a").open_container("c").public_key(True),
    )
    try:
        calls[which]()
    except SkfError as refused:
        assert refused.sar
