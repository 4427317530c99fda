"""Holds exchanges (JSON lines on stdin) against Atlassian's REST and document schemas (their folder: argv[1])."""

import json
import pathlib
import sys

from jsonschema import Draft4Validator

PATHS = {
    "MakeIssue": ("/rest/api/3/issue", "post"),
    "ReadIssue": ("/rest/api/3/issue/{issueIdOrKey}", "get"),
    "ListComments": ("/rest/api/3/issue/{issueIdOrKey}/comment", "get"),
    "AddComment": ("/rest/api/3/issue/{issueIdOrKey}/comment", "post"),
    "ListTransitions": ("/rest/api/3/issue/{issueIdOrKey}/transitions", "get"),
    "Transition": ("/rest/api/3/issue/{issueIdOrKey}/transitions", "post"),
    "Link": ("/rest/api/3/issue/{issueIdOrKey}/remotelink", "post"),
    "Search": ("/rest/api/3/search/jql", "post"),
    "FindUsers": ("/rest/api/3/user/search", "get"),
    "Myself": ("/rest/api/3/myself", "get"),
    "MyPermissions": ("/rest/api/3/mypermissions", "get"),
    "ProjectStatuses": ("/rest/api/3/project/{projectIdOrKey}/statuses", "get"),
}

specs = pathlib.Path(sys.argv[1])
rest = json.loads((specs / "jira-v3.strict.json").read_text())
documents = Draft4Validator(json.loads((specs / "adf.schema.json").read_text()))
components = {"components": rest["components"]}


def held_against(schema, value, what):
    validator = Draft4Validator({"allOf": [schema], **components})
    return [f"{what}: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator.iter_errors(value)]


def documents_in(value):
    if isinstance(value, dict):
        if value.get("type") == "doc":
            yield value
        else:
            for inner in value.values():
                yield from documents_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from documents_in(inner)


problems = []
seen = set()
for line in sys.stdin:
    exchange = json.loads(line)
    call, body, status, answer = (exchange[key] for key in ("call", "body", "status", "answer"))
    for document in documents_in([body, answer]):
        text = json.dumps(document)
        if text in seen:
            continue
        seen.add(text)
        problems += [f"{call} document: {e.message[:300]}" for e in documents.iter_errors(document)]
    if call not in PATHS:
        continue
    path, method = PATHS[call]
    if path not in rest["paths"]:
        # The schemas at hand are a part of Atlassian's.
        continue
    operation = rest["paths"][path][method]
    if body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        problems += held_against(schema, body, f"{call} body")
    content = operation["responses"].get(str(status), {}).get("content", {}).get("application/json", {})
    if answer is not None and "schema" in content:
        problems += held_against(content["schema"], answer, f"{call} answer {status}")

print("\n".join(problems))
sys.exit(1 if problems else 0)
