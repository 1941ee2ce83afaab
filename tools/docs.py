#!/usr/bin/env python3
"""Writes the pages of docs/ that are made from other files: fields.md (from the CRD) and alerts.md (from the rules of the alerts).

Usage: tools/docs.py            writes them
       tools/docs.py --check    exit code 1 if one is not what would be written
"""
import argparse
import os
import sys

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIELDS = os.path.join(ROOT, "docs", "fields.md")
ALERTS = os.path.join(ROOT, "docs", "alerts.md")
FIELDS_HEAD = """# Fields of a RedisHA

What can be asked for, and what is answered. Written by tools/docs.py from crds/redisha.yaml; `kubectl explain redisha.spec` says the same. What the fields do
together is in [operator.md](operator.md), examples are in [examples/](../examples).
"""
ALERTS_HEAD = """# Alerts and what to do

The alerts of the operator's chart (`metrics.prometheusRule.enabled=true`), the first ones first to look at. Written by tools/docs.py from
charts/redisha-operator/files/alerts.yaml. Each page says what the alert means, what is lost meanwhile, how to look and what to do.
`kubectl redisha` is the program of [cli.md](cli.md); metrics that stand alone are queries for Prometheus.
"""
SEVERITIES = ["critical", "warning", "info"]


def read_yaml(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return yaml.safe_load(file)


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def kind_of(schema):
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "integer or string" if schema.get("x-kubernetes-int-or-string") else "any")
    if kind == "array":
        return f"list of {schema.get('items', {}).get('type', 'any')}"
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{kind}, {low} to {high}" if low is not None and high is not None else kind


def rows(schema, path):
    for name, field in schema.get("properties", {}).items():
        default = field.get("default")
        shown = f"`{default}`" if default not in (None, {}) and not isinstance(default, dict) else ""
        yield f"| `{path}{name}` | {kind_of(field)} | {cell(shown).replace('True', 'true')} | {cell(field.get('description', ''))} |"
        inner = field.get("items", field) if field.get("type") == "array" else field
        yield from rows(inner, f"{path}{name}{'[]' if field.get('type') == 'array' else ''}.")


def rules(schema, path):
    for rule in schema.get("x-kubernetes-validations", []):
        if "message" in rule:
            yield f"* `{(path or 'spec').rstrip('.')}{rule.get('fieldPath', '')}`: {cell(rule['message'])}"
    for name, field in schema.get("properties", {}).items():
        yield from rules(field, f"{path}{name}.")


def fields_page():
    schema = read_yaml("crds", "redisha.yaml")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    parts = [FIELDS_HEAD]
    for part in ("spec", "status"):
        parts.append(f"\n## {part}\n\n| field | type | default | |\n|---|---|---|---|\n" + "\n".join(rows(schema[part], "")) + "\n")
    parts.append("\n## What the API server refuses\n\n" + "\n".join(rules(schema["spec"], "")) + "\n")
    return "".join(parts)


def alerts_page():
    alerts = [rule for group in read_yaml("charts", "redisha-operator", "files", "alerts.yaml")["groups"] for rule in group["rules"]
              if "alert" in rule]
    alerts.sort(key=lambda a: SEVERITIES.index(a["labels"]["severity"]))
    lines = [f"| [{a['alert']}](runbooks/{a['alert']}.md) | {a['labels']['severity']} | {a.get('for', '0m')} | {cell(summary(a))} |" for a in alerts]
    return ALERTS_HEAD + "\n| alert | severity | after | |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"


def summary(alert):
    """The first sentence of the page's *What it means*: the alert's own text has labels in it."""
    with open(os.path.join(ROOT, "docs", "runbooks", alert["alert"] + ".md"), encoding="utf-8") as file:
        meaning = file.read().split("## What it means")[1].strip().split("\n\n")[0].replace("\n", " ")
    return meaning.split(". ")[0].rstrip(".") + "."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = 0
    for path, text in ((FIELDS, fields_page()), (ALERTS, alerts_page())):
        old = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
        if old == text:
            continue
        if check:
            print(f"{os.path.relpath(path, ROOT)} is not what its sources say: run tools/docs.py")
            stale = 1
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    return stale


if __name__ == "__main__":
    sys.exit(main())
