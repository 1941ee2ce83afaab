#!/usr/bin/env python3
"""What redisha-sentinel publishes beside what redis-sentinel does in the same story: the same events with the same words.

A leader alone with its group goes through one story, ours and stock each with servers of their own; then both watch
how a third one leads a failover.
"""
import re
import unittest

import redis

from sidecar_test import GROUP, Bed, Events, until

# docs/differences.md: the switch is told at the promotion, so what comes behind it names the new primary.
BEHIND_THE_SWITCH = ("+slave-reconf-sent", "+slave-reconf-inprog", "+slave-reconf-done", "+failover-end")


class Story(Bed):
    maxDiff = None

    def said(self, events, names):
        """(channel, words) with the servers by their names and without ids."""
        def plain(data):
            data = re.sub(r"\b[0-9a-f]{40}\b", "<id>", data)
            return re.sub(r"\b(%s)\b" % "|".join(map(str, names)), lambda found: names[int(found[0])], data)
        return [(channel, plain(data)) for channel, data in list(events.seen)]

    def quicken(self, port):
        """Asks and publishes more often, and so corrects sooner."""
        self.sentinel(port).execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "500")

    def trio(self):
        """One that is preferred among the replicas, so that the story is the same each time."""
        primary = self.start_server()
        favoured = self.start_server(None, primary, "--replica-priority", "10")
        other = self.start_server(None, primary)
        for port in (favoured, other):
            until("a replica in sync", lambda: redis.Redis(port=port).info("replication")["master_link_status"] == "up")
        return {primary: "primary", favoured: "favoured", other: "other"}


class Leader(Story):
    def story(self, stock):
        names = self.trio()
        primary, favoured, other = names
        sentinel = self.start_sentinel(primary, quorum=1, stock=stock, down_after=2000)
        names[sentinel] = "sentinel"
        until("it knows the replicas", lambda: self.knows(sentinel, 2, 0), 20)
        self.quicken(sentinel)
        events = Events(sentinel)
        client = self.sentinel(sentinel)

        def seen(channel, words=""):
            until(f"{channel} {words}", lambda: any(c == channel and words in said for c, said in self.said(events, names)), 30)
        client.sentinel_set(GROUP, "quorum", 1)
        client.sentinel_monitor("second", "127.0.0.1", primary, 1)
        until("the second group's replicas", lambda: sum(c == "+slave" for c, _ in events.seen) == 2, 20)
        client.sentinel_remove("second")
        self.servers[other].kill()
        seen("+sdown", "slave 127.0.0.1:other")
        self.start_server(other, primary)
        seen("-sdown", "slave 127.0.0.1:other")
        seen("+reboot", "slave 127.0.0.1:other")
        self.servers[primary].kill()
        seen("+switch-master")
        seen("+sdown", "slave 127.0.0.1:primary")
        seen("+failover-end")
        self.start_server(primary)
        seen("-sdown", "slave 127.0.0.1:primary")
        seen("+role-change", "slave 127.0.0.1:primary")
        return self.said(events, names)

    def test_a_leader_tells_what_stock_tells(self):
        stock, ours = self.story(True), self.story(False)
        at = [channel for channel, _ in stock].index("+failover-end")
        told = {item for item in stock[:at + 1] if item[0] in BEHIND_THE_SWITCH}
        self.assertEqual({channel for channel, _ in told}, {*BEHIND_THE_SWITCH})

        def renamed(item):
            return (item[0], re.sub(r"127.0.0.1 primary$", "127.0.0.1 favoured", item[1])) if item in told else item
        self.assertEqual(sorted(ours), sorted(map(renamed, stock)))


class Observers(Story):
    def test_observers_tell_what_stock_tells(self):
        names = self.trio()
        primary, favoured, other = names
        ours, stock, leader = self.start_sentinels(primary, kinds=("ours", "stock", "stock"))
        names |= {ours: "observer", stock: "observer", leader: "leader"}
        until("they are connected to each other", lambda: all(
            {peer["flags"] for peer in self.sentinel(port).sentinel_sentinels(GROUP)} == {"sentinel"} for port in (ours, stock, leader)))
        for port in (ours, stock, leader):
            self.quicken(port)
        events = {port: Events(port) for port in (ours, stock)}
        until("the leader's news are fresh enough to choose by", lambda: self.sentinel(leader).execute_command("SENTINEL", "FAILOVER", GROUP))
        for port in events:
            until("the switch", lambda: events[port].find("+switch-master"), 30)
            until("the old primary follows", lambda: any("slave 127.0.0.1:primary" in said for channel, said in self.said(events[port], names)
                                                         if channel == "+role-change"), 40)
        # Who comes first converts it, and who hears in time has seen the promotion itself.
        chance = ("+convert-to-slave", "-role-change")
        said = {port: sorted(item for item in set(self.said(events[port], names)) if item[0] not in chance) for port in events}
        self.assertEqual(said[ours], said[stock])


if __name__ == "__main__":
    unittest.main()
