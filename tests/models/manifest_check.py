"""Holds the app's manifest against Slack's own schema of manifests.

usage: manifest_check.py manifest.yaml schema.json
"""

import copy
import json
import sys
from pathlib import Path

import yaml
from jsonschema.validators import validator_for


def faults(validator, manifest):
    for error in validator.iter_errors(manifest):
        yield f"{error.json_path}: {error.message[:300]}"


def wrong(manifest):
    """Manifests that Slack refuses, by what is wrong with them."""
    long = copy.deepcopy(manifest)
    long["display_information"]["name"] = "Jitney" * 10
    yield "a name of 60 characters", long
    bare = copy.deepcopy(manifest)
    bare["features"]["slash_commands"][0]["command"] = "jit"
    yield "a command without its slash", bare
    other = copy.deepcopy(manifest)
    other["settings"]["sockets"] = True
    yield "a setting that there is not", other


def main(manifest, schema):
    manifest = yaml.safe_load(Path(manifest).read_text(encoding="utf-8"))
    schema = json.loads(Path(schema).read_text(encoding="utf-8"))
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    bad = list(faults(validator, manifest))
    refused = 0
    for name, broken in wrong(manifest):
        if next(faults(validator, broken), None):
            refused += 1
        else:
            bad.append(f"accepted, though wrong: {name}")
    print(*bad, sep="\n", end="\n" if bad else "")
    print(f"the manifest's schema: {refused} wrong ones refused, {len(bad)} faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
