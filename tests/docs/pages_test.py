"""Pages link to what is there, generated ones are current, and what the source can say to a user is explained."""
import glob
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def pages():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"], capture_output=True, text=True)
    found = listed.stdout.split() or [os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True)]
    return [page for page in found if os.path.exists(os.path.join(ROOT, page))]


def anchors(text):
    """GitHub's: lower case, blanks to dashes, no other signs."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self):
        broken = []
        for page in pages():
            for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", read(page))):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                there = os.path.normpath(os.path.join(ROOT, os.path.dirname(page), path)) if path else os.path.join(ROOT, page)
                if not os.path.exists(there):
                    broken.append(f"{page}: {target}")
                elif anchor and there.endswith(".md") and anchor not in anchors(read(there)):
                    broken.append(f"{page}: {target}: no such heading")
        self.assertEqual(broken, [])

    def test_the_index_has_every_page(self):
        linked = set(re.findall(r"\]\(([^)#\s]+)", read("docs", "README.md")))
        there = {os.path.relpath(p, os.path.join(ROOT, "docs")) for folder in ("", "design", "formats", "migrate")
                 for p in glob.glob(os.path.join(ROOT, "docs", folder, "*.md"))} - {"README.md"}
        self.assertEqual(there - linked, set())

    def test_generated_pages_are_current(self):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "docs.py"), "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class WhatTheOperatorSays(unittest.TestCase):
    def explained(self):
        return set(re.findall(r"`(\w+)`", read("docs", "operator.md")))

    def test_conditions_and_their_reasons(self):
        said = set(re.findall(r'string_view k\w+ = "(\w+)";', read("operator", "api", "conditions.h")))
        self.assertGreater(len(said), 30)
        # Of conditions that are as they should be; their names say all.
        plain = {"AllReady", "PrimaryReady", "QuorumReachable", "ReplicasInSync"}
        self.assertEqual(said - plain - self.explained(), set())

    def test_events(self):
        sources = "".join(read("operator", "reconcile", os.path.basename(p))
                          for p in glob.glob(os.path.join(ROOT, "operator", "reconcile", "*.cc")) if not p.endswith("_test.cc"))
        said = set(re.findall(r'\{(?:false|true), "(\w+)",', sources))
        self.assertGreaterEqual(said, {"PrimaryElected", "PrimaryChanged", "Ready"})
        self.assertEqual(said - self.explained(), set())


class TheRunner(unittest.TestCase):
    def test_marked_blocks_have_a_language_it_runs(self):
        from tests.docs import runner
        for page in glob.glob(os.path.join(ROOT, "docs", "*.md")):
            runner.script(page)
            self.assertEqual(read("docs", os.path.basename(page)).count("<!-- run -->"), len(runner.blocks(page)), page)


if __name__ == "__main__":
    unittest.main()
