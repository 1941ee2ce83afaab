"""redisha-node as a member of a RedisHA: who is believed, and what only they may say."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from tests.support import members, resp
from tests.support.relay import Relay
from tests.support.server import free_port

NODE = os.path.join(os.environ.get("RHA_BIN_DIR", "build/dev/bin"), "redisha-node")
DEADLINE_S = 20
UID, OTHER_UID = "5f0c-one", "77aa-two"
STRANGERS_KEY = "f" * 32


def wait_for(what, condition, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    last = None
    while time.monotonic() < end:
        last = condition()
        if last:
            return last
        time.sleep(0.01)
    raise AssertionError(f"not within {deadline_s} s: {what} (last: {last!r})")


class Node:
    """One node with a folder of its own."""

    def __init__(self, test, name, uid=UID, key=members.KEY, password=None, managed=True, options=()):
        self.test, self.name, self.uid, self.password = test, name, uid, password
        self.folder = tempfile.mkdtemp(prefix="rha-members-")
        test.addCleanup(shutil.rmtree, self.folder, True)
        self.port = free_port()
        self.key_file = os.path.join(self.folder, "peer-key")
        self.write_key(key)
        self.options = [*(["--redisha-managed", "yes"] if managed else []),
                        *(["--requirepass", password] if password else []), *options]
        self.process = None
        test.addCleanup(self.kill)
        self.start()

    def write_key(self, *keys):
        with open(self.key_file + ".new", "w", encoding="ascii") as file:
            file.write("\n".join(keys) + "\n")
        os.rename(self.key_file + ".new", self.key_file)

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [NODE, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "3600", "1000000",
                 "--redisha-peer-key-file", self.key_file, "--redisha-cluster-uid", self.uid,
                 "--redisha-node-name", self.name, *self.options], stdout=log, stderr=log)
        wait_for(f"{self.name} answers", self.answers)
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended:\n{self.log()}")
        try:
            connection = self.connect()
        except resp.Disconnected:
            return False
        reply = connection.command("PING")
        connection.close()
        return not (isinstance(reply, resp.Error) and reply.args[0].startswith("LOADING"))

    def connect(self):
        connection = resp.Connection("127.0.0.1", self.port, self.password, timeout=DEADLINE_S)
        self.test.addCleanup(connection.close)
        return connection

    def stranger(self):
        connection = resp.Connection("127.0.0.1", self.port, timeout=DEADLINE_S)
        self.test.addCleanup(connection.close)
        return connection

    def peer(self, name="pod-9"):
        connection = self.stranger()
        answer = members.introduce(connection, self.uid, name)
        self.test.assertEqual(answer, b"OK")
        return connection

    def role(self, epoch, leader, *words):
        connection = self.peer()
        answer = connection.command("REDISHA", "ROLE", epoch, leader, *words)
        connection.close()
        return answer.args[0] if isinstance(answer, resp.Error) else answer.decode()

    def info(self, section="replication"):
        connection = self.connect()
        fields = resp.info(connection, section)
        connection.close()
        return fields

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE_S)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()


def code(answer):
    return answer.args[0].split(" ")[0] if isinstance(answer, resp.Error) else answer


class MembersTest(unittest.TestCase):
    def is_closed(self, connection):
        """Reads what was still under way; an end that never comes is a timeout."""
        connection.socket.settimeout(DEADLINE_S)
        while connection.socket.recv(1 << 16):
            pass
        return True

    def test_members_know_commands_by_their_own_names(self):
        node = Node(self, "pod-0", managed=False, options=["--rename-command", "INFO", "", "--rename-command", "CONFIG", "guarded"])
        self.assertEqual(code(node.connect().command("INFO")), "ERR")
        self.assertEqual(code(node.connect().command("CONFIG", "GET", "port")), "ERR")
        peer = node.peer()
        self.assertIn(b"redisha_node_name:pod-0", peer.command("INFO", "replication"))
        self.assertEqual(peer.command("CONFIG", "GET", "port"), [b"port", b"%d" % node.port])
        self.assertEqual(code(peer.command("NOSUCH")), "ERR")

    def test_who_holds_the_key_needs_no_password(self):
        node = Node(self, "pod-0", password="secret")
        stranger = node.stranger()
        self.assertEqual(code(stranger.command("INFO")), "NOAUTH")
        peer = node.peer()
        self.assertIn(b"redisha_node_name:pod-0", peer.command("INFO", "replication"))
        self.assertEqual(peer.command("RESET"), b"RESET")
        self.assertEqual(code(peer.command("INFO")), "NOAUTH", "a session that was reset is nobody's")

    def test_who_does_not_hold_the_key_is_shown_out(self):
        node = Node(self, "pod-0", password="secret")
        guess = node.stranger()
        answer = members.hello(guess, UID, "pod-1")
        self.assertEqual([answer[0], answer[1], len(answer)], [UID.encode(), b"pod-0", 4])
        self.assertEqual(code(guess.command("REDISHA", "PROVE", "0" * 64)), "WRONGPROOF")
        self.assertTrue(self.is_closed(guess), "each guess costs a connection")
        foreign = node.stranger()
        self.assertEqual(code(members.introduce(foreign, OTHER_UID, "pod-1")), "FOREIGN")
        self.assertTrue(self.is_closed(foreign))
        self.assertEqual(node.info()["redisha_failed_proofs"], "1")

    def test_a_proof_is_worth_nothing_without_its_hello(self):
        node = Node(self, "pod-0", password="secret")
        self.assertEqual(code(node.stranger().command("REDISHA", "PROVE", "0" * 64)), "ERR")
        for words in (("pod 1", "a" * 64), ("pod-1", "a"), ("pod-1", "a" * 64, "an address")):
            connection = node.stranger()
            self.assertEqual(code(members.hello(connection, UID, *words)), "ERR")
            self.assertTrue(self.is_closed(connection))

    def test_only_members_assign_roles(self):
        node = Node(self, "pod-0")
        client = node.connect()
        self.assertEqual(code(client.command("REDISHA", "ROLE", 1, "me", "PRIMARY")), "NOPERM")
        for words in (("REPLICAOF", "NO", "ONE"), ("SLAVEOF", "127.0.0.1", 1), ("FAILOVER",)):
            self.assertIn("SENTINEL FAILOVER", client.command(*words).args[0])
        self.assertEqual(node.info()["redisha_undecided"], "1")
        self.assertEqual(node.role(1, "pod-1", "PRIMARY"), "OK")
        self.assertEqual(client.command("SET", "k", "v"), b"OK")
        self.assertEqual(node.info()["redisha_role_epoch"], "1")

    def test_an_order_of_an_older_election_is_refused_also_after_a_restart(self):
        node = Node(self, "pod-0")
        self.assertEqual(node.role(7, "pod-1", "PRIMARY"), "OK")
        self.assertTrue(node.role(6, "pod-2", "REPLICA", "127.0.0.1", 1).startswith("STALEEPOCH "))
        self.assertTrue(node.role(7, "pod-0", "REPLICA", "127.0.0.1", 1).startswith("STALEEPOCH "))
        self.assertEqual(node.info()["role"], "master")
        node.kill()
        node.start()
        self.assertEqual(node.info()["redisha_role_epoch"], "7")
        self.assertTrue(node.role(6, "pod-2", "PRIMARY").startswith("STALEEPOCH "))
        self.assertEqual(node.info()["redisha_undecided"], "1")
        self.assertEqual(node.role(8, "pod-2", "REPLICA", "127.0.0.1", 1), "OK")
        self.assertEqual(node.info()["role"], "slave")

    def test_the_epoch_of_the_data_is_that_of_the_file_not_of_the_last_order(self):
        node = Node(self, "pod-0")
        node.role(3, "pod-1", "PRIMARY")
        client = node.connect()
        client.command("SET", "k", "v")
        client.command("SAVE")
        node.role(9, "pod-1", "PRIMARY")
        self.assertEqual(node.info()["redisha_data_epoch"], "9")
        node.kill()
        node.start()
        self.assertEqual([node.info()[field] for field in ("redisha_role_epoch", "redisha_data_epoch")], ["9", "3"])

    def test_the_data_of_another_cluster_are_neither_served_nor_replaced(self):
        node = Node(self, "pod-0", uid=OTHER_UID)
        node.role(5, "pod-1", "PRIMARY")
        node.connect().command("SET", "k", "theirs")
        node.stop()
        for volume in ("the same", "only the data"):
            node.uid = UID
            if volume == "only the data":
                os.unlink(os.path.join(node.folder, "redisha-role"))
            node.start()
            fields = node.info()
            self.assertEqual([fields["redisha_foreign_dataset"], fields["redisha_dataset_uid"], fields["redisha_undecided"]],
                             ["1", OTHER_UID, "1"], volume)
            for words in (("PRIMARY",), ("REPLICA", "127.0.0.1", 1)):
                self.assertTrue(node.role(6, "pod-1", *words).startswith("FOREIGN "))
            self.assertEqual(code(node.connect().command("GET", "k")), "MASTERDOWN")
            node.stop()
        node.start()
        client = node.connect()
        self.assertEqual(code(client.command("REDISHA", "ADOPT", "another")), "ERR")
        self.assertEqual(client.command("REDISHA", "ADOPT", OTHER_UID), b"OK")
        self.assertEqual(node.role(1, "pod-1", "PRIMARY"), "OK")
        self.assertEqual(client.command("GET", "k"), b"theirs")
        node.kill()
        node.start()
        self.assertEqual(node.info()["redisha_data_epoch"], "0", "their epochs are not ours")
        self.assertNotIn("redisha_foreign_dataset", node.info(), "adopted once is adopted, saved since or not")

    def test_the_first_base_of_an_append_only_file_says_whose_the_data_are(self):
        node = Node(self, "pod-0", uid=OTHER_UID)
        node.role(5, "pod-1", "PRIMARY")
        node.connect().command("SET", "k", "theirs")
        node.stop()
        node.uid = UID
        node.options += ["--appendonly", "yes"]
        node.start()
        self.assertEqual(node.info("persistence")["redisha_aof_sound"], "yes")
        node.kill()
        os.unlink(os.path.join(node.folder, "dump.rdb"))
        node.start()
        fields = node.info()
        self.assertEqual([fields["redisha_foreign_dataset"], fields["redisha_dataset_uid"]], ["1", OTHER_UID])

    def test_keys_are_rotated_while_nodes_run(self):
        node = Node(self, "pod-0")
        node.write_key(STRANGERS_KEY, members.KEY)

        def proofs():
            connection = node.stranger()
            answer = members.hello(connection, UID, "pod-1")
            connection.close()
            return len(answer) - 3
        wait_for("both keys prove", lambda: proofs() == 2)
        node.peer()
        node.write_key("")
        node.write_key("e" * 32)
        wait_for("all three prove", lambda: proofs() == 3)
        for key in ("e" * 32, STRANGERS_KEY, members.KEY):
            self.assertEqual(members.introduce(node.stranger(), UID, "pod-1", key), b"OK", "whoever has not heard of the change")
        node.kill()
        node.start()
        wait_for("one key is left", lambda: proofs() == 1)

    def test_a_password_that_was_replaced_is_accepted_for_a_while(self):
        folder = tempfile.mkdtemp(prefix="rha-members-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "password")

        def write(text):
            with open(path + ".new", "w", encoding="ascii") as file:
                file.write(text)
            os.rename(path + ".new", path)
        write("one\n")
        node = Node(self, "pod-0", managed=False, options=["--requirepass-file", path])
        knows = lambda password: node.stranger().command("AUTH", password) == b"OK"
        self.assertTrue(knows("one"))
        write("")
        write("two\n")
        wait_for("the new password", lambda: knows("two"))
        self.assertTrue(knows("one"), "whoever has not heard of the change is not locked out")
        peer = node.peer()
        self.assertEqual(peer.command("CONFIG", "GET", "masterauth")[1], b"two")
        write("three\n")
        wait_for("the newest password", lambda: knows("three"))
        self.assertTrue(knows("two") and knows("one"), "each for its own time")
        self.assertIn(path, peer.command("CONFIG", "SET", "requirepass", "four").args[0])
        self.assertTrue(knows("three") and not knows("four"))
        self.assertEqual(peer.command("CONFIG", "SET", "requirepass", "three"), b"OK")
        self.assertTrue(knows("three") and not knows("two") and not knows("one"), "at once")

    def stock(self, *options):
        """A redis-server that knows no cluster."""
        folder = tempfile.mkdtemp(prefix="rha-members-")
        self.addCleanup(shutil.rmtree, folder, True)
        port = free_port()
        process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                                    *options], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def connect():
            try:
                connection = resp.Connection("127.0.0.1", port, timeout=DEADLINE_S)
            except resp.Disconnected:
                return None
            self.addCleanup(connection.close)
            return connection
        return port, wait_for("redis-server answers", connect)

    def up(self, node):
        return lambda: node.info()["master_link_status"] == "up"

    def test_members_replicate_without_a_password(self):
        primary = Node(self, "pod-0", password="secret", options=["--min-replicas-to-write", "1"])
        replica = Node(self, "pod-1", password="another", options=["--masterauth", "wrong"])
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
        self.assertEqual(replica.role(1, "pod-0", "REPLICA", "127.0.0.1", primary.port), "OK")
        wait_for("the link", self.up(replica))
        wait_for("a member", lambda: primary.info()["redisha_replicas"] == "pod-1")
        self.assertEqual(replica.info()["redisha_data_epoch"], "1")
        client = primary.connect()
        wait_for("a write", lambda: client.command("SET", "k", "v") == b"OK")
        self.assertEqual(client.command("WAIT", 1, 10000), 1)
        self.assertEqual(replica.role(2, "pod-1", "PRIMARY"), "OK")
        self.assertEqual(primary.role(2, "pod-1", "REPLICA", "127.0.0.1", replica.port), "OK")
        wait_for("the link the other way", self.up(primary))
        self.assertEqual(primary.info("stats")["sync_full"], "1", "both go on in one history")
        self.assertEqual(replica.info("stats")["sync_full"], "0")

    def test_replicas_of_a_primary_that_is_elected_again_learn_its_epoch(self):
        primary, replica = Node(self, "pod-0"), Node(self, "pod-1")
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
        self.assertEqual(replica.role(1, "pod-0", "REPLICA", "127.0.0.1", primary.port), "OK")
        wait_for("the link", self.up(replica))
        self.assertEqual(primary.role(4, "pod-2", "PRIMARY"), "OK")
        wait_for("the new epoch", lambda: replica.info()["redisha_data_epoch"] == "4")
        wait_for("the link", self.up(replica))
        self.assertEqual(primary.info("stats")["sync_full"], "1", "they go on where they were")

    def test_a_replica_has_the_epoch_of_what_it_follows_not_of_the_order(self):
        old, follower = Node(self, "pod-0"), Node(self, "pod-1")
        self.assertEqual(old.role(3, "pod-0", "PRIMARY"), "OK")
        self.assertEqual(follower.role(9, "pod-2", "REPLICA", "127.0.0.1", old.port), "OK")
        wait_for("the link", self.up(follower))
        self.assertEqual(follower.info()["redisha_data_epoch"], "3")
        self.assertEqual(follower.role(10, "pod-2", "PRIMARY"), "OK")
        self.assertEqual(old.role(10, "pod-2", "REPLICA", "127.0.0.1", follower.port), "OK")
        wait_for("the link the other way", self.up(old))
        self.assertEqual(old.info()["redisha_data_epoch"], "10")

    def test_a_primary_that_does_not_prove_itself_is_not_followed(self):
        replica = Node(self, "pod-1", options=["--masterauth", "secret"])
        stock_port, _ = self.stock()
        others = Node(self, "pod-0", uid=OTHER_UID)
        strangers = Node(self, "pod-0", key=STRANGERS_KEY)
        for epoch, (port, why) in enumerate(((stock_port, "does not prove"), (others.port, "another cluster"),
                                             (strangers.port, "does not have our peer key")), 1):
            self.assertEqual(replica.role(epoch, "pod-0", "REPLICA", "127.0.0.1", port), "OK")
            wait_for(why, lambda why=why: why in replica.info().get("redisha_master_link_error", ""))

    def relay(self, node, **options):
        relay = Relay(("127.0.0.1", node.port), **options)
        self.addCleanup(relay.close)
        return relay

    def test_a_proof_cannot_be_passed_on(self):
        """By one at an address that a member dials, who has no key but reaches the real member."""
        primary, replica = Node(self, "pod-0"), Node(self, "pod-1")
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
        plain = self.relay(primary)
        self.assertEqual(replica.role(1, "pod-0", "REPLICA", "127.0.0.1", plain.port), "OK")
        wait_for("the primary says where it is", lambda: f"was not reached at 127.0.0.1:{plain.port} but at "
                 f"127.0.0.1:{primary.port}" in replica.info().get("redisha_master_link_error", ""))
        lying = self.relay(primary, rewrite=lambda said: said.replace(b":%d\r\n" % lying.port, b":%d\r\n" % primary.port))
        self.assertEqual(replica.role(2, "pod-0", "REPLICA", "127.0.0.1", lying.port), "OK")
        wait_for("the proof is of another address", lambda: "passes on the words" in
                 replica.info().get("redisha_master_link_error", ""))
        self.assertTrue(plain.passed_on and lying.passed_on)
        self.assertEqual((primary.info()["redisha_replicas"], primary.info()["connected_slaves"]), ("", "0"))

    def test_where_addresses_are_translated_a_member_says_so(self):
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
        primary = Node(self, "pod-0", options=["--replica-announce-ip", "127.0.0.1", "--replica-announce-port", str(port)])
        replica = Node(self, "pod-1")
        self.relay(primary, port=port)
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
        # Also within IPv6, and by its own address.
        for epoch, (host, dialled) in enumerate((("127.0.0.1", port), ("::ffff:127.0.0.1", port), ("127.0.0.1", primary.port)), 1):
            self.assertEqual(replica.role(epoch, "pod-0", "REPLICA", host, dialled), "OK")
            wait_for(f"the link to {host}:{dialled}", self.up(replica))
        # A name could lead anywhere, and so could what somebody with the password says while it runs.
        named = Node(self, "pod-2", options=["--replica-announce-ip", "a.name", "--replica-announce-port", str(port)])
        self.assertEqual(code(members.hello(named.stranger(), UID, "pod-1", address=f"127.0.0.1:{port}")), "ELSEWHERE")
        self.assertIn("has it from its resource", str(primary.peer().command("CONFIG", "SET", "replica-announce-ip", "127.0.0.2")))

    def test_a_replica_without_the_key_is_served_but_does_not_count(self):
        primary = Node(self, "pod-0", password="secret", options=["--min-replicas-to-write", "1"])
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
        _, stock = self.stock("--replicaof", "127.0.0.1", str(primary.port), "--masterauth", "secret")
        wait_for("the stock replica", lambda: resp.info(stock, "replication")["master_link_status"] == "up")
        wait_for("it streams", lambda: "state=online" in primary.info().get("slave0", ""))
        client = primary.connect()
        self.assertEqual(primary.info()["redisha_replicas"], "")
        self.assertEqual(code(client.command("SET", "k", "v")), "NOREPLICAS")
        self.assertEqual(client.command("WAIT", 1, 50), 0)

    def test_a_member_that_connects_again_is_one_copy(self):
        primary = Node(self, "pod-0", options=["--min-replicas-to-write", "2"])
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")

        def follow():
            link = primary.peer("pod-1")
            link.socket.sendall(b"PSYNC ? -1\r\n")
            wait_for("a snapshot", lambda: link.socket.recv(1 << 16))
            return link
        former = follow()
        follow()
        wait_for("the former is dropped", lambda: primary.info()["connected_slaves"] == "1")
        self.assertTrue(self.is_closed(former))
        self.assertEqual(primary.info()["redisha_replicas"], "pod-1")
        self.assertEqual(code(primary.connect().command("SET", "k", "v")), "NOREPLICAS")

    def keys(self, node, db):
        connection = node.connect()
        connection.command("SELECT", db)
        size = connection.command("DBSIZE")
        connection.close()
        return size

    def in_sync(self, replica, primary):
        theirs, ours = replica.info(), primary.info()
        return theirs["master_link_status"] == "up" and theirs["master_repl_offset"] == ours["master_repl_offset"]

    def test_a_replica_that_restarts_goes_on_in_the_database_that_the_stream_has_selected(self):
        for managed in (True, False):
            with self.subTest(managed=managed):
                primary = Node(self, "pod-0", managed=managed)
                follow = [] if managed else ["--replicaof", f"127.0.0.1 {primary.port}"]
                replica = Node(self, "pod-1", managed=managed, options=follow)

                def assign():
                    if managed:
                        self.assertEqual(replica.role(1, "pod-0", "REPLICA", "127.0.0.1", primary.port), "OK")
                    wait_for("the replica is in sync", lambda: self.in_sync(replica, primary))
                if managed:
                    self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
                assign()
                client = primary.connect()
                client.command("SELECT", 5)
                client.command("SET", "one", 1)
                wait_for("the replica is in sync", lambda: self.in_sync(replica, primary))
                replica.stop()
                client.command("SET", "two", 2)
                replica.start().stop()  # a managed one has no role all the while
                client.command("SET", "three", 3)
                replica.start()
                assign()
                client.command("SET", "four", 4)
                wait_for("the replica is in sync", lambda: self.in_sync(replica, primary))
                self.assertEqual((self.keys(replica, 0), self.keys(replica, 5)), (0, 4))
                self.assertEqual(primary.info("stats")["sync_full"], "1", "nothing but the first time")

    def open(self, node, count, *words):
        """Connections that have said `words`, and what they were answered."""
        opened = [node.stranger() for _ in range(count)]
        return opened, [connection.command(*words) for connection in opened] if words else None

    def test_strangers_and_clients_leave_room_for_members(self):
        primary = Node(self, "pod-0", password="secret", options=["--maxclients", "20"])
        replica = Node(self, "pod-1")
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY"), "OK")
        self.open(primary, 300)
        self.assertEqual(replica.role(1, "pod-0", "REPLICA", "127.0.0.1", primary.port), "OK")
        wait_for("the link beside strangers", self.up(replica))
        clients, answers = self.open(primary, 20, "AUTH", "secret")
        self.assertEqual(set(answers), {b"OK"}, "strangers leave for clients")
        late = primary.stranger()
        self.assertIn("max number of clients reached", late.command("AUTH", "secret").args[0])
        self.assertTrue(self.is_closed(late))
        self.assertEqual(replica.role(2, "pod-0", "REPLICA", "127.0.0.1", primary.port), "OK")
        wait_for("the link beside clients", self.up(replica))
        peers = [primary.peer() for _ in range(10)]
        self.open(primary, 300)
        for session in (*peers, *clients):
            self.assertEqual(session.command("PING"), b"PONG", "whoever was let in stays")
        self.assertTrue(self.up(replica)())
        clients[0].close()
        wait_for("a place is free", lambda: primary.stranger().command("AUTH", "secret") == b"OK")

    def test_without_a_password_clients_leave_room_for_members_too(self):
        node = Node(self, "pod-0", options=["--maxclients", "5", "--unixsocket", "node.sock"])
        clients, answers = self.open(node, 5, "PING")
        self.assertEqual(answers, [b"PONG"] * 5)
        for words in (("PING",), ("GET", "k"), ("AUTH", "x"), ("RESET",), ("REDISHA", "HELP"), ("NOSUCH",)):
            late = node.stranger()
            self.assertIsInstance(late.command(*words), resp.Error)
            self.assertTrue(self.is_closed(late), words)
        self.assertEqual(node.peer().command("REDISHA", "ROLE", 1, "pod-0", "PRIMARY"), b"OK")
        former = [node.peer() for _ in range(3)]
        self.assertEqual(clients[0].command("SET", "k", "v"), b"OK")
        self.assertEqual([session.command("GET", "k") for session in former], [b"v"] * 3)

    def test_what_strangers_send_is_bounded_together(self):
        node = Node(self, "pod-0", password="secret")
        client = node.connect()
        used = lambda: int(resp.info(client, "memory")["used_memory"])
        before = used()
        strangers = self.open(node, 900)[0]
        for stranger in strangers:
            try:
                stranger.socket.sendall(b"*5\r\n$4\r\nAUTH\r\n" + b"$16000\r\n%s\r\n" % (b"x" * 16_000) * 3)
            except OSError:
                pass  # it had to leave
        self.assertEqual(client.command("PING"), b"PONG")
        if used() > before:  # a sanitizer's allocator keeps no count
            self.assertLess(used() - before, 40 << 20)
            self.assertGreater(used() - before, 16 << 20)
        self.assertEqual(code(node.connect().command("PING")), b"PONG")

    def test_a_full_disk_and_a_paused_node_answer_members(self):
        node = Node(self, "pod-0")
        self.assertEqual(node.role(1, "pod-0", "PRIMARY"), "OK")
        peer, client = node.peer(), node.connect()
        client.command("SET", "k", "v")
        os.mkdir(os.path.join(node.folder, f"dump.rdb.{node.process.pid}.bg0.tmp"))
        client.command("BGSAVE")
        wait_for("the save fails", lambda: code(client.command("PING")) == "MISCONF")
        self.assertEqual(peer.command("PING"), b"PONG")
        self.assertIn("stop-writes-on-bgsave-error", node.info()["redisha_writes_refused"])
        self.assertEqual(code(peer.command("SET", "k", "w")), "MISCONF")
        client.command("CLIENT", "PAUSE", 600000, "ALL")
        self.assertEqual(peer.command("PING"), b"PONG")
        self.assertEqual(peer.command("REDISHA", "ROLE", 2, "pod-1", "REPLICA", "127.0.0.1", 1), b"OK")

    def test_an_append_only_file_keeps_history_offset_and_epoch_through_a_crash(self):
        """What a cold start ranks copies by: on the primary, and on a replica that was told of the epoch by its primary."""
        options = ["--appendonly", "yes", "--appendfsync", "always"]
        primary, replica = (Node(self, name, options=options) for name in ("pod-0", "pod-1"))
        self.assertEqual(primary.role(5, "pod-0", "PRIMARY"), "OK")
        self.assertEqual(replica.role(5, "pod-0", "REPLICA", "127.0.0.1", primary.port), "OK")
        wait_for("the link", lambda: replica.info()["master_link_status"] == "up")
        wait_for("the replica's base", lambda: replica.info("persistence")["redisha_aof_sound"] == "yes")
        client = primary.connect()
        for i in range(20):
            self.assertEqual(client.command("SET", f"k{i}", "v"), b"OK")
        wait_for("the replica", lambda: client.command("WAIT", 1, 1000) == 1)
        fields = ("master_replid", "master_repl_offset", "redisha_data_epoch")
        seen = {node: {field: node.info()[field] for field in fields} for node in (primary, replica)}
        for node in (primary, replica):
            node.kill()
        for node in (primary, replica):
            node.start()
            found = node.info()
            self.assertEqual({field: found[field] for field in fields}, seen[node])
            self.assertEqual(node.role(6, "pod-0", "PRIMARY"), "OK")
            self.assertEqual(node.connect().command("DBSIZE"), 20)

    LOG = ["--appendonly", "yes", "--appendfsync", "always"]

    def again(self, node, options, keys, end=None):
        """Ends it, starts it with other options, and looks whether all is there."""
        (end or node.kill)()
        node.options = ["--redisha-managed", "yes", *options]
        node.start()
        self.assertEqual(node.info("keyspace").get("db0", "").split(",")[0], f"keys={keys}")

    def written(self, node, epoch, first, count=20):
        self.assertEqual(node.role(epoch, "pod-0", "PRIMARY"), "OK")
        client = node.connect()
        for i in range(first, first + count):
            self.assertEqual(client.command("SET", f"k{i}", "v"), b"OK")

    def has_log(self, node):
        return os.path.exists(os.path.join(node.folder, "appendonlydir", "appendonly.aof.manifest"))

    def test_an_append_only_file_that_is_not_wanted_stays_in_force_until_an_rdb_file_holds_its_data(self):
        node = Node(self, "pod-0", options=self.LOG)
        self.written(node, 1, 0)
        # The save that begins at once does not come to an end: what is written goes on into the file.
        self.again(node, ["--appendfsync", "always", "--rdb-key-save-delay", "10000000"], 20)
        self.written(node, 2, 20)
        self.assertTrue(self.has_log(node))
        self.again(node, ["--rdb-key-save-delay", "10000000"], 40)
        # At the end the file is written, and the other one is gone.
        node.options = ["--redisha-managed", "yes"]
        node.connect().command("CONFIG", "SET", "rdb-key-save-delay", 0)
        self.again(node, [], 40, node.stop)
        wait_for("it is gone", lambda: not self.has_log(node))
        self.assertEqual(os.listdir(os.path.join(node.folder, "appendonlydir")), [])
        self.again(node, [], 40)
        self.again(node, self.LOG, 40)

    def test_the_newest_of_two_files_is_loaded_whatever_is_wanted(self):
        node = Node(self, "pod-0", options=self.LOG)
        self.written(node, 1, 0)
        node.kill()
        older = os.path.join(node.folder, "older")
        shutil.copytree(os.path.join(node.folder, "appendonlydir"), older)
        self.again(node, [], 20)
        wait_for("it is gone", lambda: not self.has_log(node))
        self.written(node, 2, 20)
        for options in (self.LOG, []):
            node.stop()  # with a file
            shutil.rmtree(os.path.join(node.folder, "appendonlydir"), ignore_errors=True)
            shutil.copytree(older, os.path.join(node.folder, "appendonlydir"))
            self.again(node, options, 40)
            self.assertIn("that one is loaded instead", node.log())
            self.assertNotIn("cmdstat_set", node.info("commandstats"), "what the other file held counts as nobody's commands")
        wait_for("it is gone", lambda: not self.has_log(node))

    def test_a_role_order_ends_a_failover(self):
        """Also one that only confirms what the handover has begun: an answer to that leads nobody back."""
        for forced in (False, True):
            for words in (("REPLICA", "127.0.0.1", 1), ("REPLICA", "127.0.0.1", None), ("PRIMARY",)):
                with self.subTest(forced=forced, words=words):
                    first, second = (Node(self, name, managed=False) for name in ("pod-0", "pod-1"))
                    second.connect().command("REPLICAOF", "127.0.0.1", first.port)
                    wait_for("the replica", lambda: "state=online" in first.info().get("slave0", ""))
                    second.process.send_signal(signal.SIGSTOP)
                    client = first.connect()
                    client.command("SET", "never", "acknowledged")
                    force = ("TO", "127.0.0.1", second.port, "TIMEOUT", 1, "FORCE") if forced else ()
                    self.assertEqual(client.command("FAILOVER", *force), b"OK")
                    state = "failover-in-progress" if forced else "waiting-for-sync"
                    wait_for(state, lambda: first.info()["master_failover_state"] == state)
                    writer = first.connect()
                    writer.socket.sendall(resp.encode(("SET", "k", "v")))
                    wait_for("a held write", lambda: first.info("clients")["blocked_clients"] == "1")
                    order = [second.port if word is None else word for word in words]
                    self.assertEqual(first.role(5, "pod-1" if len(order) > 1 else "pod-0", *order), "OK")
                    self.assertEqual(first.info()["master_failover_state"], "no-failover")
                    if words == ("PRIMARY",):
                        self.assertEqual(writer.read(), b"OK")
                    else:
                        with self.assertRaises(resp.Disconnected):
                            writer.read()
                        self.assertEqual(code(client.command("SET", "k", "v")), "READONLY")
                        self.assertEqual(client.command("FAILOVER", "ABORT").args[0], "ERR No failover in progress.")
                    second.process.send_signal(signal.SIGCONT)
                    if words[-1] is None:
                        self.assertEqual(second.role(5, "pod-1", "PRIMARY"), "OK")
                        wait_for("the new link", lambda: first.info()["master_link_status"] == "up")
                    self.assertEqual(first.info()["role"], "master" if words == ("PRIMARY",) else "slave")

    def test_a_start_without_what_membership_needs_is_refused(self):
        folder = tempfile.mkdtemp(prefix="rha-members-")
        self.addCleanup(shutil.rmtree, folder)
        key = os.path.join(folder, "key")
        with open(key, "w", encoding="ascii") as file:
            file.write("short\n")
        start = [NODE, "--port", "0", "--dir", folder, "--redisha-peer-key-file"]
        identity = ["--redisha-cluster-uid", UID, "--redisha-node-name", "pod-0"]
        without = subprocess.run([*start[:-1], "--redisha-managed", "yes"], capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertNotEqual(without.returncode, 0)
        self.assertIn("needs redisha-peer-key-file", without.stdout + without.stderr)
        for options, line in (([key], "needs redisha-cluster-uid"), ([key, *identity], "at least 32"),
                              ([key + ".not", *identity], "no such file")):
            ended = subprocess.run([*start, *options], capture_output=True, text=True, timeout=DEADLINE_S)
            self.assertNotEqual(ended.returncode, 0)
            self.assertIn(line, ended.stdout + ended.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
