"""COMMAND tells of each command what redis-server 7.0 tells: arity, flags, keys, categories, and all of COMMAND DOCS."""
import json
import os
import shutil
import subprocess
import unittest

from tests.integration.node_replies_test import BIN, Node

# Not known to Redis 7.0.
OURS_ALONE = {"redisha", "client|setinfo", "waitaof", "client|capa", "client|no-touch",
              "client|maint_notifications", "cluster|myshardid",
              "delex", "delifeq", "msetex", "xdelex", "xackdel",
              "hexpire", "hpexpire", "hexpireat", "hpexpireat", "httl", "hpttl", "hexpiretime", "hpexpiretime", "hpersist",
              "hgetdel", "hgetex", "hsetex"}
# With options that came later: their arity may differ, their arguments and history do.
WITH_NEWER_OPTIONS = {"hscan", "set", "zrank", "zrevrank"}
UNORDERED = {2: "flags", 6: "categories"}

# What COMMAND LIST is asked for.
LISTS = ["", "filterby pattern *|help", "filterby pattern GET*", "filterby pattern nosuch", "filterby module none",
         "filterby aclcat dangerous", "filterby aclcat read", "filterby aclcat nosuch"]


class Table:
    def __init__(self, path):
        self.path = path
        self.rows, self.docs = {}, {}
        for row in self.ask("command"):
            self.add(row)
        for name, doc in self.ask("command", "docs").items():
            self.add_doc(name, doc)
        self.lists = {words: set(self.ask("command", "list", *words.split())) for words in LISTS}

    def ask(self, *words):
        return json.loads(subprocess.run(["redis-cli", "-s", self.path, "-3", "--json", *words], check=True,
                                         capture_output=True, timeout=20).stdout)

    def add(self, row):
        for subcommand in row[9]:
            self.add(subcommand)
        self.rows[row[0]] = [sorted(fact) if i in UNORDERED else fact for i, fact in enumerate(row[:9])]

    def add_doc(self, name, doc):
        for subcommand, inner in doc.pop("subcommands", {}).items():
            self.add_doc(subcommand, inner)
        self.docs[name] = doc


@unittest.skipUnless(shutil.which("redis-server") and shutil.which("redis-cli"), "no redis-server to compare with")
class CommandTable(unittest.TestCase):
    maxDiff = None

    def test_each_row_is_what_redis_says(self):
        ours = Node(os.path.join(BIN, "redisha-node"))
        stock = Node(shutil.which("redis-server"))
        try:
            mine, theirs = Table(ours.path), Table(stock.path)
        finally:
            ours.stop()
            stock.stop()
        self.assertGreater(len(mine.rows), 200)
        for words, names in mine.lists.items():
            with self.subTest(list=words):
                self.assertEqual(names & theirs.rows.keys(), theirs.lists[words] & mine.rows.keys())
        for name, row in mine.rows.items():
            self.assertTrue(mine.docs[name]["summary"], name)
            if name.split("|")[0] in OURS_ALONE or name in OURS_ALONE:
                continue
            with self.subTest(command=name):
                if name in WITH_NEWER_OPTIONS:
                    row[1] = theirs.rows[name][1]
                    for docs in (mine.docs[name], theirs.docs[name]):
                        docs.pop("arguments")
                        docs.pop("history", None)
                self.assertEqual(row, theirs.rows[name])
                self.assertEqual(mine.docs[name], theirs.docs[name])


if __name__ == "__main__":
    unittest.main()
