"""Holds policy files (JSON lines on stdin, after a line with the two schemas) against the schemas for editors."""

import json
import sys

from jsonschema import Draft4Validator

schemas = json.loads(sys.stdin.readline())
validators = {}
for kind, schema in schemas.items():
    Draft4Validator.check_schema(schema)
    validators[kind] = Draft4Validator(schema)

problems = []
cases = 0
for line in filter(str.strip, sys.stdin):
    case = json.loads(line)
    cases += 1
    errors = list(validators[case["kind"]].iter_errors(case["value"]))
    if case["good"] and errors:
        problems += [f"{case['name']}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in errors]
    if not case["good"] and not errors:
        problems.append(f"{case['name']}: the parser refuses it, the schema takes it")

print("\n".join(problems))
print(f"{cases} cases")
sys.exit(1 if problems else 0)
