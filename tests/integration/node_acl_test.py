"""Users of redisha-node as an administrator meets them: in redis.conf, in an ACL file, through CONFIG REWRITE and a
restart; and rules drawn by chance, which mean to us what they mean to redis-server."""
import os
import random
import shutil
import time
import unittest

from tests.integration import node_config_test
from tests.integration.node_config_test import STOCK
from tests.support import resp
from tests.support.server import Server

NOPERM = "NOPERM this user has no permissions"


class AclCase(node_config_test.ConfigTest):
    def setUp(self):
        super().setUp()
        self.acl = os.path.join(self.dir, "users.acl")

    def write_acl(self, text):
        with open(self.acl, "w", encoding="utf-8") as file:
            file.write(text)

    def start_as(self, user, password):
        """A client of that user, once the server answers: whoever is nobody gets an error to PING."""
        process = self.launch()
        deadline = time.monotonic() + 20
        while True:
            try:
                client = self.client()
                self.assertEqual(client.command("AUTH", user, password), b"OK")
                return process, client
            except resp.Disconnected:
                self.assertIsNone(process.poll(), "it did not start")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)

    def users(self, client):
        return sorted(line.decode() for line in client.command("ACL", "LIST"))


class FilesTest(AclCase):
    def test_a_default_user_that_is_off_locks_everybody_out_who_is_no_other(self):
        self.write_acl("user default off\nuser admin on >s3cret ~* &* +@all\n")
        self.write(self.base("aclfile users.acl\n"))
        _, admin = self.start_as("admin", "s3cret")
        stranger = self.client()
        for words in (("PING",), ("GET", "a"), ("ACL", "WHOAMI"), ("INFO",), ("CONFIG", "GET", "*")):
            self.assert_error(stranger.command(*words), "NOAUTH Authentication required.")
        for words in (("AUTH", ""), ("AUTH", "default", ""), ("AUTH", "admin", ""), ("AUTH", "s3cret"),
                      ("HELLO", "3", "AUTH", "default", "x")):
            self.assert_error(stranger.command(*words), "WRONGPASS")
        self.assertEqual(admin.command("SET", "a", "1"), b"OK")
        self.assertEqual(admin.command("RESET"), b"RESET")
        self.assert_error(admin.command("GET", "a"), "NOAUTH")

    def test_what_is_saved_is_there_after_a_restart(self):
        self.write_acl("user admin on >s3cret ~* &* +@all\nuser default off\n")
        self.write(self.base("aclfile users.acl\n"))
        process, admin = self.start_as("admin", "s3cret")
        rules = ("on", ">one", ">two", "%R~read:*", "%W~write:*", "&news", "+@read", "-keys", "+config|get", "(~x +set)")
        self.assertEqual(admin.command("ACL", "SETUSER", "app", *rules), b"OK")
        self.assertEqual(admin.command("ACL", "SAVE"), b"OK")
        before = self.users(admin)
        self.end(process)
        _, admin = self.start_as("admin", "s3cret")
        self.assertEqual(self.users(admin), before)
        app = self.client()
        self.assertEqual(app.command("AUTH", "app", "two"), b"OK")
        self.assertIsNone(app.command("GET", "read:1"))
        self.assert_error(app.command("GET", "write:1"), NOPERM)
        self.assert_error(app.command("KEYS", "*"), f"{NOPERM} to run the 'keys' command")
        with open(self.acl, encoding="utf-8") as file:
            self.assertNotIn("one", file.read())

    def test_a_file_with_a_fault_ends_the_start_and_names_the_line(self):
        self.write_acl("user default on nopass ~* +@all\nuser app on >s3cret ~a +nosuch\nbob\n")
        text = self.refused(self.base(f"aclfile {self.acl}\n"))
        self.assertIn(f"{self.acl}:2: Error in applying operation '+nosuch': Unknown command or category", text)
        self.assertIn(f"{self.acl}:3 should start with user keyword", text)
        self.assertNotIn("s3cret", text)
        self.assertIn("nosuch.acl", self.refused(self.base("aclfile nosuch.acl\n")))

    def test_users_in_both_places_end_the_start(self):
        self.write_acl("user default on nopass ~* +@all\n")
        text = self.refused(self.base(f"aclfile {self.acl}\nuser app on\n"))
        self.assertIn("define either an ACL file or declare users directly in your redis.conf, but not both", text)
        self.assertIn("Duplicate user", self.refused(self.base("user app on\nuser app off\n")))

    def test_an_acl_file_that_does_not_name_the_default_user_does_not_open_the_server(self):
        self.write_acl("user app on >s3cret ~a +get\n")
        self.write(self.base("aclfile users.acl\nrequirepass open-sesame\n"))
        _, client = self.start(password="open-sesame")
        self.assert_error(self.client().command("GET", "a"), "NOAUTH")
        self.assertEqual(client.command("ACL", "LOAD"), b"OK")
        self.assert_error(self.client().command("GET", "a"), "NOAUTH")
        self.assertIsNone(self.client("open-sesame").command("GET", "a"))


class RewriteTest(AclCase):
    def test_users_survive_config_rewrite(self):
        self.write(self.base('user default on nopass ~* +@all -flushdb\nuser app off >s3cret "~a#b" (%R~x +get)\n'))
        process, client = self.start()
        self.assert_error(client.command("FLUSHDB"), f"{NOPERM} to run the 'flushdb' command")
        self.assert_error(client.command("SUBSCRIBE", "a"), "one of the channels")
        self.assertEqual(client.command("ACL", "SETUSER", "app", "on", "~c\"d"), b"OK")
        self.assertEqual(client.command("ACL", "SETUSER", "late", "+get"), b"OK")
        before = self.users(client)
        self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
        self.assertNotIn("s3cret", self.text())
        self.end(process)
        process, client = self.start()
        self.assertEqual(self.users(client), before)
        self.assertEqual(client.command("ACL", "DELUSER", "app", "late"), 2)
        self.assertEqual(client.command("ACL", "SETUSER", "default", "reset", "on", "nopass", "~*", "&*", "+@all"), b"OK")
        self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
        self.end(process)
        _, client = self.start()
        self.assertEqual(self.users(client), ["user default on nopass sanitize-payload ~* &* +@all"])

    @unittest.skipUnless(STOCK, "no redis-server to compare with")
    def test_a_stock_server_reads_our_file_and_we_read_its(self):
        self.write(self.base("requirepass old\n"))
        for program in (node_config_test.OURS, STOCK, node_config_test.OURS):
            process, client = self.start(program, password="old")
            user = "by-" + os.path.basename(program)
            self.assertEqual(client.command("ACL", "SETUSER", user, "on", ">pw", "~a*", "&c", "+@hash", "-hget", "(%R~b +get)"), b"OK")
            self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
            self.end(process)
        _, client = self.start(password="old")
        app = self.client()
        self.assertEqual(app.command("AUTH", "by-redis-server", "pw"), b"OK")
        self.assertEqual(app.command("HSET", "a1", "f", "v"), 1)
        self.assert_error(app.command("HGET", "a1", "f"), f"{NOPERM} to run the 'hget' command")
        self.assertIsNone(app.command("GET", "b"))

    def test_a_password_file_says_the_default_users_password_whatever_a_line_says(self):
        secret = os.path.join(self.dir, "password")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("first\n")
        self.write(self.base(f"requirepass-file {secret}\nuser default on nopass ~* &* +@all -flushall\nuser app on >a +get ~*\n"))
        _, client = self.start(password="first")
        self.assert_error(client.command("FLUSHALL"), NOPERM)
        self.assert_error(self.client().command("GET", "a"), "NOAUTH")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("second\n")
        late = self.client()
        deadline = time.monotonic() + 20
        while isinstance(late.command("AUTH", "second"), resp.Error):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(late.command("AUTH", "first"), b"OK", "for a while")
        self.assert_error(late.command("AUTH", "app", "first"), "WRONGPASS")
        self.assertEqual(late.command("ACL", "SETUSER", "default", "resetpass", ">third"), b"OK")
        self.assert_error(late.command("AUTH", "first"), "WRONGPASS")
        self.assert_error(late.command("FLUSHALL"), NOPERM)

    def test_config_set_requirepass_is_about_the_default_user(self):
        self.write(self.base("user default on nopass ~* &* +@all\n"))
        _, client = self.start()
        self.assertEqual(client.command("CONFIG", "SET", "requirepass", "pw"), b"OK")
        self.assert_error(self.client().command("GET", "a"), "NOAUTH")
        self.assertEqual(client.command("ACL", "SETUSER", "default", "nopass"), b"OK")
        self.assertEqual(client.command("CONFIG", "SET", "maxmemory-samples", "7"), b"OK")
        self.assertIsNone(self.client().command("GET", "a"), "another option does not bring the password back")
        self.assertEqual(client.command("CONFIG", "SET", "acl-pubsub-default", "allchannels"), b"OK")
        self.assertEqual(client.command("ACL", "SETUSER", "open"), b"OK")
        self.assertIn("user open off &* -@all", self.users(client))
        self.assertEqual(client.command("CONFIG", "SET", "acllog-max-len", "1"), b"OK")
        for name in ("x", "y"):
            self.client().command("AUTH", name, "z")
        self.assertEqual(len(client.command("ACL", "LOG")), 1)


# Commands both servers know; with keys that match none, some or all of the patterns below.
PROBES = [line.split() for line in """
get a1|get b|get read1|set a1 v|set write1 v|set write1 v get|set read1 v|mget a1 b|mset a1 v b v|del a1|copy read1 write1
copy write1 read1|strlen read1|exists a1 b read1|append write1 x|getset a1 v|incr a1|lpush write1 x|lmove read1 write1 left right
sadd a1 x|sunionstore write1 read1 a1|zadd a1 1 x|zunionstore write1 2 read1 b|zinter 2 a1 b|hset a1 f v|hgetall b|expire a1 10
sort a1|sort a1 store write1|bitfield a1 get u4 0|bitfield write1 set u4 0 1|object encoding a1|keys *|scan 0|flushall|ping|select 0
select 1|config get x|config set x y|config rewrite|client list|client id|acl whoami|acl setuser x|multi|publish c1 x|publish d x
subscribe c1 d|psubscribe c*|psubscribe c1|unsubscribe d|spublish c1 x|info|debug object a|memory usage a1|auth x|hello|watch a1 b
""".replace("\n", "|").strip("|").split("|")]
PIECES = """on off nopass resetpass >p1 >p2 <p1 #zz reset resetkeys resetchannels allkeys allchannels allcommands nocommands ~* &* ~a* ~b
%R~read* %W~write* %RW~a* %R~* %W~* %rw~b %x~a ~[ab]* &c1 &c* &d +@all -@all +@read -@read +@write -@write +@string -@string +@hash
-@hash +@fast -@fast +@slow -@slow +@keyspace -@keyspace +@dangerous -@dangerous +@admin -@admin +@pubsub -@pubsub +@connection
-@connection +@transaction +@set +@sortedset +@list +@blocking +@nosuch +get -get +set -set +mget +del -del +config -config +config|get
-config|get +config|set +client|id -client +select|0 +select|1 +select -select -select|0 +config|get|x +get| +nosuch +debug|object -debug
sanitize-payload skip-sanitize-payload clearselectors (+get_~a*) (+@write_%W~write*_~a*) (+@all_~*) () (+mget_~b (+set -@all_nosuch)
(%R~read*_+@read_resetchannels_&c*) nonsense +ACL +GET|x -PING allKEYS %~ + - ~ & + -@ +@""".split()


# Not known to Redis 7.0.
OURS_ALONE = ("redisha", "client|setinfo", "client|capa", "client|maint_notifications", "cluster|myshardid", "waitaof",
              "delex", "delifeq", "msetex", "xdelex", "xackdel", "hexpire", "hpexpire", "hexpireat", "hpexpireat", "httl", "hpttl", "hexpiretime", "hpexpiretime", "hpersist",
              "hgetdel", "hgetex", "hsetex")


@unittest.skipUnless(STOCK, "no redis-server to compare with")
class RulesTest(unittest.TestCase):
    ROUNDS = 150

    def setUp(self):
        self.servers = [Server("ours", node_config_test.OURS).start(), Server("stock", STOCK).start()]
        for server in self.servers:
            self.addCleanup(shutil.rmtree, server.directory)
            self.addCleanup(server.end)

    def both(self, *words):
        encoded = [word.encode() for word in words]
        return [server.control.command(*encoded) for server in self.servers]

    def rules(self, chance):
        rules, opened = [], False
        for piece in chance.choices(PIECES, k=chance.randrange(1, 8)):
            # A pattern without a right makes redis-server abort when the user is shown, and of a selector that begins
            # within another it forgets the first.
            opens = piece[0] == "(" and piece[-1] != ")"
            if piece == "%~" or (opens and opened):
                continue
            opened = opens or (opened and piece[-1] != ")")
            rules.append(piece.replace("_", " "))
        return rules

    def verdicts(self, user):
        ours, stock = zip(*(self.both("ACL", "DRYRUN", user, *words) for words in PROBES))
        return ours, stock

    def test_rules_mean_what_they_mean_to_redis(self):
        for number in range(self.ROUNDS):
            chance = random.Random(number)
            with self.subTest(seed=number):
                self.both("ACL", "DELUSER", "u")
                for _ in range(3):
                    rules = self.rules(chance)
                    ours, stock = self.both("ACL", "SETUSER", "u", *rules)
                    self.assertEqual(ours, stock, rules)
                ours, stock = self.both("ACL", "GETUSER", "u")
                self.assertEqual(*map(self.without_commands, (ours, stock)))
                if ours is not None:
                    self.check_verdicts(number)

    def check_verdicts(self, number):
        ours, stock = self.verdicts("u")
        self.assertEqual(ours, stock)
        line = next(line for line in self.both("ACL", "LIST")[0] if line.startswith(b"user u "))
        rules = [rule for rule in line.decode().split(" ")[2:] if not rule[1:].startswith(OURS_ALONE)]
        self.both("ACL", "DELUSER", "again")
        self.assertEqual(self.both("ACL", "SETUSER", "again", *rules), [("+", b"OK")] * 2, rules)
        for again in self.verdicts("again"):
            self.assertEqual(again, ours, rules)

    def without_commands(self, reply):
        """Which commands have no category in common is told in another order by each server."""
        if not isinstance(reply, list):
            return reply
        fields = {name: value for name, value in zip(reply[::2], reply[1::2]) if name != b"commands"}
        if b"selectors" in fields:
            fields[b"selectors"] = [self.without_commands(inner) for inner in fields[b"selectors"]]
            fields[b"keys"] = fields[b"keys"].replace(b"%RW~*", b"~*")
        return fields


if __name__ == "__main__":
    unittest.main()
