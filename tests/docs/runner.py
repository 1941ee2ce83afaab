"""The blocks of a page of docs/ that are marked to be run: `<!-- run -->` on the line before a fence of sh or python."""
import re

MARKED = re.compile(r"^<!-- run -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "@@@ "


def blocks(page):
    """(language, text) of each marked block, in order."""
    with open(page, encoding="utf-8") as file:
        return MARKED.findall(file.read())


def script(page):
    """One shell script of all of them: what one block sets, the next one has, as in a terminal."""
    parts = ["set -euo pipefail"]
    for number, (language, text) in enumerate(blocks(page), 1):
        parts.append(f"echo '{PROMPT}block {number} of {page}'")
        if language == "sh":
            parts.append(text)
        elif language == "python":
            parts.append(f"/usr/bin/python3 - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK")
        else:
            raise ValueError(f"{page}: block {number}: no way to run {language}")
    return "\n".join(parts) + "\n"
