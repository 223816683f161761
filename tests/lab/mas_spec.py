"""Whether answers are such as MAS describes its own.

tests/data/mas/admin-api.json is an excerpt of the OpenAPI description that MAS 1.22 publishes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DESCRIBED: Json = json.loads((Path(__file__).resolve().parents[1] / "data/mas/admin-api.json").read_text())


def conform(method: str, path: str, status: int, answer: Any) -> None:
    """An answer that MAS's own description does not allow is a mistake of the stub's."""
    for template, operations in DESCRIBED["paths"].items():
        parts = list(zip(template.split("/"), path.split("/"), strict=False))
        if template.count("/") != path.count("/") or not all(a == b or a[:1] == "{" for a, b in parts):
            continue
        described = operations.get(method.lower(), {}).get("responses", {}).get(str(status))
        if described is None:
            if status in (400, 401, 500, 503):
                return  # of any request; they are not described
            raise AssertionError(f"{method} {path} has no answer {status}")
        content = described.get("content", {}).get("application/json")
        if content:
            check(content["schema"], answer, f"{method} {path} {status}")
        return
    raise AssertionError(f"{method} {path} is not described")


KINDS: dict[str, tuple[type, ...]] = {"object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
                                      "integer": (int,), "null": (type(None),)}


def check(schema: Json, value: Any, place: str) -> None:
    """As much of JSON Schema as the description uses."""
    while "$ref" in schema:
        schema = DESCRIBED["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert not kinds or any(isinstance(value, KINDS[kind]) for kind in kinds), f"{place}: {value!r} is no {kinds}"
    assert "const" not in schema or schema["const"] == value, f"{place}: {value!r}"
    for part in schema.get("allOf", []):
        check(part, value, place)
    if isinstance(value, dict):
        for key in schema.get("required", []):
            assert key in value, f"{place}: {key} is missing"
        for key, part in schema.get("properties", {}).items():
            if key in value:
                check(part, value[key], f"{place}.{key}")
    for number, item in enumerate(value if isinstance(value, list) else []):
        check(schema.get("items", {}), item, f"{place}[{number}]")
