"""Each compose file of deploy/compose does what its first lines say."""
import os
import unittest

from tests.image import compose
from tests.image.builder import ROOT

PASSWORDS = {"REDIS_PASSWORD": "of the servers", "SENTINEL_PASSWORD": "of the sentinels"}


@unittest.skipIf(compose.missing_tool(), compose.missing_tool())
class ComposeTest(unittest.TestCase):
    def stack(self, name):
        stack = compose.Stack(name, PASSWORDS)
        self.enterContext(stack)
        for service in stack.services:
            stack.wait(lambda service=service: stack.healthy(service), f"{service} is healthy")
        return stack

    def test_one_primary(self):
        stack = self.stack("one-primary.yaml")
        self.assertEqual(stack.run("redis", "redis-cli", "set", "greeting", "hello"), "OK")
        self.assertIn("NOAUTH", stack.run("redis", "env", "-u", "REDISCLI_AUTH", "redis-cli", "get", "greeting"))
        self.assertEqual(stack.run("redis", "redis-cli", "save"), "OK")
        stack.kill("redis")
        stack.start("redis")
        stack.wait(lambda: stack.healthy("redis"), "healthy again")
        self.assertEqual(stack.run("redis", "redis-cli", "get", "greeting"), "hello")

    def test_primary_and_replicas(self):
        stack = self.stack("primary-and-replicas.yaml")
        self.assertEqual(stack.run("primary", "redis-cli", "set", "k", "v"), "OK")
        for replica in ("replica-1", "replica-2"):
            stack.wait(lambda r=replica: stack.run(r, "redis-cli", "get", "k") == "v", f"{replica} has it")
            self.assertIn("READONLY", stack.run(replica, "redis-cli", "set", "k", "w"))

    def test_sentinel(self):
        stack = self.stack("sentinel.yaml")
        ask = lambda s, *words: stack.run(s, "redis-cli", "-p", "26379", "sentinel", *words)
        primary = lambda s: ask(s, "get-master-addr-by-name", "mymaster").split()
        sentinels = ("sentinel-1", "sentinel-2", "sentinel-3")
        for sentinel in sentinels:
            self.assertEqual(primary(sentinel), ["172.30.0.11", "6379"])
            stack.wait(lambda s=sentinel: ask(s, "ckquorum", "mymaster").startswith("OK 3 usable"), "three sentinels")
            stack.wait(lambda s=sentinel: ask(s, "replicas", "mymaster").count("master-link-status\nok") == 2, "two replicas")
        self.assertEqual(stack.run("redis-1", "redis-cli", "set", "k", "v"), "OK")
        self.assertEqual(stack.run("redis-1", "redis-cli", "wait", "2", "5000"), "2")
        stack.kill("redis-1")
        for sentinel in sentinels:
            stack.wait(lambda s=sentinel: primary(s) in (["172.30.0.12", "6379"], ["172.30.0.13", "6379"]), "another primary")
        address = primary("sentinel-1")[0]
        new, = (name for name, a in stack.addresses.items() if a == address)
        self.assertEqual(stack.run(new, "redis-cli", "get", "k"), "v")
        self.assertEqual(stack.run(new, "redis-cli", "set", "k", "w"), "OK")
        # A sentinel that starts anew says what it had learned, not what its environment said first.
        stack.kill("sentinel-1")
        stack.start("sentinel-1")
        stack.wait(lambda: primary("sentinel-1") == [address, "6379"], "the primary, after a restart of the sentinel")
        # The old primary comes back as its environment says, and is made a replica.
        stack.start("redis-1")
        stack.wait(lambda: stack.run("redis-1", "redis-cli", "get", "k") == "w", "the old primary follows the new one")
        self.assertIn("slave", stack.run("redis-1", "redis-cli", "role"))

    def test_a_variable_that_is_missing_is_asked_for(self):
        with self.assertRaisesRegex(ValueError, "REDIS_PASSWORD is not set: a password for the server"):
            compose.load(os.path.join(ROOT, "deploy", "compose", "one-primary.yaml"), {})


if __name__ == "__main__":
    unittest.main()
