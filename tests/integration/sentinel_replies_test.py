#!/usr/bin/env python3
"""Every reply of redisha-sentinel beside redis-sentinel's in the same state: same bytes, in RESP2 and in RESP3.

Both watch one primary with two replicas and know each other. What must differ (who one is, when something was) is
masked, and only that; what docs/differences.md says of replies is not asked.
"""
import re
import socket
import unittest

from sidecar_test import GROUP, Bed, until

# Fields whose values are moments or ids of the two themselves, and what docs/differences.md says of TILT.
MASKED = {"id", "runid", "last-ping-sent", "last-ok-ping-reply", "last-ping-reply", "info-refresh", "role-reported-time",
          "last-hello-message", "slave-repl-offset", "voted-leader", "link-refcount", "age-seconds", "client-info",
          "link-pending-commands", "voted-leader-epoch", "s-down-time", "o-down-time", "down-time", "master-link-down-time",
          "TILT-PERIOD"}
BARE = [["PING"], ["PING", "hello"], ["PING", "a", "b"], ["ROLE"], ["ROLE", "x"], ["AUTH"], ["AUTH", "x"], ["AUTH", "a", "b"],
        ["AUTH", "default", "b", "c"], ["GET", "x"], ["SELECT", "1"], ["PUBLISH"], ["PUBLISH", "news", "x"],
        ["PUBLISH", "__sentinel__:hello", "nonsense"], ["SUBSCRIBE"], ["PSUBSCRIBE"], ["UNSUBSCRIBE"], ["PUNSUBSCRIBE"],
        ["SUBSCRIBE", "+sdown", "x"], ["PSUBSCRIBE", "*"], ["UNSUBSCRIBE", "a", "b"], ["PUNSUBSCRIBE", "*"],
        ["HELLO", "x"], ["HELLO", "4"], ["HELLO", "2", "AUTH"], ["HELLO", "2", "SETNAME", "n"], ["HELLO", "2", "NOPE"],
        ["INFO", "nope"], ["COMMAND", "COUNT", "x"], ["COMMAND", "NOPE"], ["COMMAND", "GETKEYS"],
        ["COMMAND", "GETKEYS", "SENTINEL", "MYID"], ["COMMAND", "INFO", "nope"], ["COMMAND", "INFO", "ping|x"], ["COMMAND", "INFO", "sentinel|nope"], ["COMMAND", "INFO", "sentinel|"],
        ["COMMAND", "LIST", "FILTERBY", "PATTERN", "sentinel|m*"], ["NONSENSE"], ["NONSENSE", "with", "words"],
        ["CLIENT"], ["CLIENT", "NOPE"], ["CLIENT", "GETNAME"], ["CLIENT", "SETNAME"], ["CLIENT", "SETNAME", "a b"],
        ["CLIENT", "KILL"], ["CLIENT", "KILL", "1.2.3.4:5"], ["CLIENT", "KILL", "ID", "x"], ["CLIENT", "LIST", "TYPE", "x"],
        ["CLIENT", "ID", "x"], ["CLIENT", "HELP", "x"], ["CLIENT", "CACHING", "yes"], ["CLIENT", "GETREDIR"], ["CLIENT", "NO-EVICT", "on"],
        ["CLIENT", "NO-EVICT", "x"], ["CLIENT", "TRACKING", "off"], ["CLIENT", "TRACKING", "x"], ["CLIENT", "TRACKINGINFO"], ["CLIENT", "REPLY", "on"],
        ["CLIENT", "REPLY", "x"], ["CLIENT", "UNBLOCK", "5"], ["CLIENT", "UNBLOCK", "x"], ["CLIENT", "UNBLOCK", "5", "x"], ["CLIENT", "UNPAUSE"],
        ["CLIENT", "CACHING"], ["CLIENT", "PAUSE"], ["CLIENT", "TRACKING"], ["CLIENT", "UNBLOCK"], ["COMMAND", "COUNT"], ["COMMAND", "LIST"],
        ["ACL"], ["ACL", "NOPE"], ["ACL", "WHOAMI"], ["ACL", "USERS"], ["ACL", "LIST"], ["ACL", "GETUSER", "default"],
        ["ACL", "GETUSER", "nobody"], ["ACL", "CAT"], ["ACL", "CAT", "nope"], ["ACL", "DELUSER"],
        ["ACL", "DELUSER", "nobody"], ["ACL", "SETUSER"], ["ACL", "SETUSER", "a", "+nope"], ["ACL", "LOG"], ["ACL", "LOG", "x"],
        ["ACL", "LOG", "RESET"], ["ACL", "GENPASS", "x"], ["ACL", "DRYRUN", "default", "ping"], ["ACL", "DRYRUN", "nobody", "ping"],
        ["ACL", "DRYRUN", "default", "nope"], ["ACL", "SAVE"], ["ACL", "LOAD"], ["ACL", "HELP"],
        ["SHUTDOWN", "NOPE"], ["SHUTDOWN", "ABORT"], ["SHUTDOWN", "SAVE", "NOSAVE"],
        ["SHUTDOWN", "NOW", "ABORT"], ["COMMAND", "GETKEYSANDFLAGS", "PING"], ["COMMAND", "GETKEYS", "NOPE"], ["COMMAND", "GETKEYS", "PING", "a", "b", "c"],
        ["COMMAND", "LIST", "FILTERBY", "ACLCAT", "nope"], ["COMMAND", "LIST", "FILTERBY", "MODULE", "x"], ["COMMAND", "LIST", "FILTERBY", "X", "x"],
        ["COMMAND", "LIST", "x"], ["CLIENT", "LIST", "ID", "x"], ["CLIENT", "LIST", "ID"], ["CLIENT", "LIST", "x"], ["CLIENT", "LIST", "TYPE", "replica"],
        ["CONFIG", "GET", "port"], ["MULTI"], ["EVAL", "return 1", "0"]]
OF_A_GROUP = ["MASTER", "REPLICAS", "SLAVES", "SENTINELS", "CKQUORUM", "FAILOVER", "GET-MASTER-ADDR-BY-NAME", "REMOVE"]
SENTINEL = [[], ["NONSENSE"], ["HELP", "x"], ["MYID", "x"], ["MASTERS"], ["MASTERS", "x"], ["PENDING-SCRIPTS"],
            ["PENDING-SCRIPTS", "x"], ["FLUSHCONFIG"], ["FLUSHCONFIG", "x"], ["RESET"], ["RESET", "nobody*"], ["RESET", "a", "b"],
            ["MASTER", GROUP], ["REPLICAS", GROUP], ["SLAVES", GROUP], ["SENTINELS", GROUP], ["CKQUORUM", GROUP],
            ["GET-MASTER-ADDR-BY-NAME", GROUP], ["IS-MASTER-DOWN-BY-ADDR"], ["IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "x", "0", "*"],
            ["IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "0", "*"], ["IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "x", "*"],
            ["IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "0"], ["MONITOR"], ["MONITOR", "a", "127.0.0.1", "1"],
            ["MONITOR", "a", "127.0.0.1", "x", "1"], ["MONITOR", "a", "127.0.0.1", "1", "0"], ["MONITOR", "a", "127.0.0.1", "1", "x"],
            ["MONITOR", "a", "127.0.0.1", "70000", "1"], ["MONITOR", "a", "nowhere", "1", "1"],
            ["MONITOR", GROUP, "127.0.0.1", "1", "1"],
            ["SET"], ["SET", GROUP], ["SET", "nobody", "quorum", "1"], ["SET", GROUP, "quorum"], ["SET", GROUP, "quorum", "0"],
            ["SET", GROUP, "quorum", "x"], ["SET", GROUP, "down-after-milliseconds", "0"], ["SET", GROUP, "down-after-milliseconds", "x"],
            ["SET", GROUP, "failover-timeout", "-1"], ["SET", GROUP, "parallel-syncs", "0"], ["SET", GROUP, "nope", "1"],
            ["SET", GROUP, "quorum", "2", "nope", "1"], ["SET", GROUP, "rename-command", "A"], ["SET", GROUP, "auth-pass"],
            ["SET", GROUP, "notification-script", "/x"], ["SET", GROUP, "client-reconfig-script", "/x"],
            ["SET", GROUP, "master-reboot-down-after-period", "-1"], ["SET", GROUP, "quorum", "2"],
            ["CONFIG"], ["CONFIG", "GET"], ["CONFIG", "NOPE", "x"], ["CONFIG", "GET", "nope"],
            ["CONFIG", "SET", "nope", "1"], ["CONFIG", "SET", "announce-port", "x"],
            ["CONFIG", "SET", "loglevel"], ["CONFIG", "SET", "resolve-hostnames", "no"],
            ["CONFIG", "GET", "announce-*"], ["DEBUG"], ["DEBUG", "nope"], ["DEBUG", "nope", "1"], ["DEBUG", "info-period", "x"], ["DEBUG", "info-period", "0"],
            ["SIMULATE-FAILURE"], ["SIMULATE-FAILURE", "HELP"], ["SIMULATE-FAILURE", "nope"], ["INFO-CACHE"], ["INFO-CACHE", "nobody"],
            *([name] for name in OF_A_GROUP), *([name, "nobody"] for name in OF_A_GROUP), *([name, "a", "b"] for name in OF_A_GROUP if name != "FAILOVER")]
LAST = "that-is-all"
COMMANDS = BARE + [["SENTINEL", *words] for words in SENTINEL]


def request(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)


def read(stream):
    """One reply as (type, value); a bulk's value is its text."""
    line = stream.readline()
    kind, rest = line[:1].decode(), line[1:-2].decode()
    if kind in "*%~>":
        count = int(rest) * (2 if kind == "%" else 1)
        return kind, [read(stream) for _ in range(count)] if count >= 0 else None
    if kind in "$=":
        return kind, stream.read(int(rest) + 2)[:-2].decode() if rest != "-1" else None
    return kind, rest


def name_of(item):
    """Of one instance or command; those come in any order."""
    kind, value = item
    if isinstance(value, list):
        return value[1][1] if value and value[0][1] == "name" else None
    return value if kind == "$" and re.fullmatch(r"[a-z]+(\|[a-z-]+)?", value or "") else None


def masked(reply):
    kind, value = reply
    if not isinstance(value, list):
        return kind, re.sub(r"\b[0-9a-f]{40}\b", "<id>", value) if value else value
    items = [masked(item) for item in value]
    if items and all(name_of(item) for item in items):
        items.sort(key=name_of)
    for i in range(len(items) - 1):
        if items[i][0] in "$+" and items[i][1] in MASKED:
            items[i + 1] = (items[i + 1][0], "<some>")
    # A field that Redis has not, of who cannot be reached.
    if items[-2:-1] == [("$", "redisha-link-error")]:
        del items[-2:]
    return kind, items


class Pair(Bed):
    def setUp(self):
        super().setUp()
        self.ports = self.start_trio()
        self.ours, self.stock = self.start_sentinels(self.ports[0], kinds=("ours", "stock"))
        until("they are connected to each other", lambda: all(
            [peer["flags"] for peer in self.sentinel(port).sentinel_sentinels(GROUP)] == ["sentinel"] for port in (self.ours, self.stock)))

    maxDiff = None

    def both(self, words, protocol):
        """What each of the two answers on a connection of its own."""
        replies = []
        for port in (self.ours, self.stock):
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                stream = connection.makefile("rb")
                connection.sendall(request(["HELLO", protocol]))
                read(stream)
                # PING ends the reply to who sends none, or several.
                connection.sendall(request(words) + request(["PING", LAST]))
                said = []
                while not said or LAST not in str(said[-1]):
                    try:
                        said.append(read(stream))
                    except (ConnectionError, ValueError):
                        said.append(("closed", ""))
                        break
                replies.append(self.blank([masked(reply) for reply in said]))
        return replies

    def blank(self, replies):
        return re.sub(rf"\b({self.ours}|{self.stock})\b", "<sentinel>", repr(replies))


class Replies(Pair):
    def assert_same(self, commands):
        for protocol in ("2", "3"):
            for words in commands:
                ours, stock = self.both(words, protocol)
                with self.subTest(words=words, protocol=protocol):
                    self.assertEqual(ours, stock)

    def test_each_is_that_of_redis(self):
        self.assert_same(COMMANDS)

    def test_info_has_each_section_that_is_asked_for_once(self):
        for words in ([], ["server", "clients", "server", "CLIENTS"], ["cpu"] * 100, ["everything"], ["all", "stats"],
                      ["nope", "sentinel", "nope"]):
            titles = [re.findall(r"# \w+", said) for said in self.both(["INFO", *words], "2")]
            self.assertEqual(titles[0], titles[1], words)

    def test_info_has_each_field_of_redis(self):
        for protocol in ("2", "3"):
            ours, stock = (re.findall(r"(?:\\r\\n|')([a-z_0-9]+):", said) for said in self.both(["INFO", "everything"], protocol))
            self.assertEqual([field for field in ours if field != "redisha_version"], stock)

    def test_around_a_failover(self):
        states = [["SENTINEL", name, GROUP] for name in ("MASTER", "REPLICAS", "SENTINELS", "CKQUORUM", "GET-MASTER-ADDR-BY-NAME")]
        replica = self.ports[1]
        self.servers[replica].kill()
        until("both see that a replica is down", lambda: all("s_down" in said for said in self.both(states[1], "2")))
        self.assert_same(states)
        self.start_server(replica, self.ports[0])
        until("it is back", lambda: not any("s_down" in said or "disconnected" in said for said in self.both(states[1], "2")))
        self.servers[self.ports[0]].kill()
        new = self.agreed_new_primary([self.ours, self.stock], self.ports[0])
        until("the old primary is down for both", lambda: all("s_down" in said for said in self.both(states[1], "2")))
        other = ({*self.ports} - {new, self.ports[0]}).pop()
        until("the other replica follows", lambda: all(
            [r["master-port"] for r in self.sentinel(port).sentinel_slaves(GROUP) if r["port"] == other] == [new]
            for port in (self.ours, self.stock)))
        # Stock sentinels at times begin a second failover on their own.
        until("both are calm", lambda: all(self.master(port)["flags"] == "master" for port in (self.ours, self.stock)) and all(
            said.count("s_down") == 1 and said.count("disconnected") == 1 for said in self.both(states[1], "2")) and not any(
            "master_down" in said for said in self.both(states[2], "2")), 40)
        self.assert_same(states)


if __name__ == "__main__":
    unittest.main()
