"""Reads what Jitney sends to Slack into the models of Slack's own Python SDK, which check themselves and must give
back what they read: a property that a model does not know is lost there.

usage: slack_sdk_check.py wrong.json FOLDER …
"""

import json
import logging
import sys
from pathlib import Path

from slack_sdk.models.blocks import Block, OptionGroup
from slack_sdk.models.views import View
from slack_sdk.version import __version__


class Wary(logging.Handler):
    """The SDK skips what it does not know, and logs that; here it is a fault."""

    def __init__(self):
        super().__init__()
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


def read(kind, payload):
    """What the models make of it."""
    if kind in ("message", "answer"):
        parts = modelled(kind, payload).items()
        return {name: [model(Block.parse(block)) for block in blocks] for name, blocks in parts}
    if kind in ("modal", "home"):
        return model(View(**payload))
    if kind == "options":
        # Nothing was found.
        if payload == {"options": []}:
            return payload
        return {"option_groups": [model(OptionGroup(**group)) for group in payload["option_groups"]]}
    # Of what refuses a form the SDK has no model.
    return {}


def model(found):
    """It, and what is in it, checked."""
    if found is None:
        raise ValueError("of no kind that the SDK knows")
    # `to_dict` calls `validate_json` of this object and of each within it.
    return json.loads(json.dumps(found.to_dict()))


def modelled(kind, payload):
    """The part of a payload that the SDK has models for; the others are plain arguments of its methods."""
    wanted = {"message": ["blocks"], "answer": ["blocks"], "options": ["option_groups", "options"], "errors": []}
    if kind not in wanted:
        return payload
    return {name: payload[name] for name in wanted[kind] if name in payload}


def lost(sent, back, place=""):
    """Each place where what came back is not what was sent."""
    if isinstance(sent, dict) and isinstance(back, dict):
        for name in sorted(sent.keys() | back.keys()):
            here = f"{place}/{name}"
            if name not in back:
                yield f"{here} is lost"
            elif name not in sent:
                yield f"{here} is added: {back[name]!r}"
            else:
                yield from lost(sent[name], back[name], here)
    elif isinstance(sent, list) and isinstance(back, list) and len(sent) == len(back):
        for number, pair in enumerate(zip(sent, back)):
            yield from lost(*pair, f"{place}/{number}")
    elif sent != back or type(sent) is not type(back):
        yield f"{place} was {sent!r} and is {back!r}"


def faults(kind, payload, wary):
    wary.said.clear()
    try:
        back = read(kind, payload)
    except Exception as error:  # Whatever a model raises is a refusal.
        return [f"{type(error).__name__}: {error}"]
    return wary.said + list(lost(modelled(kind, payload), back))


def main(wrong, *folders):
    wary = Wary()
    logging.getLogger("slack_sdk").addHandler(wary)
    logging.getLogger("slack_sdk").propagate = False
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.json"))]
    bad = refused = 0
    for file in files:
        exhibit = json.loads(file.read_text(encoding="utf-8"))
        for fault in faults(exhibit["kind"], exhibit["payload"], wary):
            bad += 1
            print(f"{file} ({exhibit['name']}): {fault}")
    for exhibit in json.loads(Path(wrong).read_text(encoding="utf-8")):
        if "slack_sdk" not in exhibit["known_to"]:
            continue
        if faults(exhibit["kind"], exhibit["payload"], wary):
            refused += 1
        else:
            bad += 1
            print(f"accepted, though wrong: {exhibit['name']}")
    print(f"slack_sdk {__version__}: {len(files)} payloads read, {refused} wrong ones refused, {bad} faults")
    return 0 if files and refused and not bad else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
