"""The contract of flash, for every device that implements it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from simcard.hal.fileflash import FileFlash
from simcard.hal.flash import Flash, FlashDevice, FlashFault, MemoryFailure, RamFlash
from simcard.hal.power import PowerLost, PowerSupply, Tear
from simcard.wire.status import SW, Refused

SIZE = 1024
PAGE = 64

Maker = Callable[..., FlashDevice]


@pytest.fixture(params=["ram", "file"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Maker]:
    with ExitStack() as stack:

        def maker(power: PowerSupply | None = None, endurance: int = 1000) -> FlashDevice:
            device: FlashDevice
            if request.param == "ram":
                device = RamFlash(SIZE, PAGE, power, endurance)
            else:
                device = FileFlash.create(tmp_path / "image", SIZE, PAGE, "", power, endurance)
            return stack.enter_context(closing(device))

        yield maker


def test_it_implements_the_protocol(make: Maker) -> None:
    flash: Flash = make()
    assert (SIZE, PAGE) == (flash.size, flash.page_size)


def test_new_flash_is_blank(make: Maker) -> None:
    assert b"\xff" * SIZE == make().read(0, SIZE)


@pytest.mark.parametrize("address", [0, 1, PAGE - 3, PAGE, SIZE - 200])
def test_what_is_programmed_is_read(make: Maker, address: int) -> None:
    flash = make()
    data = bytes(range(200))
    flash.program(address, data)
    assert data == flash.read(address, 200)


def test_a_program_touches_nothing_beside_it(make: Maker) -> None:
    flash = make()
    flash.program(PAGE - 2, bytes(PAGE + 4))
    expected = b"\xff" * (PAGE - 2) + bytes(PAGE + 4) + b"\xff" * (SIZE - 2 * PAGE - 2)
    assert expected == flash.read(0, SIZE)


def test_a_program_may_clear_more_bits_of_what_stands(make: Maker) -> None:
    flash = make()
    flash.program(0, b"\xf0")
    flash.program(0, b"\x30")
    assert b"\x30" == flash.read(0, 1)


def test_a_program_that_would_set_a_bit_is_a_fault(make: Maker) -> None:
    flash = make()
    flash.program(0, b"\xf0")
    with pytest.raises(FlashFault):
        flash.program(0, b"\xf1")


def test_a_faulty_program_changes_nothing(make: Maker) -> None:
    flash = make()
    flash.program(0, b"\xf0\xff")
    with pytest.raises(FlashFault):
        flash.program(0, b"\xf1\x00")
    assert b"\xf0\xff" == flash.read(0, 2)


def test_an_erase_blanks_its_page_only(make: Maker) -> None:
    flash = make()
    flash.program(0, bytes(3 * PAGE))
    flash.erase(1)
    assert bytes(PAGE) + b"\xff" * PAGE + bytes(PAGE) == flash.read(0, 3 * PAGE)


def test_wear_is_counted_per_page(make: Maker) -> None:
    flash = make()
    for page in (1, 3, 3):
        flash.erase(page)
    assert (0, 1, 0, 2) + (0,) * 12 == flash.wear()


@pytest.mark.parametrize(("address", "length"), [(-1, 1), (0, SIZE + 1), (SIZE, 1), (0, -1)])
def test_reaching_outside_is_a_fault(make: Maker, address: int, length: int) -> None:
    with pytest.raises(FlashFault):
        make().read(address, length)


def test_a_page_outside_is_a_fault(make: Maker) -> None:
    with pytest.raises(FlashFault):
        make().erase(SIZE // PAGE)


def test_no_bytes_at_the_very_end_are_allowed(make: Maker) -> None:
    assert b"" == make().read(SIZE, 0)


def test_a_worn_page_refuses_an_erase_with_6581(make: Maker) -> None:
    flash = make(endurance=2)
    flash.erase(0)
    flash.erase(0)
    with pytest.raises(Refused) as refused:
        flash.erase(0)
    assert SW.MEMORY_FAILURE == refused.value.sw


def test_a_worn_page_can_still_be_read(make: Maker) -> None:
    flash = make(endurance=0)
    flash.program(0, b"\x55")
    with pytest.raises(MemoryFailure):
        flash.erase(0)
    assert b"\x55" == flash.read(0, 1)


def test_every_operation_asks_for_leave(make: Maker) -> None:
    power = PowerSupply()
    flash = make(power)
    flash.read(0, 1)
    flash.program(0, b"\0")
    flash.erase(0)
    flash.sync()
    assert 4 == power.operations


@pytest.mark.parametrize("name", ["read", "program", "erase", "sync"])
def test_without_power_every_operation_fails(make: Maker, name: str) -> None:
    power = PowerSupply()
    flash = make(power)
    power.off()
    operations: dict[str, Callable[[], object]] = {
        "read": lambda: flash.read(0, 1),
        "program": lambda: flash.program(0, b"\0"),
        "erase": lambda: flash.erase(0),
        "sync": flash.sync,
    }
    with pytest.raises(PowerLost):
        operations[name]()


DATA = bytes(range(100))


@pytest.mark.parametrize("tear", Tear)
def test_a_torn_program_leaves_what_the_supply_says(make: Maker, tear: Tear) -> None:
    power = PowerSupply()
    flash = make(power)
    power.cut(0, tear, 5)
    with pytest.raises(PowerLost):
        flash.program(20, DATA)
    power.restore()
    assert power.remains(tear, b"\xff" * 100, DATA) == flash.read(20, 100)


@pytest.mark.parametrize("tear", Tear)
def test_a_torn_erase_leaves_what_the_supply_says(make: Maker, tear: Tear) -> None:
    power = PowerSupply()
    flash = make(power)
    flash.program(0, DATA)
    power.cut(0, tear, 5)
    with pytest.raises(PowerLost):
        flash.erase(0)
    power.restore()
    assert power.remains(tear, DATA[:PAGE], b"\xff" * PAGE) == flash.read(0, PAGE)


def test_a_scripted_failure_falls_on_the_ordered_operation_and_does_nothing(make: Maker) -> None:
    flash = make()
    flash.fail(1)
    flash.program(0, b"\0")
    with pytest.raises(MemoryFailure):
        flash.program(1, b"\0")
    assert b"\0\xff" == flash.read(0, 2)


def test_after_a_scripted_failure_the_device_works_again(make: Maker) -> None:
    flash = make()
    flash.fail(0)
    with pytest.raises(MemoryFailure):
        flash.sync()
    flash.program(0, b"\0")
    assert b"\0" == flash.read(0, 1)


def test_a_size_of_broken_pages_is_a_fault() -> None:
    with pytest.raises(FlashFault):
        RamFlash(1000, 64)


def test_blank_pages_of_ram_flash_take_no_memory() -> None:
    flash = RamFlash(1 << 19)
    flash.program(5, b"\0")
    flash.program(4096, b"\xff" * 512)
    assert 1 == len(flash._pages)


def test_an_erased_page_of_ram_flash_takes_no_memory() -> None:
    flash = RamFlash(1 << 19)
    flash.program(5, b"\0")
    flash.erase(0)
    assert {} == flash._pages


def test_ram_flash_can_be_made_from_its_image() -> None:
    flash = RamFlash(SIZE, PAGE)
    flash.program(70, DATA)
    image = b"\xff" * 70 + DATA + b"\xff" * (SIZE - 70 - len(DATA))
    assert image == flash.image() == RamFlash.of_image(flash.image(), PAGE).image()


def test_blank_pages_of_an_image_take_no_memory() -> None:
    flash = RamFlash(SIZE, PAGE)
    flash.program(70, DATA)
    assert flash._pages == RamFlash.of_image(flash.image(), PAGE)._pages
