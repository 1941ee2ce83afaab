#!/usr/bin/env python3
"""Writes the table of what COMMAND DOCS and COMMAND INFO tell of each command, from commands.json.

    generate.py commands.json command_docs.cc

A command is kept as text, one value a line, so that its bytes stay untouched until somebody asks
(docs.h has the grammar)."""

import json
import sys

SETS = {"doc_flags", "history", "flags", "tips"}
STATUS_LISTS = {"doc_flags", "flags"}


def lines_of(value, key=""):
    """The lines of one value; `key` says under which name it stands."""
    if isinstance(value, dict):
        yield f"%{len(value)}"
        for name, inner in value.items():
            yield f"${name}"
            yield from lines_of(inner, name)
    elif isinstance(value, list):
        yield f"{'~' if key in SETS else '*'}{len(value)}"
        for inner in value:
            yield from [f"+{inner}"] if key in STATUS_LISTS else lines_of(inner)
    elif isinstance(value, int):
        yield f":{value}"
    else:
        yield f"${value}"


def text_of(facts):
    parts = [facts.get("tips", []), facts.get("key_notes", []), facts["docs"]]
    lines = [line for part, key in zip(parts, ["tips", "", ""]) for line in lines_of(part, key)]
    assert not any("\n" in line for line in lines)
    return lines


def c_literal(line):
    return '    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as opened:
        commands = json.load(opened)
    offsets, literals, size = [], [], 0
    for name in sorted(commands):
        lines = [name] + text_of(commands[name])
        offsets.append(size)
        size += sum(len(line.encode()) + 1 for line in lines)
        literals += map(c_literal, lines)
    with open(target, "w", encoding="utf-8") as out:
        out.write("// Made by node/commands/docs/generate.py from commands.json.\n"
                  '#include "node/commands/docs/table.h"\n\n'
                  "namespace rha::node::commands {\n\n"
                  f"const uint32_t kCommandDocOffsets[] = {{{', '.join(map(str, offsets))}}};\n"
                  f"const size_t kCommandDocs = {len(offsets)};\n"
                  "const char kCommandDocText[] =\n" + "\n".join(literals) + ";\n"
                  f"const size_t kCommandDocBytes = {size};\n\n"
                  "}  // namespace rha::node::commands\n")


if __name__ == "__main__":
    main()
