"""Checks the JSON Schema of pipeline files with an independent validator: schema.py PROGRAM

Every file under pipelines/ must pass. Then each key of the schema is given values of wrong types, and is mistyped: the
validator and `lorikeet check` must both refuse each of these files.
"""

import copy
import glob
import json
import os
import subprocess
import sys
import tempfile

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML as 1.2 has it: dates, yes and no are texts."""


Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag != "tag:yaml.org,2002:timestamp" and not (tag == "tag:yaml.org,2002:bool" and first not in "tTfF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def keys(schema, path=()):
    """Every declared key: its path and its schema. Lists are entered by 0, mappings with free keys by `urgency`."""
    for name, inner in schema.get("properties", {}).items():
        yield path + (name,), inner
        yield from keys(inner, path + (name,))
    if isinstance(schema.get("items"), dict):
        yield from keys(schema["items"], path + (0,))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from keys(schema["additionalProperties"], path + ("urgency",))
    for inner in schema.get("anyOf", []):
        yield from keys(inner, path)


def changed(document, path, value):
    """A copy with a value at a path; mappings and lists on the way are made."""
    document = copy.deepcopy(document)
    place = document
    for step, following in zip(path, path[1:]):
        empty = [{}] if following == 0 else {}
        if step == 0:
            place = place[0]
        else:
            if not isinstance(place.get(step), type(empty)) or not place[step]:
                place[step] = empty
            place = place[step]
    place[path[-1]] = value
    return document


def is_refused(program, document, path):
    """Whether check finds an error, besides that of the base, which is nowhere."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(document, file, ensure_ascii=False)
        file.flush()
        run = subprocess.run([program, "check", "--offline", "--json", file.name], capture_output=True, text=True)
        errors = [f for f in json.loads(run.stdout)["findings"] if f["severity"] == "error"]
        return run.returncode == 78 and any(f.get("key") != "base" or path[0] == "base" for f in errors)


def main():
    program = sys.argv[1]
    os.environ["DATABASE_URL"] = "postgresql://localhost/texts"
    schema = json.loads(subprocess.run([program, "schema"], capture_output=True, text=True, check=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failures = []
    files = sorted(glob.glob("pipelines/*.yaml"))
    for path in files:
        with open(path, encoding="utf-8") as file:
            document = yaml.load(file, Loader)
        failures += [f"{path}: {error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    good = {
        "name": "tickets",
        # Not there, so that no run loads one.
        "base": "/nowhere",
        "source": {"kafka": {"brokers": "localhost:9092", "topics": ["tickets"], "group": "g"}},
        "tasks": {"urgency": {"labels": ["low", "normal", "high"]}},
        "sink": {"postgres": "postgresql://localhost/texts"},
    }
    failures += [f"the good file: {error.message}" for error in validator.iter_errors(good)]
    cases = 0
    for path, inner in keys(schema):
        name = ".".join(map(str, path))
        for example in inner.get("examples", []) + ([inner["default"]] if "default" in inner else []):
            failures += [f"{name}: example {error.message}" for error in
                         jsonschema.Draft7Validator(inner).iter_errors(example)]
        bad = [changed(good, path[:-1] + (path[-1] + "q",), "x")]
        bad += [changed(good, path, value) for value in ([1], {"a": 1}, "wrong words")
                if not jsonschema.Draft7Validator(inner).is_valid(value)]
        for document in bad:
            cases += 1
            if validator.is_valid(document):
                failures.append(f"{name}: the schema accepts {json.dumps(document)}")
            if not is_refused(program, document, path):
                failures.append(f"{name}: check accepts {json.dumps(document)}")
    for failure in failures:
        print(failure)
    print(f"schema: {len(files)} files pass, {cases} wrong files, {len(failures)} failures")
    sys.exit(1 if failures or not files or cases < 300 else 0)


if __name__ == "__main__":
    main()
