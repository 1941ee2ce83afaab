#!/usr/bin/env python3
"""redisha-sentinel in the place of redis-sentinel and back: the same file, the same answers, settings at run time."""
import os
import signal
import socket
import unittest

import redis

from sidecar_test import GROUP, Bed, raw_command, until

PERSONS_FILE = """# whom clients ask for the primary
port {port}
bind 127.0.0.1
dir {folder}
# taken, though a Sentinel has no use for it
repl-diskless-sync-delay 0
enable-protected-configs yes
acllog-max-len 128

# quick: the network is good
sentinel down-after-milliseconds {group} 1000
SENTINEL resolve-hostnames no
sentinel deny-scripts-reconfig no
# the database
sentinel monitor {group} 127.0.0.1 {primary} 1
sentinel failover-timeout {group} 10000
sentinel parallel-syncs {group} 1
"""


class Swap(Bed):
    def persons_file(self, primary):
        port = self.port()
        with open(self.config_of(port), "w") as conf:
            conf.write(PERSONS_FILE.format(port=port, folder=self.folder, primary=primary, group=GROUP))
        return port

    def lines(self, port):
        with open(self.config_of(port)) as conf:
            return conf.read().splitlines()

    def swap(self, port, primary, stock):
        self.sentinels[port].kill(15)
        self.start_sentinel(primary, port=port, stock=stock)
        until("it goes on where the other stopped", lambda: self.master(port)["num-slaves"] == 2)

    def test_one_file_serves_both_in_turn(self):
        servers = self.start_trio()
        port = self.persons_file(servers[0])
        self.start_sentinel(servers[0], port=port, stock=True)
        until("stock finds the replicas", lambda: self.master(port)["num-slaves"] == 2)
        myid = raw_command(port, "SENTINEL", "MYID")
        raw_command(port, "SENTINEL", "SET", GROUP, "down-after-milliseconds", "1500")
        for stock in (False, True, False):
            self.swap(port, servers[0], stock)
            self.assertEqual(raw_command(port, "SENTINEL", "MYID"), myid)
            self.assertEqual(self.master(port)["down-after-milliseconds"], 1500)
            lines = self.lines(port)
            comments = [line for line in lines if line.startswith("#")]
            self.assertEqual(comments[:4], [line for line in PERSONS_FILE.splitlines() if line.startswith("#")])
            after = lines[lines.index("# quick: the network is good") + 1]
            self.assertEqual(after, f"sentinel down-after-milliseconds {GROUP} 1500")
            after = lines[lines.index("# the database") + 1]
            self.assertEqual(after, f"sentinel monitor {GROUP} 127.0.0.1 {servers[0]} 1")

    def test_a_failover_is_known_after_the_swap(self):
        servers = self.start_trio()
        port = self.persons_file(servers[0])
        self.start_sentinel(servers[0], port=port)
        until("ours finds the replicas", lambda: self.master(port)["num-slaves"] == 2)
        self.servers[servers[0]].kill()
        new = self.agreed_new_primary([port], servers[0])
        epoch = self.master(port)["config-epoch"]
        self.sentinels[port].kill(15)
        self.start_sentinel(new, port=port, stock=True)
        self.assertEqual((self.address(port), self.master(port)["config-epoch"]), (new, epoch))


class Scripts(Bed):
    def script(self, name, *lines):
        path = os.path.join(self.folder, name)
        with open(path, "w") as script:
            script.write("#!/bin/sh\n" + "\n".join(lines) + "\n")
        os.chmod(path, 0o755)
        return path

    def said(self, path):
        if not os.path.exists(path):
            return []
        with open(path) as log:
            return log.read().splitlines()

    def test_events_and_switches_run_them(self):
        servers = self.start_trio()
        events, switches = (os.path.join(self.folder, name) for name in ("events", "switches"))
        notify = self.script("notify", f'echo "$@" >>{events}')
        reconfigure = self.script("reconfigure", f'echo "$@" >>{switches}')
        port = self.start_sentinel(servers[0], quorum=1, lines=[
            f"sentinel notification-script {GROUP} {notify}", f"sentinel client-reconfig-script {GROUP} {reconfigure}"])
        until("replicas found", lambda: self.master(port)["num-slaves"] == 2)
        self.servers[servers[0]].kill()
        new = self.agreed_new_primary([port], servers[0])
        switch = f"127.0.0.1 {servers[0]} 127.0.0.1 {new}"
        until("told of the switch", lambda: f"+switch-master {GROUP} {switch}" in self.said(events))
        until("run for the switch", lambda: self.said(switches) == [f"{GROUP} leader start {switch}"])
        self.assertIn(f"+sdown master {GROUP} 127.0.0.1 {servers[0]}", self.said(events))
        denied = str(raw_command(port, "SENTINEL", "SET", GROUP, "notification-script", notify))
        self.assertIn("denied for security reasons", denied)

    def test_they_are_tried_again_killed_and_listed(self):
        primary = self.start_server()
        runs = os.path.join(self.folder, "runs")
        again = self.script("again", f"echo run >>{runs}", "test $(wc -l <" + runs + ") -ge 3 || exit 1")
        slow = self.script("slow", "exec sleep 60")
        port = self.start_sentinel(primary, quorum=1, lines=["sentinel deny-scripts-reconfig no"])
        self.assertEqual(raw_command(port, "SENTINEL", "DEBUG", "script-retry-delay", "10", "script-max-runtime", "300"), "OK")
        self.assertEqual(raw_command(port, "SENTINEL", "SET", GROUP, "notification-script", again), "OK")
        until("tried until it ended well", lambda: len(self.said(runs)) == 3)
        until("nothing is left", lambda: raw_command(port, "SENTINEL", "PENDING-SCRIPTS") == [])
        subscriber = self.sentinel(port).pubsub()
        subscriber.subscribe("-script-timeout")
        self.assertEqual(raw_command(port, "SENTINEL", "SET", GROUP, "notification-script", slow), "OK")
        until("it runs", lambda: dict(zip(*[iter(raw_command(port, "SENTINEL", "PENDING-SCRIPTS")[0])] * 2)).get("flags") == "running")
        self.assertEqual(self.sentinel(port).info("sentinel")["sentinel_running_scripts"], 1)
        until("it is killed", lambda: (subscriber.get_message() or {}).get("data", 0) not in (0, 1))


class Settings(Bed):
    def setUp(self):
        super().setUp()
        self.primary = self.start_server()
        self.port_ = self.start_sentinel(self.primary, quorum=1, lines=["sentinel deny-scripts-reconfig no"])

    def say(self, *words):
        return raw_command(self.port_, "SENTINEL", *words)

    def test_answers_and_errors_are_those_of_redis(self):
        stock = self.start_sentinel(self.primary, quorum=1, stock=True, lines=["sentinel deny-scripts-reconfig no"])
        for words in (("CONFIG", "SET", "announce-port", "x"), ("CONFIG", "SET", "nope", "1"),
                      ("CONFIG", "SET", "resolve-hostnames", "maybe"), ("CONFIG", "SET", "sentinel-user", "u"),
                      ("CONFIG", "GET", "sentinel-*"), ("CONFIG", "GET", "a*"), ("CONFIG", "SET", "sentinel-user", ""),
                      ("DEBUG", "info-period", "0"), ("DEBUG", "nope", "1"), ("DEBUG", "ping-period", "500"),
                      ("SET", GROUP, "notification-script", "test.txt"), ("SET", GROUP, "fakeoption"),
                      ("SET", GROUP, "client-reconfig-script", "test.txt"), ("SET", GROUP, "quorum", "x"),
                      ("SET", GROUP, "rename-command", "PING"), ("MONITOR", "b", "some-host", "1", "1"),
                      ("PENDING-SCRIPTS",), ("SIMULATE-FAILURE", "help"), ("SIMULATE-FAILURE", "nope")):
            self.assertEqual(str(self.say(*words)), str(raw_command(stock, "SENTINEL", *words)), words)
        periods = self.say("DEBUG")[0::2]
        self.assertEqual(periods, raw_command(stock, "SENTINEL", "DEBUG")[0::2])
        for section in ("server", "clients", "cpu", "sentinel"):
            missing = set(redis.Redis(port=stock).info(section)) - set(redis.Redis(port=self.port_).info(section))
            self.assertEqual(missing, set(), section)

    def test_a_renamed_ping_takes_effect_at_once(self):
        self.assertEqual(self.say("SET", GROUP, "rename-command", "PING", "PONG"), "OK")
        until("PONG is no command", lambda: "s_down" in self.master(self.port_)["flags"])
        self.assertEqual(self.say("SET", GROUP, "rename-command", "PING", "PING"), "OK")
        until("PING is", lambda: self.master(self.port_)["flags"] == "master")

    def test_a_password_set_later_reconnects(self):
        server = redis.Redis(port=self.primary)
        server.config_set("requirepass", "secret")
        redis.Redis(port=self.primary, password="secret").execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        until("it is shut out", lambda: "disconnected" in self.master(self.port_)["flags"])
        self.assertEqual(self.say("SET", GROUP, "auth-pass", "secret"), "OK")
        until("it is back", lambda: self.master(self.port_)["flags"] == "master")

    def test_what_config_set_changed_is_kept(self):
        self.assertEqual(self.say("CONFIG", "SET", "announce-ip", "127.0.0.9", "loglevel", "warning"), "OK")
        self.sentinels[self.port_].kill(15)
        self.start_sentinel(self.primary, port=self.port_)
        self.assertEqual(self.say("CONFIG", "GET", "announce-ip", "loglevel"),
                         ["announce-ip", "127.0.0.9", "loglevel", "warning"])

    def test_a_file_that_was_cut_short_or_removed_gets_its_lines_back(self):
        path = self.config_of(self.port_)
        before = [line for line in self.lines() if line]
        for harm in (lambda: open(path, "w").close(), lambda: os.remove(path)):
            harm()
            self.assertEqual(self.say("FLUSHCONFIG"), "OK")
            self.assertEqual([line for line in self.lines() if line], before)

    def lines(self):
        with open(self.config_of(self.port_)) as conf:
            return conf.read().splitlines()

    def test_a_log_that_was_rotated_goes_on_under_its_name(self):
        log = os.path.join(self.folder, "sentinel.log")
        port = self.start_sentinel(self.primary, quorum=1, lines=[f"logfile {log}"])
        os.rename(log, log + ".1")
        self.sentinels[port].process.send_signal(signal.SIGHUP)  # as many a logrotate does
        def goes_on():
            raw_command(port, "SENTINEL", "SET", GROUP, "quorum", "1")
            return os.path.exists(log) and "+set" in open(log).read()
        until("it writes into a new file", goes_on)

    def test_a_log_that_cannot_be_opened_anew_goes_on_in_the_old_file(self):
        log = os.path.join(self.folder, "sentinel.log")
        port = self.start_sentinel(self.primary, quorum=1, lines=[f"logfile {log}"])
        os.rename(log, log + ".1")
        os.mkdir(log)
        def told(path, quorum):
            raw_command(port, "SENTINEL", "SET", GROUP, "quorum", quorum)
            return os.path.isfile(path) and f"quorum {quorum}" in open(path).read()
        for quorum in ("2", "3", "4"):
            until("it writes on", lambda: told(log + ".1", quorum))
        os.rmdir(log)
        until("it writes into a new file", lambda: told(log, "5"))

    def test_who_finds_no_room_is_told(self):
        port = self.start_sentinel(self.primary, quorum=1, lines=["maxclients 1"])
        with socket.create_connection(("127.0.0.1", port), 3), socket.create_connection(("127.0.0.1", port), 3) as late:
            self.assertEqual(late.recv(100), b"-ERR max number of clients reached\r\n")

    def test_answers_that_nobody_reads_are_bounded_together(self):
        request = f"COMMAND INFO {'sentinel ' * 5000}\r\n".encode()
        idle = [socket.create_connection(("127.0.0.1", self.port_), 3) for _ in range(10)]
        for connection in idle:
            self.addCleanup(connection.close)
            connection.sendall(request)
        def held():
            return [int(client["omem"]) for client in redis.Redis(port=self.port_).client_list() if int(client["omem"]) > 1 << 20]
        until("some are closed", lambda: len(held()) < len(idle) and sum(held()) <= 64 << 20)

    def test_host_names_are_announced_if_wanted(self):
        self.assertEqual(self.say("CONFIG", "SET", "resolve-hostnames", "yes"), "OK")
        self.assertEqual(self.say("MONITOR", "named", "localhost", str(self.primary), "1"), "OK")
        def host():
            return self.say("GET-MASTER-ADDR-BY-NAME", "named")[0]
        until("it is looked up", lambda: host() in ("127.0.0.1", "::1"))
        self.assertEqual(self.say("CONFIG", "SET", "announce-hostnames", "yes"), "OK")
        self.assertEqual(host(), "localhost")


if __name__ == "__main__":
    unittest.main()
