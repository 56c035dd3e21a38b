"""The process inside a private PC/SC world: starts pcscd and hands out connections to its readers.

`pcsc_world.PcscWorld` starts it (`python -m reader_bridge.pcsc_helper FOLDER`, under `unshare` where that is
allowed) and talks to it over the socket that is its standard input. Rules:

- One message, one answer: `dial PORT` is answered `ok` with a connected socket attached, or with the reason
  why not. That is how a process outside the network namespace reaches a vpcd inside it.
- When the standard input ends, the world is over: pcscd is asked to end, the folder goes, the helper ends. pcscd
  also dies with the helper. So nothing is left, whoever is killed.
- In its own namespaces the helper hides /run and the USB drivers from its pcscd. The system's pcscd, its
  socket and its USB readers are therefore never touched.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

DIAL_SECONDS = 2.0
END_SECONDS = 3.0
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
USB_DRIVERS = re.compile(r"usbdropdir=(\S+)")


def raise_loopback() -> None:
    """Bring `lo` up in a new network namespace (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", asked)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def own_run(folder: Path) -> None:
    """Give this mount namespace its own /run, with `folder`/run as pcscd's part of it."""
    _mount("-t", "tmpfs", "tmpfs", "/run")
    Path("/run/pcscd").mkdir(mode=0o755)
    _mount("--bind", str(folder / "run"), "/run/pcscd")


def hide_usb_drivers() -> None:
    """Leave this mount namespace's pcscd no driver but those its configuration names."""
    version = subprocess.run(["pcscd", "--version"], capture_output=True, text=True, check=True).stdout
    drivers = USB_DRIVERS.search(version)
    if drivers and Path(drivers[1]).is_dir():
        _mount("-t", "tmpfs", "tmpfs", drivers[1])


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def start_pcscd(folder: Path, listener: socket.socket | None) -> subprocess.Popen[bytes]:
    """pcscd with `folder`/conf as its configuration and `folder`/log as its log.

    With `listener`, pcscd serves that socket as systemd would pass it (sd_listen_fds(3)): descriptor 3,
    LISTEN_PID being pcscd's own process, which only a shell that becomes pcscd can know.
    """
    command = ["setpriv", "--pdeathsig", "KILL", "pcscd", "--foreground", "--config", str(folder / "conf")]
    passed: tuple[int, ...] = ()
    environment = dict(os.environ)
    if listener is not None:
        command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]
        environment["LISTEN_FDS"] = "1"
        os.dup2(listener.fileno(), 3)
        passed = (3,)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            pass_fds=passed,
            start_new_session=True,
        )


def serve(door: socket.socket) -> None:
    """Answer `dial` until the other side is gone."""
    while message := door.recv(64):
        try:
            port = int(message.removeprefix(b"dial "))
            with socket.create_connection(("127.0.0.1", port), DIAL_SECONDS) as made:
                socket.send_fds(door, [b"ok"], [made.fileno()])
        except (OSError, ValueError) as refused:
            door.send(str(refused).encode() or b"refused")


def end(pcscd: subprocess.Popen[bytes]) -> None:
    """Ask pcscd to end; insist after `END_SECONDS`."""
    pcscd.terminate()
    try:
        pcscd.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        pcscd.kill()
        pcscd.wait()


def main(folder: Path, private: bool) -> None:
    """Make the world, say `ready` or why not, and keep it until nobody holds the other end of the door."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's; the door closes when it ends
    # Not descriptor 3, which pcscd may want for the socket it is passed.
    door = socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10))
    listener = None
    try:
        if private:
            raise_loopback()
            own_run(folder)
            hide_usb_drivers()
        else:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(folder / "run" / "pcscd.comm"))
            listener.listen()
        pcscd = start_pcscd(folder, listener)
    except (OSError, subprocess.CalledProcessError) as failed:
        door.send(str(failed).encode())
        return
    door.send(f"ready {pcscd.pid}".encode())
    try:
        serve(door)
    finally:
        end(pcscd)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), private=sys.argv[2:] != ["--plain"])
