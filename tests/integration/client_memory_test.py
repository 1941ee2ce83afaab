"""What redisha-node does for clients that cache what they read, and against those that hold much, over real sockets."""
import unittest

from tests.support.node_case import NodeCase

MB = 1 << 20


class ClientMemoryTest(NodeCase):
    def start(self, *options):
        server = super().start(*options)
        server.control.command("CLIENT", "NO-EVICT", "on")
        return server

    def client(self, server, name):
        client = server.connect()
        self.addCleanup(client.close)
        client.command("CLIENT", "SETNAME", name)
        return client

    def held(self, server):
        """The input of each client that has a name."""
        held = {}
        for line in server.control.command("CLIENT", "LIST").decode().splitlines():
            fields = dict(word.split("=", 1) for word in line.split())
            if fields["name"]:
                held[fields["name"]] = int(fields["qbuf"])
        return held

    def send_part(self, server, client, name, size, of):
        """The beginning of a request, so that the server has to keep it."""
        head = b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % of
        client.send(head + b"x" * size)
        self.wait_for("the input", lambda: self.held(server).get(name, MB * MB) >= size)

    def test_the_largest_client_goes_when_all_hold_too_much(self):
        server = self.start("--maxmemory-clients", str(8 * MB))
        small, large, protected = (self.client(server, name) for name in ("small", "large", "protected"))
        protected.command("CLIENT", "NO-EVICT", "on")
        self.send_part(server, protected, "protected", 9 * MB, of=9 * MB + 1)
        self.send_part(server, large, "large", 4 * MB, of=4 * MB + 1)
        self.send_part(server, small, "small", 1 * MB, of=4 * MB + 1)
        self.assertEqual(self.held(server).keys(), {"small", "large", "protected"})
        small.send(b"x" * (3 * MB))
        self.wait_for("the eviction", lambda: self.info(server, "evicted_clients") == "1")
        self.assertEqual(self.held(server).keys(), {"small", "protected"})

    def test_a_limit_that_is_lowered_counts_at_once(self):
        server = self.start()
        self.send_part(server, self.client(server, "holder"), "holder", 2 * MB, of=4 * MB)
        server.control.command("CONFIG", "SET", "maxmemory-clients", "1mb")
        self.assertEqual(self.held(server), {})

    def test_who_caches_by_prefix_is_told_of_what_a_released_client_changes(self):
        server = self.start()
        cache, waiter = self.client(server, "cache"), self.client(server, "waiter")
        cache.command("HELLO", "3")
        cache.command("CLIENT", "TRACKING", "on", "BCAST", "PREFIX", "dst")
        # Blocked, with a write behind it that runs when the turn of the push ends.
        waiter.send(b"BLPOP src 0\r\nSET dst:1 x\r\n")
        self.wait_for("the waiter", lambda: self.info(server, "blocked_clients") == "1")
        server.control.command("RPUSH", "src", "v")
        self.assertEqual(cache.read(), (">", [b"invalidate", [b"dst:1"]]))


if __name__ == "__main__":
    unittest.main()
