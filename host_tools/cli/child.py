"""A child process that stands for this one: signals are passed on, and its exit code is ours.

Rules:
- Signals are waited for and not handled, for only so is their origin known: what the terminal sends (Ctrl-C) goes to
  the whole process group, and the child must not get it twice.
- The child starts with the signal mask that this process had before.
- Called from the main thread before others start, whose signals would otherwise be handled elsewhere: threads
  inherit the mask.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

PASSED_ON = frozenset(
    (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT)
)
WAITED_FOR = PASSED_ON | {signal.SIGCHLD}
NOT_FOUND, NOT_EXECUTABLE, BY_SIGNAL = 127, 126, 128


@contextmanager
def signals_held() -> Iterator[set[signal.Signals]]:
    """Hold back the signals that `run` waits for; gives the mask before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
    try:
        yield {each for each in before if isinstance(each, signal.Signals)}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(command: Sequence[str], environment: Mapping[str, str], mask: set[signal.Signals]) -> int:
    """Run a command to its end, within `signals_held`; its exit code as a shell gives it."""
    try:
        child = os.posix_spawnp(command[0], [*command], environment, setsigmask=mask)
    except FileNotFoundError:
        return NOT_FOUND
    except OSError:
        return NOT_EXECUTABLE
    while True:
        arrived = signal.sigwaitinfo(WAITED_FOR)
        if arrived.si_signo != signal.SIGCHLD:
            if arrived.si_code <= 0:  # sent by a process, not by the terminal
                os.kill(child, arrived.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else BY_SIGNAL - code
