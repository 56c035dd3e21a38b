"""The towns of issuing, for renewal."""

from tests.issuing.conftest import any_town, rsa_town, sm2_town, town

__all__ = ["any_town", "rsa_town", "sm2_town", "town"]
