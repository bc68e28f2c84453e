#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what json_test wrote against the schemas of xl's commands.

usage: schemas.py SCHEMAS OUTPUTS

Every output has to fit its command's schema, every schema has to be used, and
every object's keys have to be described: a schema can't be true of anything.
"""

import json
import pathlib
import sys

import jsonschema


def loose_parts(schema, place="schema"):
    """Objects of a schema that take keys which it does not describe."""
    if isinstance(schema, dict):
        if (schema.get("type") == "object"
                and "additionalProperties" not in schema):
            yield place
        for key, value in schema.items():
            yield from loose_parts(value, f"{place}.{key}")
    elif isinstance(schema, list):
        for value in schema:
            yield from loose_parts(value, place)


def main():
    schemas, outputs = map(pathlib.Path, sys.argv[1:3])
    used, failed, passed = set(), 0, 0
    for path in sorted(outputs.glob("*.json")):
        name = path.stem.split("-", 1)[1]
        used.add(name)
        why = ""
        try:
            schema = json.loads((schemas / f"{name}.json").read_text())
            jsonschema.Draft7Validator.check_schema(schema)
            jsonschema.validate(json.loads(path.read_text()), schema)
            why = "; ".join(loose_parts(schema))
        except (OSError, ValueError, jsonschema.ValidationError) as error:
            why = str(error).splitlines()[0]
        print(f"FAIL schema_{path.stem}: {why}" if why
              else f"ok schema_{path.stem}")
        failed += bool(why)
        passed += not why
    for path in sorted(schemas.glob("*.json")):
        if path.stem not in used:
            print(f"FAIL schema_{path.stem}: no output was held against it")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
