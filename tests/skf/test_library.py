"""Programs in C on the library: the whole life of a token, and what can come between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.pki import der
from host_tools.pki.keys import Hash, Kind, PublicKey, signed_digest
from reader_bridge.private_world import PrivateWorld
from scripts.build_skf import functions
from tests.applet_gmt0017.support import gm_verifies
from tests.kit import bench
from tests.skf.desk import blank, converse, equipped_card, running

pytestmark = pytest.mark.xdist_group("skf library")
Program = Callable[[str], Path]
SERIAL = "20260101-001-00001"


def signature_of(heard: dict[str, bytes]) -> bytes:
    blob = heard["signature"]
    return blob[32:64] + blob[96:128]


def test_the_whole_life_of_a_token(program: Program, world: PrivateWorld) -> None:
    world.add_reader(card=blank().card)
    heard = converse(program("life.c"), world.environment())
    assert b"" == heard["done"]


def test_two_cards_agree_on_a_key(program: Program, world: PrivateWorld) -> None:
    for number in (1, 2):
        world.add_reader(card=equipped_card(f"2026-{number}", number).card)
    with running(program("scenes.c"), "agree", env=world.environment()) as talk:
        assert "done" == talk.hear()


def test_a_handle_is_of_one_kind_and_good_until_it_is_closed(program: Program, world: PrivateWorld) -> None:
    world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "handles", env=world.environment()) as talk:
        assert "done" == talk.hear()


def test_a_thousand_calls_of_eight_threads_get_their_own_results(program: Program, world: PrivateWorld) -> None:
    # 8 threads, 9 rounds each, 10 calls and more in a round, and what opens and closes: more than 1 000 calls.
    world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "threads", "8", "13", env=world.environment()) as talk:
        assert "done" == talk.hear()


def test_removal_in_the_midst_of_calls_is_said_and_final(program: Program, world: PrivateWorld) -> None:
    reader = world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "removal", env=world.environment()) as talk:
        assert "signing" == talk.hear()
        reader.remove()
        assert "removed" == talk.hear()
        reader.insert(blank().card)
        talk.say()
        assert "done" == talk.hear()


def test_devices_that_come_and_go_are_told(program: Program, world: PrivateWorld) -> None:
    first = world.add_reader(card=blank("one").card)
    with running(program("scenes.c"), "events", "4", env=world.environment()) as talk:
        assert "waiting" == talk.hear()
        card = first.remove()
        assert "removed one" == talk.hear()
        second = world.add_reader(card=blank("two").card)
        assert "inserted two" == talk.hear()
        first.insert(card)
        assert "inserted one" == talk.hear()
        world.unplug(second.name)
        assert "removed two" == talk.hear()
        assert "cancel" == talk.hear()
        talk.say()
        assert "done" == talk.hear()


def test_a_locked_device_waits_for_its_owner(program: Program, world: PrivateWorld) -> None:
    reader = world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "locks", env=world.environment()) as talk:
        assert "locked" == talk.hear()
        assert reader.locked
        talk.say()
        assert "done" == talk.hear()


def test_the_signature_is_good_for_two_other_implementations(
    program: Program, world: PrivateWorld, tmp_path: Path
) -> None:
    world.add_reader(card=blank().card)
    heard = converse(program("life.c"), world.environment())
    public = heard["envelope"][36:68] + heard["envelope"][100:132]
    digest = signed_digest(PublicKey(Kind.SM2, b"\x04" + public), Hash.SM3, b"the message")
    assert gm_verifies(public, digest, signature_of(heard))
    assert "Signature Verified Successfully" in openssl_says(tmp_path, public, b"the message", signature_of(heard))


PUBLIC_KEY_INFO = bytes.fromhex("3059301306072A8648CE3D020106082A811CCF5501822D034200")
"""SubjectPublicKeyInfo of an SM2 key before its point."""


def openssl_says(folder: Path, public: bytes, message: bytes, signature: bytes) -> str:
    """What OpenSSL says of an SM2 signature with the usual signer identifier."""
    parts = {"key": PUBLIC_KEY_INFO + b"\x04" + public, "message": message, "signature": der.ec_signature(signature)}
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    key = ["-pubin", "-keyform", "DER", "-inkey", str(folder / "key")]
    data = ["-rawin", "-in", str(folder / "message"), "-sigfile", str(folder / "signature")]
    options = ["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]
    command = ["openssl", "pkeyutl", "-verify", *key, *data, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_program_in_python_shares_its_interpreter(library: Path, world: PrivateWorld) -> None:
    world.add_reader(card=blank("mine").card)
    code = (
        "import ctypes, sys; skf = ctypes.CDLL(sys.argv[1]); size = ctypes.c_uint32(64);"
        "names = ctypes.create_string_buffer(64); print(skf.SKF_EnumDev(1, names, ctypes.byref(size)), names.value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(library)], env=world.environment(), capture_output=True, text=True, check=True
    )
    assert "0 b'mine'\n" == done.stdout


def test_devices_with_one_serial_number_are_told_apart(library: Path, world: PrivateWorld) -> None:
    names = [world.add_reader(card=blank("twin").card).name for _ in range(2)]
    assert [f"twin@{name}" for name in names] == listed(library, world)


def test_devices_are_called_by_their_readers_on_request(library: Path, world: PrivateWorld) -> None:
    name = world.add_reader(card=blank().card).name
    assert [name] == listed(library, world, SIMCARD_SKF_NAMES="reader")


def test_cards_that_are_no_tokens_are_no_devices(library: Path, world: PrivateWorld) -> None:
    world.add_reader(card=bench("iso-blank").card)
    world.add_reader()
    assert [] == listed(library, world)


def listed(library: Path, world: PrivateWorld, **settings: str) -> list[str]:
    """Names of all devices, asked for by a Python program."""
    code = (
        "import ctypes, sys; skf = ctypes.CDLL(sys.argv[1]); size = ctypes.c_uint32(500);"
        "names = ctypes.create_string_buffer(500); assert not skf.SKF_EnumDev(1, names, ctypes.byref(size));"
        "print(names.raw[:size.value].decode().replace(chr(0), chr(10)))"
    )
    env = {**world.environment(), **settings}
    done = subprocess.run(
        [sys.executable, "-c", code, str(library)], env=env, capture_output=True, text=True, check=True
    )
    return [name for name in done.stdout.split("\n") if name]


def test_every_function_of_the_header_is_in_the_library(library: Path) -> None:
    exported = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    found = {line.split()[-1] for line in exported.stdout.splitlines()}
    assert set(functions()) == found


def test_structures_have_the_sizes_of_the_standard(library: Path, tmp_path: Path) -> None:
    sizes = {
        "VERSION": 2, "DEVINFO": 294, "RSAPUBLICKEYBLOB": 268, "RSAPRIVATEKEYBLOB": 1164, "ECCPUBLICKEYBLOB": 132,
        "ECCPRIVATEKEYBLOB": 68, "ECCCIPHERBLOB": 165, "ECCSIGNATUREBLOB": 128, "BLOCKCIPHERPARAM": 44,
        "ENVELOPEDKEYBLOB": 373, "FILEATTRIBUTE": 44,
    }  # fmt: skip
    checks = "".join(f'_Static_assert(sizeof({name}) == {size}, "{name}");\n' for name, size in sizes.items())
    source = tmp_path / "sizes.c"
    source.write_text('#include "simcard_skf.h"\n' + checks)
    include = library.parent / "include"
    subprocess.run(["gcc", "-std=c11", "-fsyntax-only", f"-I{include}", str(source)], check=True)
