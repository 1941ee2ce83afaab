#!/usr/bin/env python3
"""Users of redisha-sentinel's own port: the rules, replies and files of redis-sentinel."""
import os
import unittest

import redis

from sidecar_test import GROUP, Bed, raw_command, until

# Of a password that is wrong or missing.
REFUSED = (redis.ResponseError, redis.AuthenticationError)

# Of who looks for the primary and hears of its changes; docs/security-model.md names the same.
CLIENTS_RIGHTS = ("on >c resetchannels &+switch-master &+slave &+sdown -@all +ping +hello +auth +client|setname +subscribe "
                  "+role +sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas +sentinel|slaves +sentinel|master +sentinel|masters")
# And of those who say which library they are, as later versions know it.
LIBRARYS_RIGHT = "+client|setinfo"
# Of another sentinel, and of one of ours.
PEERS_RIGHTS = ("on >p resetchannels &__sentinel__:hello -@all +ping +auth +client|setname +publish +role +info "
                "+sentinel|is-master-down-by-addr")
OUR_PEERS_RIGHT = "+sentinel|redisha"


class SentinelAcl(Bed):
    """What `both` says is asked of ours and of stock in the same state."""

    def setUp(self):
        super().setUp()
        self.primary = self.start_server()

    def both(self, lines=()):
        return [self.start_sentinel(self.primary, quorum=1, stock=stock, lines=lines) for stock in (False, True)]

    def user(self, port, name=None, password=None):
        return redis.Redis(port=port, username=name, password=password, decode_responses=True, socket_timeout=3)

    def file_users(self, port):
        with open(self.config_of(port), encoding="utf-8") as conf:
            return sorted(line.replace('"', "") for line in conf.read().splitlines() if line.startswith("user "))

    def restart(self, port, stock=False):
        self.sentinels[port].kill(15)
        self.start_sentinel(self.primary, port=port, stock=stock)

    def test_rules_and_their_faults_are_answered_as_in_redis(self):
        ours, stock = self.both()
        for words in (("SETUSER", "app", "on", ">s3cret", "&+sdown", "+ping", "+sentinel|masters", "-@dangerous", "+@connection"),
                      ("SETUSER", "many", "on", "nopass", "allchannels", "+@all", "-sentinel|failover", "(+ping &x)"),
                      ("SETUSER", "bad", "+get"), ("SETUSER", "bad", "+@nothing"), ("SETUSER", "bad", "%R"),
                      ("SETUSER", "bad", "+sentinel|master|demo"), ("SETUSER", "a b"), ("DELUSER", "default"), ("DELUSER", "nobody"),
                      ("GETUSER", "app"), ("GETUSER", "many"), ("GETUSER", "nobody"), ("LIST",), ("USERS",), ("WHOAMI",),
                      ("DRYRUN", "app", "ping"), ("DRYRUN", "app", "sentinel", "masters"), ("DRYRUN", "app", "sentinel", "failover", GROUP),
                      ("DRYRUN", "app", "subscribe", "+odown"), ("DRYRUN", "nobody", "ping"), ("DRYRUN", "app", "get", "k"),
                      ("DRYRUN", "app", "sentinel", "master"), ("CAT", "pubsub"), ("CAT", "nothing"), ("CAT",), ("LOAD",), ("SAVE",),
                      ("GENPASS", "0"), ("GENPASS", "x"), ("LOG", "RESET"), ("LOG",), ("NOTHING",), ("GETUSER",), ("CAT", "a", "b")):
            ours_says, stock_says = (raw_command(port, "ACL", *words) for port in (ours, stock))
            if words[0] == "CAT" and words[-1] == "pubsub":
                ours_says, stock_says = sorted(ours_says), sorted(stock_says)
            self.assertEqual(str(ours_says), str(stock_says), words)
        self.assertEqual(len(raw_command(ours, "ACL", "GENPASS", "5")), 2)

    def test_whoever_is_refused_reads_why_and_it_is_logged(self):
        for port in self.both():
            default = self.user(port)
            default.execute_command("ACL", "SETUSER", "app", "on", ">s", "&+sdown", "+ping", "+subscribe")
            app = self.user(port, "app", "s")
            self.assertTrue(app.ping())
            with self.assertRaisesRegex(redis.exceptions.NoPermissionError, "sentinel\\|masters"):
                app.execute_command("SENTINEL", "MASTERS")
            with self.assertRaisesRegex(redis.exceptions.NoPermissionError, "channels"):
                app.execute_command("SUBSCRIBE", "+odown")
            self.assertRaises(REFUSED, self.user(port, "app", "wrong").ping)
            entries = default.acl_log()
            self.assertEqual([(e["reason"], e["object"], e["username"]) for e in entries],
                             [("auth", "AUTH", "app"), ("channel", "+odown", "app"), ("command", "sentinel|masters", "app")])
            self.assertEqual(entries[1]["client-info"]["user"], "app")

    def test_who_has_lost_the_right_to_listen_or_its_user_is_closed(self):
        for port in self.both():
            default = self.user(port)
            default.execute_command("ACL", "SETUSER", "app", "on", ">s", "&*", "+subscribe", "+ping")
            listener, other = self.user(port, "app", "s").pubsub(), self.user(port, "app", "s")
            listener.subscribe("+sdown")
            self.assertEqual(listener.get_message(timeout=3)["type"], "subscribe")
            self.assertTrue(other.ping())
            kept = other.connection_pool.get_connection("PING")
            default.execute_command("ACL", "SETUSER", "app", "resetchannels", "&+odown")
            with self.assertRaises(redis.ConnectionError):
                listener.connection.read_response()
            kept.send_command("PING")
            self.assertEqual(kept.read_response(), "PONG")
            self.assertEqual(default.execute_command("ACL", "DELUSER", "app"), 1)
            with self.assertRaises(redis.ConnectionError):
                kept.send_command("PING")
                kept.read_response()

    def test_who_deletes_itself_is_answered_first(self):
        for port in self.both():
            self.user(port).execute_command("ACL", "SETUSER", "boss", "on", ">s", "+@all")
            self.assertEqual(self.user(port, "boss", "s").execute_command("ACL", "DELUSER", "boss"), 1)
            self.assertRaises(REFUSED, self.user(port, "boss", "s").ping)

    def test_users_survive_a_restart_and_stock_reads_what_ours_has_written(self):
        ours = self.start_sentinel(self.primary, quorum=1)
        default = self.user(ours)
        default.execute_command("ACL", "SETUSER", "app", "on", ">s3cret", "&+sdown", "+ping", "(+role)")
        default.execute_command("ACL", "SETUSER", "gone", "on")
        default.execute_command("ACL", "DELUSER", "gone")
        users = raw_command(ours, "ACL", "LIST")
        self.assertEqual(self.file_users(ours), users)
        self.assertNotIn("s3cret", "".join(users))
        for stock in (False, True, False):
            self.restart(ours, stock)
            # (Whoever is read from a file has that said of it.)
            self.assertEqual([line.replace("sanitize-payload ", "") for line in raw_command(ours, "ACL", "LIST")], users)
            self.assertTrue(self.user(ours, "app", "s3cret").ping())

    def test_a_default_user_that_is_off_lets_nobody_in(self):
        for stock in (False, True):
            port = self.port()
            with open(self.config_of(port), "w", encoding="utf-8") as conf:
                conf.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nsentinel monitor {GROUP} 127.0.0.1 {self.primary} 1\n"
                           "user default off\nuser app on >s ~* &* +@all\n")
            args = ["redis-server", self.config_of(port), "--sentinel"] if stock else [os.path.join(os.environ["RHA_BIN_DIR"], "redisha-sentinel"),
                                                                                         self.config_of(port)]
            self.start(args, f"locked-{port}")
            until("it knows its user", self.user(port, "app", "s").ping)
            self.assertRaises(REFUSED, self.user(port).ping)

    def test_an_acl_file_is_loaded_and_saved(self):
        for stock in (False, True):
            path = os.path.join(self.folder, f"users-{stock}.acl")
            with open(path, "w", encoding="utf-8") as file:
                file.write("user default on nopass ~* &* +@all\nuser app on >s &* +ping\n")
            port = self.start_sentinel(self.primary, quorum=1, stock=stock, lines=[f"aclfile {path}"])
            self.assertTrue(self.user(port, "app", "s").ping())
            self.user(port).execute_command("ACL", "SETUSER", "other", "on", "nopass", "+ping")
            self.assertEqual(raw_command(port, "ACL", "SAVE"), "OK")
            with open(path, encoding="utf-8") as file:
                saved = file.read()
            self.assertIn("user other on nopass", saved)
            self.assertEqual(self.file_users(port), [])
            with open(path, "w", encoding="utf-8") as file:
                file.write("user late on nopass +ping\n")
            self.assertEqual(raw_command(port, "ACL", "LOAD"), "OK")
            self.assertEqual(raw_command(port, "ACL", "USERS"), ["default", "late"])
            with open(path, "w", encoding="utf-8") as file:
                file.write("user late on +get\n")
            self.assertIn("ERR", str(raw_command(port, "ACL", "LOAD")))
            self.assertEqual(raw_command(port, "ACL", "USERS"), ["default", "late"], "all or none")

    def test_client_kill_by_each_filter(self):
        for port in self.both():
            default = self.user(port)
            default.execute_command("ACL", "SETUSER", "app", "on", "nopass", "&*", "+@all")
            for words, killed in ((("USER", "app"), 1), (("USER", "app", "SKIPME", "no"), 1), (("TYPE", "pubsub"), 0), (("TYPE", "normal", "USER", "app"), 1),
                                  (("TYPE", "replica"), 0), (("USER", "default", "TYPE", "pubsub"), 0)):
                app = self.user(port, "app", "x")
                self.assertTrue(app.ping())
                self.assertEqual(raw_command(port, "CLIENT", "KILL", *words), killed, words)
                app.connection_pool.disconnect()
                until("it is gone", lambda: "user=app" not in str(raw_command(port, "CLIENT", "LIST")))
            for words in (("USER", "nobody"), ("TYPE", "nothing"), ("ID", "0"), ("SKIPME", "maybe"), ("NOTHING", "x"), ("ID", "1", "ADDR"), ("127.0.0.1:1",)):
                self.assertIn("ERR", str(raw_command(port, "CLIENT", "KILL", *words)), words)

    def test_the_least_rights_of_clients_and_peers(self):
        ports = []
        for stock in (False, True, False):
            users = ["user default off", "user boss on >b ~* &* +@all",
                     f"user client {CLIENTS_RIGHTS} {'' if stock else LIBRARYS_RIGHT}", f"user peer {PEERS_RIGHTS} {'' if stock else OUR_PEERS_RIGHT}",
                     "sentinel sentinel-user peer", "sentinel sentinel-pass p"]
            port = self.port()
            with open(self.config_of(port), "w", encoding="utf-8") as conf:
                conf.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nsentinel monitor {GROUP} 127.0.0.1 {self.primary} 2\n"
                           f"sentinel down-after-milliseconds {GROUP} 1000\n" + "\n".join([*users, ""]))
            program = ["redis-server", self.config_of(port), "--sentinel"] if stock else [os.path.join(os.environ["RHA_BIN_DIR"], "redisha-sentinel"),
                                                                                           self.config_of(port)]
            self.start(program, f"sentinel-{port}")
            ports.append(port)
        replica = self.start_server(None, self.primary)
        for port in ports:
            boss = self.user(port, "boss", "b")
            until("all are found", lambda: boss.sentinel_master(GROUP)["num-other-sentinels"] == 2 and boss.sentinel_master(GROUP)["num-slaves"] == 1, 20)
            until("a quorum is reached", lambda: boss.execute_command("SENTINEL", "CKQUORUM", GROUP))
        sentinel = redis.sentinel.Sentinel([("127.0.0.1", port) for port in ports], socket_timeout=3,
                                           sentinel_kwargs={"username": "client", "password": "c"})
        self.assertEqual(sentinel.discover_master(GROUP)[1], self.primary)
        for port in (ports[0], ports[2]):
            self.assertEqual(self.user(port, "boss", "b").acl_log(), [], "everything that is asked for is allowed")
        events = self.user(ports[0], "client", "c").pubsub()
        events.subscribe("+switch-master")
        self.servers[self.primary].kill()
        until("another is named", lambda: sentinel.discover_master(GROUP)[1] == replica, 30)
        self.assertEqual(events.get_message(timeout=3)["type"], "subscribe")
        self.assertIn(str(replica), until("it is told", lambda: events.get_message(timeout=3))["data"])
        client = self.user(ports[0], "client", "c")
        for words in (("SENTINEL", "FAILOVER", GROUP), ("SENTINEL", "SET", GROUP, "quorum", "1"), ("SHUTDOWN",), ("ACL", "LIST"), ("PSUBSCRIBE", "*")):
            self.assertRaises(redis.exceptions.NoPermissionError, client.execute_command, *words)


if __name__ == "__main__":
    unittest.main()
