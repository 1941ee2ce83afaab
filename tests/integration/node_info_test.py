"""INFO of redisha-node: sidecars take the role of a node from it, so nobody else may add to it."""
import unittest

from tests.support.node_case import NodeCase

FORGED = "a\r\nrole:slave\r\nredisha_undecided:1"


class InfoTest(NodeCase):
    def lines(self, node, section="everything"):
        return node.control.command("INFO", section).decode().split("\r\n")

    def test_who_synchronises_cannot_forge_a_line(self):
        node = self.start()
        replica = node.connect()
        self.addCleanup(replica.close)
        for address in (FORGED, "10.0.0.1,port=1", "a b", "\x7f"):
            self.assertEqual(replica.command("REPLCONF", "listening-port", 7777, "ip-address", address),
                             ("-", b"ERR REPLCONF ip-address is neither an IP address nor a host name"))
        self.assertEqual(replica.command("REPLCONF", "ip-address", "fe80::1%eth0"), ("+", b"OK"))
        self.assertIn(b"must be an IP address or a host name", node.control.command("CONFIG", "SET", "replica-announce-ip", FORGED)[1])
        self.assertEqual(node.control.command("CONFIG", "SET", "replica-announce-ip", "host.example"), ("+", b"OK"))
        self.assertEqual([line for line in self.lines(node) if line.startswith("role:")], ["role:master"])

    def test_a_script_cannot_forge_a_line(self):
        node = self.start()
        node.control.command("EVAL", "return redis.error_reply(ARGV[1])", 0, FORGED)
        node.control.command("EVAL", "return {err=ARGV[1]}", 0, FORGED)
        self.assertEqual([line for line in self.lines(node) if line.startswith(("role:", "redisha_undecided"))], ["role:master"])

    def test_codes_of_errors_are_bounded(self):
        node = self.start()
        node.control.command("EVAL", "for i = 1, 1000 do redis.pcall('SET', i) redis.call('SET', 'k', 'v') end return 1", 0)
        for i in range(300):
            node.control.command("EVAL", "return redis.error_reply(ARGV[1] .. ' missing')", 0, f"ID{i}")
        lines = self.lines(node, "errorstats")
        self.assertLessEqual(sum(line.startswith("errorstat_") for line in lines), 129)
        self.assertTrue(any(line.startswith("errorstat_ERRORSTATS_OVERFLOW:count=") for line in lines))


if __name__ == "__main__":
    unittest.main()
