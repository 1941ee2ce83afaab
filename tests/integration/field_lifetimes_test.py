"""Lifetimes of a hash's fields among processes: on replicas, in files, and where an older Redis meets them."""
import os
import re
import shutil
import unittest

from tests.support.node_case import NodeCase
from tests.support.server import free_port

STOCK = shutil.which("redis-server")
FAR = 4102444800000  # the year 2100


class FieldLifetimes(NodeCase):
    def primary(self, *options):
        self.port = free_port()
        return self.start("--port", str(self.port), *options)

    def replica(self, **also):
        return self.start("--replicaof", f"127.0.0.1 {self.port}", **also)

    def ask(self, server, *words):
        return server.control.command(*words)

    def linked(self, replica):
        self.wait_for("the replica follows", lambda: self.info(replica, "master_link_status") == "up")

    def file_version(self, server):
        self.ask(server, "save")
        with open(os.path.join(server.directory, "dump.rdb"), "rb") as file:
            return file.read(9)

    def test_a_replica_learns_of_ends_by_snapshot_and_by_stream(self):
        primary = self.primary()
        self.ask(primary, "hset", "h", "a", 1, "b", 2, "c", 3)
        self.ask(primary, "hpexpireat", "h", FAR, "FIELDS", 1, "a")
        replica = self.replica()
        self.linked(replica)
        self.ask(primary, "hpexpireat", "h", FAR + 1, "FIELDS", 1, "b")
        self.ask(primary, "hsetex", "h", "px", 50, "FIELDS", 2, "c", 4, "d", 5)
        self.wait_for("the fields have ended on both", lambda: self.ask(primary, "hlen", "h") == 2
                      and self.ask(replica, "hlen", "h") == 2)
        ends = self.ask(primary, "hpexpiretime", "h", "FIELDS", 3, "a", "b", "c")
        self.assertEqual(ends, [FAR, FAR + 1, -2])
        self.wait_for("both are the same", lambda: self.ask(primary, "hpexpiretime", "h", "FIELDS", 3, "a", "b", "c")
                      == self.ask(replica, "hpexpiretime", "h", "FIELDS", 3, "a", "b", "c"))
        self.wait_for("the primary has deleted them", lambda: self.info(primary, "expired_subkeys") == "2")
        self.assertEqual(self.info(replica, "expired_subkeys"), "0")
        self.assertIn("subexpiry=1", self.info(primary, "db0"))

    def test_ends_come_back_from_files(self):
        for options in (["--save", "3600 1000"], ["--appendonly", "yes"],
                        ["--appendonly", "yes", "--aof-use-rdb-preamble", "no"]):
            with self.subTest(options):
                server = self.primary(*options)
                self.ask(server, "hset", "h", "a", 1, "b", 2)
                self.ask(server, "hpexpireat", "h", FAR, "FIELDS", 1, "a")
                if "--save" in options:
                    self.assertEqual(self.file_version(server), b"REDIS0012")
                else:
                    self.ask(server, "bgrewriteaof")
                    self.wait_for("the rewrite", lambda: self.info(server, "aof_rewrite_in_progress") == "0"
                                  and self.info(server, "aof_rewrite_scheduled") == "0")
                self.ask(server, "hset", "h", "c", 3)
                self.ask(server, "hpexpireat", "h", FAR + 1, "FIELDS", 1, "c")
                if "--save" in options:
                    self.ask(server, "save")
                else:
                    self.wait_for("the file", lambda: self.info(server, "aof_buffer_length") == "0")
                server.restart()
                ends = self.ask(server, "hpexpiretime", "h", "FIELDS", 3, "a", "b", "c")
                self.assertEqual(ends, [FAR, -1, FAR + 1])

    def test_files_without_ends_are_those_of_redis_7_0(self):
        server = self.primary()
        self.ask(server, "hset", "h", "a", 1, "b", 2)
        self.ask(server, "hexpire", "h", 100, "FIELDS", 1, "a")
        self.assertEqual(self.file_version(server), b"REDIS0012")
        self.ask(server, "hpersist", "h", "FIELDS", 1, "a")
        self.assertEqual(self.file_version(server), b"REDIS0010")

    @unittest.skipUnless(STOCK, "no redis-server here")
    def test_a_replica_of_redis_7_0_is_not_left_to_guess(self):
        primary = self.primary()
        self.ask(primary, "hset", "h", "a", 1)
        self.ask(primary, "hexpire", "h", 100, "FIELDS", 1, "a")
        stock = self.replica(program=STOCK)
        self.wait_for("the primary says what is wrong", lambda: re.search(
            r"replica \S+: fields of hashes have lifetimes, which a Redis before 7.4 cannot load", primary.log_tail()))
        self.wait_for("so does redis-server", lambda: "Can't handle RDB format version 12" in stock.log_tail())

    @unittest.skipUnless(STOCK, "no redis-server here")
    def test_nor_is_one_that_followed_before_there_were_any(self):
        primary = self.primary()
        self.ask(primary, "set", "k", 1)
        self.linked(self.replica(program=STOCK))
        ours = self.replica()
        self.linked(ours)
        self.ask(primary, "hsetex", "h", "ex", 100, "FIELDS", 1, "a", 1)
        told = re.compile(r"replica \S+: fields of hashes have lifetimes now")
        self.wait_for("the primary says what is wrong", lambda: told.search(primary.log_tail()))
        self.assertEqual(len(told.findall(primary.log_tail())), 1)


if __name__ == "__main__":
    unittest.main()
