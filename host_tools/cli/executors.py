"""Where jobs run: processes of this machine, or a Dask cluster; both as `concurrent.futures.Executor`."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module

from host_tools.errors import FileProblem, NoService

AHEAD = 3
"""Jobs handed out for each worker, so that none waits for the next."""
PATIENCE = 10
"""Seconds for a scheduler to answer."""


@contextmanager
def processes(jobs: int) -> Iterator[tuple[Executor, int]]:
    """So many processes on this machine, and how many jobs to keep them busy with."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent) as executor:
        yield executor, AHEAD * jobs


def end_with_parent() -> None:
    """Workers of a program that was killed would otherwise wait for its next job for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def cluster(scheduler: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a Dask cluster, by the address of its scheduler; `NoService` when it does not answer."""
    try:
        dask = import_module("distributed")
    except ImportError:
        raise FileProblem("--scheduler needs Dask: pip install 'simcard[cluster]'") from None
    try:
        client = dask.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoService(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise NoService(f"the scheduler at {scheduler} has no workers; start some with `dask worker {scheduler}`")
        yield client.get_executor(pure=False), AHEAD * threads
