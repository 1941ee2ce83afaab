#!/usr/bin/env python3
"""redisha-node and redis-server replicating from and to each other, and loading each other's files.

Every server gets a port and a folder of its own; nothing sleeps for a fixed time, conditions are waited for.
"""
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import redis

NODE = os.path.join(os.environ["RHA_BIN_DIR"], "redisha-node")
STOCK = shutil.which("redis-server")
# Below those that the kernel gives away; another one for each run, so that two at a time do not meet.
PORT_FIRST = int(os.environ.get("RHA_TEST_PORT", 21110 + os.getpid() % 100 * 100))
DEADLINE_S = 30


def wait_for(what, condition, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    last = None
    while time.monotonic() < end:
        try:
            last = condition()
            if last:
                return last
        except redis.exceptions.RedisError as error:
            last = error
        time.sleep(0.01)
    raise AssertionError(f"not within {deadline_s} s: {what} (last: {last!r})")


class Server:
    """One server process with a folder of its own; `binary` is NODE or STOCK."""
    next_port = PORT_FIRST

    def __init__(self, binary, *flags, folder=None, file_bytes_max=None, password=None):
        self.binary, self.flags = binary, list(flags)
        self.port = Server.free_port()
        self.folder = folder or tempfile.mkdtemp(prefix="rha-repl-")
        self.file_bytes_max = file_bytes_max
        self.password = password
        if password:
            self.flags += ["--requirepass", password]
        self.process = None
        self.start()

    @staticmethod
    def free_port():
        while True:
            port = Server.next_port
            Server.next_port += 1
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    pass

    def start(self, *flags, wait=True):
        def limit():
            if self.file_bytes_max is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes_max, resource.RLIM_INFINITY))
        self.log_path = os.path.join(self.folder, "server.log")
        command = [self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                   "--repl-diskless-sync-delay", "0", *self.flags, *flags]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=limit)
        self.client = redis.Redis(port=self.port, password=self.password, socket_timeout=DEADLINE_S)
        if wait:
            try:
                wait_for(f"{command} answers", self.answers)
            except BaseException:
                self.kill()
                raise

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
        return self.client.ping()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def info(self, section="replication"):
        return self.client.info(section)

    def follow(self, primary):
        self.client.execute_command("REPLICAOF", "127.0.0.1", primary.port)

    def lead(self):
        self.client.execute_command("REPLICAOF", "NO", "ONE")

    def offset(self):
        return self.info()["master_repl_offset"]

    def full_syncs(self):
        return self.info("stats")["sync_full"]

    def partial_syncs(self):
        return self.info("stats")["sync_partial_ok"]

    def stop(self, save=False):
        if self.process.poll() is None:
            try:
                self.client.shutdown(save=save, nosave=not save)
            except redis.exceptions.RedisError:
                pass
        self.process.wait(DEADLINE_S)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


READERS = {
    b"string": lambda pipe, key: pipe.get(key),
    b"list": lambda pipe, key: pipe.lrange(key, 0, -1),
    b"set": lambda pipe, key: pipe.smembers(key),
    b"zset": lambda pipe, key: pipe.zrange(key, 0, -1, withscores=True),
    b"hash": lambda pipe, key: pipe.hgetall(key),
}


def content(server, databases=(0, 1, 9)):
    """Every key with value and expiry in Unix milliseconds."""
    found = {}
    for db in databases:
        client = redis.Redis(port=server.port, db=db)
        keys = list(client.scan_iter(count=1000))
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.type(key)
        types = pipe.execute()
        for key, kind in zip(keys, types):
            READERS[kind](pipe, key)
            pipe.execute_command("PEXPIRETIME", key)
        answers = pipe.execute()
        for i, key in enumerate(keys):
            found[(db, key)] = tuple(answers[2 * i:2 * i + 2])
    return found


def in_step(primary, replica):
    def equal():
        info = replica.info()
        return info.get("master_link_status") == "up" and info["slave_repl_offset"] == primary.offset()
    wait_for(f"replica {replica.port} in step with {primary.port}", equal)


def fill_collections(pipe, tag, i):
    """One more member, of all kinds of text, in a large collection of each type and in small ones."""
    member = (str(i * i - 5000), f"member {i} " * (i % 12), os.urandom(i % 30 + 1))[i % 3]
    for suffix in ("", f":{i // 7}"):
        pipe.rpush(f"{tag}:list{suffix}", member)
        pipe.sadd(f"{tag}:set{suffix}", member)
        pipe.sadd(f"{tag}:ints{suffix}", i * i * i - 100)
        pipe.hset(f"{tag}:hash{suffix}", f"f{i}", member)
        pipe.zadd(f"{tag}:zset{suffix}", {member: (i, i / 7, -i, "inf", 1e300)[i % 5]})
    if i % 7 == 0:
        pipe.expire(f"{tag}:hash:{i // 7}", 7000)


def change_collections(client, tag):
    """What primaries send in another form than they were told: random, floating, moving, emptying."""
    pipe = client.pipeline(transaction=False)
    pipe.spop(f"{tag}:set")
    pipe.spop(f"{tag}:ints", 20)
    pipe.spop(f"{tag}:set:0", 100)
    pipe.incrbyfloat(f"{tag}:float", 0.1).incrbyfloat(f"{tag}:float", 1e17)
    pipe.hincrbyfloat(f"{tag}:hash", "float", 3.3).hincrby(f"{tag}:hash", "int", -5)
    pipe.zincrby(f"{tag}:zset", 0.1, "scored").zpopmin(f"{tag}:zset", 3).zpopmax(f"{tag}:zset")
    pipe.lmove(f"{tag}:list", f"{tag}:moved").rpoplpush(f"{tag}:list", f"{tag}:list").lpop(f"{tag}:list", 4)
    pipe.sunionstore(f"{tag}:union", f"{tag}:set", f"{tag}:ints").smove(f"{tag}:set", f"{tag}:ints", "last")
    pipe.zunionstore(f"{tag}:sum", [f"{tag}:zset", f"{tag}:zset:1"])
    pipe.linsert(f"{tag}:list", "before", "-4919", "inserted").ltrim(f"{tag}:list:3", 1, 2)
    pipe.sort(f"{tag}:ints", store=f"{tag}:sorted")
    pipe.execute()


def block_and_push(server, tag):
    """Clients that wait for lists and sorted sets, then somebody who fills these."""
    waits = [("BLPOP", f"{tag}:queue", 0), ("BLMOVE", f"{tag}:queue", f"{tag}:taken", "LEFT", "RIGHT", 0),
             ("BLMPOP", 0, 2, f"{tag}:none", f"{tag}:queue", "RIGHT", "COUNT", 2), ("BZPOPMIN", f"{tag}:board", 0)]
    answers = {}

    def wait(command):
        client = redis.Redis(port=server.port, socket_timeout=DEADLINE_S)
        answers[command[0]] = client.execute_command(*command)
        client.close()
    threads = [threading.Thread(target=wait, args=(command,)) for command in waits]
    for count, thread in enumerate(threads, 1):
        thread.start()
        wait_for(f"{count} blocked clients", lambda count=count: server.info("clients")["blocked_clients"] == count)
    with server.client.pipeline(transaction=True) as transaction:
        transaction.rpush(f"{tag}:queue", *"abcdef").zadd(f"{tag}:board", {"x": 2, "y": 1}).execute()
    for thread in threads:
        thread.join(DEADLINE_S)
    return answers


def write_some(server, tag, count=300):
    client = server.client
    pipe = client.pipeline(transaction=False)
    for i in range(count):
        pipe.set(f"{tag}:{i}", f"value {i} " * (i % 40), px=600_000 + i if i % 3 == 0 else None)
        if i % 5 == 0:
            pipe.incr(f"{tag}:counter")
            pipe.append(f"{tag}:log", f"{i},")
        fill_collections(pipe, tag, i)
    pipe.execute()
    change_collections(client, tag)
    with client.pipeline(transaction=True) as transaction:
        transaction.incrby(f"{tag}:counter", 1000).set(f"{tag}:done", "yes").delete(f"{tag}:7")
        transaction.rpush(f"{tag}:list", "last").sadd(f"{tag}:set", "last").hdel(f"{tag}:hash", "f1")
        transaction.execute()
    other = redis.Redis(port=server.port, db=9)
    other.set(f"{tag}:elsewhere", b"\x00\xff\r\n binary")
    client.expire(f"{tag}:done", 5000)
    client.persist(f"{tag}:0")


@unittest.skipUnless(STOCK, "redis-server is not installed")
class ReplicationInterop(unittest.TestCase):
    def setUp(self):
        self.servers = []

    def tearDown(self):
        failed = any(error for _, error in getattr(self._outcome, "errors", []) or [])
        for server in self.servers:
            server.kill()
            server.client.close()
            if failed:
                print(f"--- log of {server.binary} {server.port}\n{server.log()[-3000:]}")
            shutil.rmtree(server.folder, ignore_errors=True)

    def server(self, binary, *flags, **options):
        server = Server(binary, *flags, **options)
        self.servers.append(server)
        return server

    def same(self, *servers):
        first = content(servers[0])
        self.assertGreater(len(first), 0)
        for other in servers[1:]:
            self.assertEqual(first, content(other))

    # ---- the same story with the roles dealt in every way

    def story(self, primary_binary, replica_binary, *primary_flags):
        primary = self.server(primary_binary, *primary_flags)
        write_some(primary, "before")
        replica = self.server(replica_binary)
        replica.client.set("mine", "is replaced")
        replica.follow(primary)
        in_step(primary, replica)
        self.same(primary, replica)

        write_some(primary, "stream")
        answers = block_and_push(primary, "stream")
        self.assertEqual([list(answers["BLPOP"]), answers["BLMOVE"], answers["BLMPOP"]],
                         [[b"stream:queue", b"a"], b"b", [b"stream:queue", [b"f", b"e"]]])
        self.assertEqual(list(answers["BZPOPMIN"][:2]), [b"stream:board", b"y"])
        self.assertEqual(primary.client.wait(1, 5000), 1)
        primary.client.set("short", "lived", px=30)
        wait_for("expiry reaches the replica", lambda: replica.client.get("short") is None)
        wait_for("the key is gone from the primary", lambda: primary.client.dbsize() == replica.client.dbsize())
        in_step(primary, replica)
        self.same(primary, replica)

        fulls, partials = primary.full_syncs(), primary.partial_syncs()
        self.assertGreaterEqual(primary.client.execute_command("CLIENT", "KILL", "TYPE", "replica"), 1)
        write_some(primary, "cut", 50)
        wait_for("a partial resynchronisation", lambda: primary.partial_syncs() > partials)
        in_step(primary, replica)
        self.assertEqual(primary.full_syncs(), fulls)
        self.same(primary, replica)
        role = replica.client.execute_command("ROLE")
        self.assertEqual(role[:4], [b"slave", b"127.0.0.1", primary.port, b"connected"])
        self.assertEqual(primary.info()["slave0"]["state"], "online")
        with self.assertRaises(redis.exceptions.ReadOnlyError):
            replica.client.set("x", "y")

    def test_stock_follows_node(self):
        self.story(NODE, STOCK)

    def test_node_follows_stock_diskless(self):
        self.story(STOCK, NODE, "--repl-diskless-sync", "yes")

    def test_node_follows_stock_from_disk(self):
        self.story(STOCK, NODE, "--repl-diskless-sync", "no")

    def test_node_follows_node(self):
        self.story(NODE, NODE)

    # ---- moves

    def promotion(self, first, second, third):
        primary, heir, sibling = self.server(first), self.server(second), self.server(third)
        write_some(primary, "a")
        for replica in (heir, sibling):
            replica.follow(primary)
        for replica in (heir, sibling):
            in_step(primary, replica)
        old_id = primary.info()["master_replid"]
        heir.lead()
        write_some(heir, "b")
        info = heir.info()
        self.assertEqual(info["master_replid2"], old_id)
        self.assertNotEqual(info["master_replid"], old_id)
        fulls = heir.full_syncs()
        sibling.follow(heir)
        primary.follow(heir)  # it wrote nothing since, so it can continue as well
        for replica in (sibling, primary):
            in_step(heir, replica)
        self.assertEqual(heir.full_syncs(), fulls, heir.log())
        self.same(heir, sibling, primary)

    def test_promoted_node_takes_over_stock_sibling(self):
        self.promotion(STOCK, NODE, STOCK)

    def test_promoted_stock_takes_over_node_sibling(self):
        self.promotion(NODE, STOCK, NODE)

    def test_promotion_among_nodes(self):
        self.promotion(NODE, NODE, NODE)

    def chain(self, *binaries):
        servers = [self.server(binary) for binary in binaries]
        write_some(servers[0], "a")
        for upper, lower in zip(servers, servers[1:]):
            lower.follow(upper)
            in_step(upper, lower)
        write_some(servers[0], "b")
        redis.Redis(port=servers[0].port, db=1).set("c", "in another database")
        in_step(servers[0], servers[-1])
        self.same(*servers)
        # Offsets are shared along the chain, so its end can jump to its beginning.
        fulls = servers[0].full_syncs()
        servers[-1].follow(servers[0])
        in_step(servers[0], servers[-1])
        self.assertEqual(servers[0].full_syncs(), fulls)

    def test_chain_stock_node_stock(self):
        self.chain(STOCK, NODE, STOCK)

    def test_chain_node_stock_node(self):
        self.chain(NODE, STOCK, NODE)

    def test_chain_of_nodes(self):
        self.chain(NODE, NODE, NODE)

    def restarted_replica(self, primary_binary):
        primary, replica = self.server(primary_binary), self.server(NODE)
        redis.Redis(port=primary.port, db=9).set("selected", "before")
        replica.follow(primary)
        in_step(primary, replica)
        replica.stop(save=True)
        # Database 9 is still selected in the stream: the restarted replica must know.
        redis.Redis(port=primary.port, db=9).set("selected", "after")
        write_some(primary, "meanwhile", 20)
        fulls = primary.full_syncs()
        replica.start("--replicaof", "127.0.0.1", str(primary.port))
        in_step(primary, replica)
        self.assertEqual(primary.full_syncs(), fulls, replica.log())
        self.same(primary, replica)

    def test_restarted_replica_continues_with_stock(self):
        self.restarted_replica(STOCK)

    def test_restarted_replica_continues_with_node(self):
        self.restarted_replica(NODE)

    def test_restarted_primary_continues_with_its_replica(self):
        primary, replica = self.server(NODE), self.server(STOCK)
        write_some(primary, "a")
        replica.follow(primary)
        in_step(primary, replica)
        primary.stop(save=True)
        primary.start()
        in_step(primary, replica)
        self.assertEqual((primary.full_syncs(), primary.partial_syncs()), (0, 1), primary.log())
        self.same(primary, replica)

    def test_keys_that_expired_while_the_primary_was_down_are_gone_from_its_replica_too(self):
        primary, replica = self.server(NODE, "--enable-debug-command", "yes"), self.server(STOCK)
        write_some(primary, "a")
        replica.follow(primary)
        in_step(primary, replica)
        writer = redis.Redis(port=primary.port, db=3)
        writer.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        for i in range(10):
            writer.execute_command("SET", f"short{i}", "v", "PX", "1")
        writer.execute_command("RPUSH", "list", "v")
        writer.execute_command("PEXPIRE", "list", "1")
        in_step(primary, replica)
        primary.stop(save=True)
        primary.start()
        in_step(primary, replica)
        self.assertEqual((primary.full_syncs(), primary.partial_syncs()), (0, 1), primary.log())
        self.assertEqual(primary.info("persistence")["rdb_last_load_keys_expired"], 11)
        self.same(primary, replica)

    def test_many_replicas_share_a_snapshot(self):
        primary = self.server(NODE)
        write_some(primary, "a", 2000)
        replicas = [self.server(STOCK if i % 2 else NODE) for i in range(3)]
        for replica in replicas:
            replica.follow(primary)
        write_some(primary, "b")
        for replica in replicas:
            in_step(primary, replica)
        self.same(primary, *replicas)
        self.assertEqual(primary.client.wait(3, 5000), 3)

    def test_password(self):
        primary = self.server(NODE, password="secret")
        replica = self.server(NODE)
        replica.follow(primary)
        wait_for("the refusal is visible", lambda: "masterauth" in replica.info().get("redisha_master_link_error", ""))
        replica.client.config_set("masterauth", "secret")
        primary.client.set("k", "v")
        in_step(primary, replica)
        self.assertEqual(replica.client.get("k"), b"v")

    def test_min_replicas(self):
        primary = self.server(NODE, "--min-replicas-to-write", "1")
        with self.assertRaisesRegex(redis.exceptions.ResponseError, "NOREPLICAS"):
            primary.client.set("k", "v")
        replica = self.server(STOCK)
        replica.follow(primary)
        wait_for("a good replica", lambda: primary.info().get("min_slaves_good_slaves") == 1)
        primary.client.set("k", "v")
        replica.process.send_signal(signal.SIGSTOP)
        primary.client.config_set("min-replicas-max-lag", "1")
        wait_for("the lag", lambda: primary.info().get("min_slaves_good_slaves") == 0)
        wait_for("the refusal", lambda: self.is_refused(primary))
        primary.client.config_set("min-replicas-max-lag", "1000")
        primary.client.set("k", "w")

    @staticmethod
    def is_refused(primary):
        try:
            return not primary.client.set("k", "v")
        except redis.exceptions.ResponseError as error:
            return "NOREPLICAS" in str(error)

    # ---- refusals

    def test_a_command_we_lack_in_the_stream_is_refused_by_name(self):
        primary, replica = self.server(STOCK, "--rename-command", "INCR", "ADD-ONE"), self.server(NODE)
        replica.follow(primary)
        primary.client.set("k", "v")
        in_step(primary, replica)
        primary.client.execute_command("ADD-ONE", "n")
        wait_for("the link is down", lambda: 'ADD-ONE' in replica.info().get("redisha_master_link_error", ""))
        self.assertEqual(replica.info()["master_link_status"], "down")
        self.assertIn('ADD-ONE', replica.log())
        self.assertEqual(replica.client.get("k"), b"v")

    def test_a_database_we_lack_in_the_snapshot_costs_no_data(self):
        primary, replica = self.server(STOCK, "--databases", "32"), self.server(NODE)
        primary.client.execute_command("SELECT", 20)
        primary.client.set("k", "v")
        replica.client.set("mine", "stays")
        replica.follow(primary)
        wait_for("the refusal is visible", lambda: 'database 20' in replica.info().get("redisha_master_link_error", ""))
        self.assertEqual(replica.client.get("mine"), b"stays")

    # ---- files

    def carry(self, writer_binary, reader_binary, *flags):
        writer = self.server(writer_binary, *flags)
        write_some(writer, "a", 3000)
        client = writer.client
        for number in (0, -1, 127, 128, -129, 32767, 65536, 2**31 - 1, -2**31, 2**31, 2**63 - 1):
            client.set(f"number {number}", number)
        client.set("empty", "")
        client.set("zeros", "0" * 100_000)
        client.set("leading", "007")
        client.set("noise", os.urandom(300_000))
        before = content(writer)
        writer.stop(save=True)
        reader = self.server(reader_binary, folder=writer.folder)
        self.assertEqual(content(reader), before)
        return reader

    def test_file_of_stock_and_back(self):
        reader = self.carry(STOCK, NODE)
        before = content(reader)
        reader.stop(save=True)
        check = subprocess.run(["redis-check-rdb", os.path.join(reader.folder, "dump.rdb")], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout)
        self.assertEqual(content(self.server(STOCK, folder=reader.folder)), before)

    def test_file_of_stock_without_compression_and_checksum(self):
        self.carry(STOCK, NODE, "--rdbcompression", "no", "--rdbchecksum", "no")

    def test_file_of_node(self):
        self.carry(NODE, STOCK)

    def refused(self, folder, pattern):
        done = subprocess.run([NODE, "--port", str(PORT_FIRST - 1), "--bind", "127.0.0.1", "--dir", folder],
                              capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertNotEqual(done.returncode, 0)
        last = (done.stdout + done.stderr).strip().splitlines()[-1]
        self.assertRegex(last, pattern)

    def test_damaged_files_are_refused_clearly(self):
        stock = self.server(STOCK)
        write_some(stock, "a", 100)
        stock.stop(save=True)
        path = os.path.join(stock.folder, "dump.rdb")
        with open(path, "rb") as file:
            good = file.read()
        for size in (4, 9, 50, len(good) // 2, len(good) - 8, len(good) - 1):
            with open(path, "wb") as file:
                file.write(good[:size])
            self.refused(stock.folder, r"dump\.rdb: at byte \d+: ")
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 0x10
        with open(path, "wb") as file:
            file.write(flipped)
        self.refused(stock.folder, r"dump\.rdb: ")
        os.chmod(path, 0)
        if os.geteuid() != 0:
            self.refused(stock.folder, r"dump\.rdb: .*ermission denied")

    def there_and_back(self, *flags):
        """A file of stock with those thresholds, loaded and saved by the node, is the same data to stock."""
        flags = ["--enable-debug-command", "yes", *flags]
        stock = self.server(STOCK, *flags)
        # Lists with nodes of their own for long elements.
        stock.client.execute_command("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "5000b")
        write_some(stock, "a", 3000)
        for size in (100, 4000, 6000, 9000, 70_000):
            stock.client.rpush("long", "x", os.urandom(size), "ab" * (size // 2))
            stock.client.hset("long fields", "f" * size, os.urandom(size))
        stock.client.pexpire("long", 10**9)
        digest, kinds = stock.client.execute_command("DEBUG", "DIGEST"), self.encodings(stock)
        stock.stop(save=True)
        node = self.server(NODE, *flags[2:], folder=stock.folder)
        before = content(node)
        self.assertEqual(self.encodings(node), kinds)
        node.stop(save=True)
        back = self.server(STOCK, *flags, folder=stock.folder)
        self.assertEqual(content(back), before)
        self.assertEqual(back.client.execute_command("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.encodings(back), kinds)

    @staticmethod
    def encodings(server):
        """Of collections: how a string is kept depends on how it was made."""
        kinds = ("list", "set", "zset", "hash")
        keys = sorted(key for kind in kinds for key in server.client.scan_iter(count=1000, _type=kind))
        pipe = server.client.pipeline(transaction=False)
        for key in keys:
            pipe.object("ENCODING", key)
        return dict(zip(keys, pipe.execute()))

    def test_there_and_back(self):
        self.there_and_back()

    def test_there_and_back_with_nothing_packed(self):
        self.there_and_back("--hash-max-listpack-entries", "0", "--zset-max-listpack-entries", "0",
                            "--set-max-intset-entries", "0", "--list-max-listpack-size", "3")

    def test_there_and_back_with_much_packed(self):
        self.there_and_back("--hash-max-listpack-entries", "5000", "--zset-max-listpack-entries", "5000",
                            "--set-max-intset-entries", "5000", "--list-max-listpack-size", "-5")

    def test_there_and_back_uncompressed(self):
        self.there_and_back("--rdbcompression", "no")

    def test_there_and_back_with_compressed_nodes(self):
        self.there_and_back("--list-compress-depth", "1")

    def test_full_disk(self):
        node = self.server(NODE, file_bytes_max=65536)
        node.client.set("small", "x")
        node.client.save()
        node.client.config_set("save", "3600 1000000")
        noise = os.urandom(300_000)
        node.client.set("large", noise)
        with self.assertRaises(redis.exceptions.ResponseError):
            node.client.save()
        node.client.bgsave()
        wait_for("the failure is known", lambda: node.info("persistence")["rdb_last_bgsave_status"] == "err")
        self.assertIn("File too large", node.log())
        with self.assertRaisesRegex(redis.exceptions.ResponseError, "MISCONF"):
            node.client.set("k", "v")
        self.assertEqual(node.client.get("large"), noise)
        self.assertEqual([f for f in os.listdir(node.folder) if f.endswith(".tmp")], [])
        # The old file is still whole.
        node.kill()
        node.file_bytes_max = None
        node.start()
        self.assertEqual(node.client.get("small"), b"x")

    def test_full_disk_at_the_replica_keeps_its_data(self):
        primary = self.server(NODE)
        primary.client.set("large", os.urandom(300_000))
        replica = self.server(NODE, file_bytes_max=65536)
        replica.client.set("mine", "stays")
        replica.follow(primary)
        wait_for("the failure is visible", lambda: "too large" in replica.info().get("redisha_master_link_error", ""))
        self.assertEqual(replica.client.get("mine"), b"stays")

    # ---- hostile peers

    def test_replica_that_does_not_read_is_dropped(self):
        primary = self.server(NODE, "--repl-backlog-size", "16kb",
                              "--client-output-buffer-limit", "replica", "2mb", "1mb", "60")
        lazy = socket.create_connection(("127.0.0.1", primary.port))
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendall(b"PSYNC ? -1\r\n")
        wait_for("it is attached", lambda: primary.info()["connected_slaves"] == 1)
        value = "x" * 100_000
        wait_for("it is dropped", lambda: (primary.client.set("k", value), primary.info()["connected_slaves"])[1] == 0)
        lazy.close()

    def held_save(self, node):
        """A BGSAVE that stands still until the returned function is called: more than may be on its way to the file."""
        node.client.execute_command("DEBUG", "POPULATE", "200000", "k", "100")
        pipe = os.path.join(node.folder, f"dump.rdb.{node.process.pid}.bg0.tmp")
        os.mkfifo(pipe)
        node.client.bgsave()

        def release():
            with open(pipe, "rb") as reader:
                while reader.read(1 << 16):
                    pass
            wait_for("the save has ended", lambda: node.info("persistence")["rdb_bgsave_in_progress"] == 0)
        return release

    def ask_to_sync(self, node, *lines):
        link = socket.create_connection(("127.0.0.1", node.port))
        link.settimeout(DEADLINE_S)
        self.addCleanup(link.close)
        link.sendall(b"".join(line + b"\r\n" for line in lines))
        return link

    @staticmethod
    def first_line(link):
        """Of the answer to PSYNC, behind the empty lines that ask for patience."""
        line = b""
        while not line.endswith(b"\n") or not line.strip():
            piece = link.recv(1)
            if not piece:
                return b"closed"
            line += piece
        return line.strip()

    def test_one_session_is_one_replica_however_often_it_asks_while_it_waits(self):
        node = self.server(NODE, "--enable-debug-command", "yes")
        release = self.held_save(node)
        link = self.ask_to_sync(node, b"PSYNC ? -1", b"PSYNC ? -1", b"SYNC")
        release()
        self.assertTrue(self.first_line(link).startswith(b"+FULLRESYNC "))
        self.assertEqual(node.info()["connected_slaves"], 1)
        link.close()
        wait_for("it is gone", lambda: node.info()["connected_slaves"] == 0)

    def test_who_waits_for_a_snapshot_is_asked_as_if_it_came_now(self):
        node = self.server(NODE, "--enable-debug-command", "yes")
        release = self.held_save(node)
        link = self.ask_to_sync(node, b"PSYNC ? -1")
        wait_for("it waits", lambda: b"psync" in str(node.client.client_list()).encode())
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            node.client.execute_command("REPLICAOF", "127.0.0.1", nobody.getsockname()[1])
            release()
            self.assertTrue(self.first_line(link).startswith(b"-NOMASTERLINK"), "this dataset is not known to be whole")

    def test_who_waits_for_a_snapshot_hears_that_we_live(self):
        node = self.server(NODE, "--enable-debug-command", "yes")
        release = self.held_save(node)
        link = self.ask_to_sync(node, b"PSYNC ? -1")
        self.assertEqual(link.recv(1), b"\n")
        release()
        self.assertTrue(self.first_line(link).startswith(b"+FULLRESYNC "))

    def test_replicas_that_are_sent_away_while_their_snapshot_ends(self):
        node = self.server(NODE, "--enable-debug-command", "yes")
        node.client.execute_command("DEBUG", "POPULATE", "1000", "k", "100")
        for attempt in range(300):
            link = socket.create_connection(("127.0.0.1", node.port))
            link.sendall(b"PSYNC ? -1\r\n")
            for _ in range(attempt % 30):
                node.client.ping()
            pipe = node.client.pipeline(transaction=False)
            pipe.execute_command("REPLICAOF", "127.0.0.1", "1")
            pipe.execute_command("REPLICAOF", "NO", "ONE")
            pipe.execute()
            link.close()
        wait_for("all are gone", lambda: node.info()["connected_slaves"] == 0)

    def test_half_a_transaction_is_applied_once_and_belongs_to_no_history(self):
        node = self.server(NODE)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(DEADLINE_S)
        self.addCleanup(listener.close)
        node.client.execute_command("REPLICAOF", "127.0.0.1", listener.getsockname()[1])

        def request(link):
            words = []
            for _ in range(int(link.readline()[1:])):
                words.append(link.read(int(link.readline()[1:]) + 2)[:-2])
            return words

        def accept():
            connection, _ = listener.accept()
            connection.settimeout(DEADLINE_S)
            self.addCleanup(connection.close)
            link = connection.makefile("rb")
            while (asked := request(link))[0] != b"PSYNC":
                connection.sendall(b"+OK\r\n")
            return connection, asked
        connection, _ = accept()
        history = "a" * 40
        stream = b"".join(b" ".join(words) + b"\r\n" for words in (
            (b"SET", b"text", b"x"), (b"MULTI",), (b"INCR", b"count"), (b"INCR", b"text"), (b"EXEC",)))
        empty = b"REDIS0010\xff" + bytes(8)
        connection.sendall(f"+FULLRESYNC {history} 0\r\n${len(empty)}\r\n".encode() + empty + stream)
        connection, asked = accept()
        self.assertEqual(asked, [b"PSYNC", b"?", b"-1"], "what half a transaction was added to cannot be continued")
        self.assertEqual(node.client.get("count"), b"1")
        self.assertNotEqual(node.info()["master_replid"], history)
        self.assertIn("EXEC cannot be applied", node.info()["redisha_master_link_error"])

    def test_nonsense_from_a_primary(self):
        node = self.server(NODE)
        node.client.set("mine", "stays")
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(DEADLINE_S)
        node.client.execute_command("REPLICAOF", "127.0.0.1", listener.getsockname()[1])
        header = b"+FULLRESYNC " + b"a" * 40 + b" 0\r\n"
        for answer in (b"HTTP/1.1 400 Bad Request\r\n", b"\x00" * 100_000, b"-LOADING wait\r\n",
                       b"+OK\r\n" * 5 + header + b"$9\r\nnot a rdb",
                       b"+OK\r\n" * 5 + header + b"$18446744073709551615\r\n",
                       b"+OK\r\n" * 5 + b"+CONTINUE\r\n*1\r\n$-5\r\n"):
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.settimeout(DEADLINE_S)
            try:
                connection.sendall(answer)
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass  # hung up on while we still talked: a reset is as good an end
            connection.close()
        self.assertEqual(node.client.get("mine"), b"stays")
        self.assertEqual(node.info()["master_link_status"], "down")


if __name__ == "__main__":
    unittest.main()
