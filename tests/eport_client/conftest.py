"""Services in front of fresh cards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.eport_client.support import PROFILES, Client, Served, served


@pytest.fixture(params=PROFILES)
def service(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A service, once with an SM2 card and once with an RSA card."""
    with served(request.param) as running:
        yield running


@pytest.fixture
def sm2_service() -> Iterator[Served]:
    """A service with an SM2 card."""
    with served() as running:
        yield running


@pytest.fixture
def client(sm2_service: Served) -> Iterator[Client]:
    """A client of a service with an SM2 card."""
    with sm2_service.client() as made:
        yield made
