#!/usr/bin/env python3
"""Writes the parts of charts/ that follow from other files, or checks that they are up to date.

  tools/charts.py            writes them
  tools/charts.py --check    exit code 1 and the name of each file that differs

  charts/redisha-operator/files/crd.yaml     from crds/redisha.yaml
  charts/redisha-operator/files/rules.yaml   from the ClusterRole of deploy/operator.yaml
  operator/desired/alert_rules.inc           from charts/redisha-operator/files/alerts.yaml: those about one RedisHA
  charts/redisha-operator/dashboards/*.json  from tools/dashboards.py
  charts/*/values.schema.json                from the types of values.yaml
  charts/*/README.md                         the table of values, from the comments of values.yaml
"""
import argparse
import json
import os
import re
import sys

import yaml

from dashboards import dashboards

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHARTS = ("redisha-operator", "redisha")
BEGIN, END = "<!-- values: written by tools/charts.py -->", "<!-- /values -->"


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def operator_rules():
    """The rules of the operator's ClusterRole, comments included, as text."""
    for document in read("deploy", "operator.yaml").split("\n---\n"):
        if "kind: ClusterRole\n" in document:
            indented = document.split("\nrules:\n", 1)[1].rstrip().split("\n")
            return "\n".join(line[2:] for line in indented) + "\n"
    raise SystemExit("deploy/operator.yaml has no ClusterRole")


# About the operator, or about all RedisHA; what else there is a RedisHA may have for itself alone.
ALERTS_OF_THE_OPERATOR = {"RedisHAReconcileErrors", "RedisHAOperatorDown"}
# How a metric is narrowed to one RedisHA, by the beginning of its name; the operator fills the marks in.
SELECTORS = {"kubelet_volume_": 'namespace="@NAMESPACE@", persistentvolumeclaim=~"data-@NAME@-[0-9]+"',
             "redisha_ready": 'namespace="@NAMESPACE@", name="@NAME@"',
             "redis": 'namespace="@NAMESPACE@", redisha="@NAME@"'}


def narrowed(expression):
    def select(match):
        selector = next(s for prefix, s in SELECTORS.items() if match[1].startswith(prefix))
        return f"{match[1]}{{{selector}{', ' + match[2] if match[2] else ''}}}"
    return re.sub(r"\b((?:redis|redisha|kubelet)_\w+)(?:\{([^}]*)\})?", select, expression)


def alert_rules():
    """A raw string of C++: the alerts about one RedisHA, as JSON."""
    groups = yaml.safe_load(read("charts", "redisha-operator", "files", "alerts.yaml"))["groups"]
    rules = [{**rule, "expr": narrowed(rule["expr"])} for group in groups for rule in group["rules"]
             if rule["alert"] not in ALERTS_OF_THE_OPERATOR]
    return 'R"json(' + json.dumps(rules, indent=1) + ')json"\n'


def described_values(text):
    """(path, description) of every value with a `# --` comment, in the order of the file."""
    path, comment, found = [], None, []
    for line in text.split("\n"):
        if match := re.match(r"\s*# -- (.*)", line):
            comment = match[1]
        elif (match := re.match(r"(\s*)([A-Za-z][\w-]*):", line)) and not line.lstrip().startswith("#"):
            depth = len(match[1]) // 2
            path[depth:] = [match[2]]
            if comment:
                found.append((tuple(path), comment))
            comment = None
    return found


def values_table(text):
    values = yaml.safe_load(text)
    rows = ["| value | | default |", "|---|---|---|"]
    for path, description in described_values(text):
        default = values
        for key in path:
            default = default[key]
        shown = json.dumps(default) if not isinstance(default, str) else default
        rows.append(f"| `{'.'.join(path)}` | {description} | {f'`{shown}`' if shown else ''} |")
    return "\n".join(rows)


def schema_of(value):
    """The type of a default; an empty text may also become a number, for that is how people write 2."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer"}
    if isinstance(value, str):
        return {"type": ["string", "integer", "null"] if value == "" else "string"}
    if isinstance(value, list):
        return {"type": "array"}
    schema = {"type": "object"}
    if value:
        schema["properties"] = {key: schema_of(inner) for key, inner in value.items()}
    return schema


def values_schema(text):
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **schema_of(yaml.safe_load(text))}
    return json.dumps(schema, indent=2) + "\n"


def readme(chart, text):
    old = read("charts", chart, "README.md")
    head, rest = old.split(BEGIN, 1)
    return head + BEGIN + "\n" + values_table(text) + "\n" + END + rest.split(END, 1)[1]


def generated():
    yield "charts/redisha-operator/files/crd.yaml", read("crds", "redisha.yaml")
    yield "charts/redisha-operator/files/rules.yaml", operator_rules()
    yield "operator/desired/alert_rules.inc", alert_rules()
    for name, text in dashboards().items():
        yield f"charts/redisha-operator/dashboards/{name}", text
    for chart in CHARTS:
        text = read("charts", chart, "values.yaml")
        yield f"charts/{chart}/values.schema.json", values_schema(text)
        yield f"charts/{chart}/README.md", readme(chart, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    stale = []
    for path, text in generated():
        full = os.path.join(ROOT, path)
        if os.path.exists(full) and read(path) == text:
            continue
        stale.append(path)
        if not arguments.check:
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
    for path in stale:
        print(f"{path}: {'differs; run tools/charts.py' if arguments.check else 'written'}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
