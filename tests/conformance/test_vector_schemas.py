"""Every vector file is what its schema says, explains its flags, and tells where its values come from."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conformance.vector_judge.vector import FOLDER, SCHEMAS, names

COMMON = "common_schema.json"


def document(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def schema(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return content


def validator(name: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resource(COMMON, Resource.from_contents(schema(COMMON)))
    return Draft202012Validator(schema(name), registry=registry)


def complaints(content: dict[str, Any]) -> list[str]:
    return [error.message for error in validator(f"{content['schema']}.json").iter_errors(content)]


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_a_schema_is_one(path: Any) -> None:
    Draft202012Validator.check_schema(schema(path.name))


@pytest.mark.parametrize("name", names())
def test_a_file_is_what_its_schema_says(name: str) -> None:
    assert [] == complaints(document(name))


def test_no_schema_is_idle() -> None:
    used = {f"{document(name)['schema']}.json" for name in names()}
    assert used | {COMMON} == {path.name for path in SCHEMAS.glob("*.json")}


@pytest.mark.parametrize("name", names())
def test_tests_are_counted_and_numbered(name: str) -> None:
    content = document(name)
    numbers = [test["tcId"] for group in content["testGroups"] for test in group["tests"]]
    assert list(range(1, content["numberOfTests"] + 1)) == numbers


@pytest.mark.parametrize("name", names())
def test_every_flag_is_explained(name: str) -> None:
    content = document(name)
    flags = {flag for group in content["testGroups"] for test in group["tests"] for flag in test["flags"]}
    assert set() == flags - set(content["notes"])


def spoil(content: dict[str, Any], place: str) -> None:
    group = content["testGroups"][0]
    test = group["tests"][0]
    if place == "upper case":
        test["sig"] = test["sig"].upper()
    elif place == "half a byte":
        test["sig"] = test["sig"][1:]
    elif place == "no origin":
        del group["source"]
    elif place == "nobody agreed":
        group["source"] = {"origin": "generated", "name": "here"}
    elif place == "unknown result":
        test["result"] = "perhaps"
    elif place == "unknown value":
        test["signature"] = test["sig"]
    elif place == "no flag":
        test["flags"] = []
    else:
        del test[place]


@pytest.mark.parametrize(
    "place",
    ["upper case", "half a byte", "no origin", "nobody agreed", "unknown result", "unknown value", "no flag", "msg"],
)
def test_a_schema_sees_what_is_wrong(place: str) -> None:
    content = copy.deepcopy(document("sm2_signature_der"))
    spoil(content, place)
    assert [] != complaints(content)


def test_a_valid_decryption_says_what_comes_out() -> None:
    content = copy.deepcopy(document("sm2_encryption_der"))
    del content["testGroups"][0]["tests"][0]["msg"]
    assert [] != complaints(content)
