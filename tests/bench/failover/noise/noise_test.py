"""When noises are on, what the line does to packets, what the resolver answers, and what is made of the sentinels' logs."""
import random
import struct
import unittest
from datetime import timedelta

from tests.bench.failover.noise import report, router, schedule, slow_dns, throttle
from tests.bench.failover.noise.schedule import OFF_S, ON_S, Phase

HOST, OTHER = "10.77.1.1", "10.77.1.2"


class Schedule(unittest.TestCase):
    def test_a_seed_gives_the_same_phases_and_each_noise_has_its_own(self):
        self.assertEqual(schedule.phases(7, "loss", 600), schedule.phases(7, "loss", 600))
        self.assertNotEqual(schedule.phases(7, "loss", 600), schedule.phases(7, "jitter", 600))
        self.assertNotEqual(schedule.phases(7, "loss", 600), schedule.phases(8, "loss", 600))

    def test_phases_follow_each_other_within_their_bounds_and_end_with_the_run(self):
        made = schedule.phases(7, "loss", 1800)
        for before, after in zip(made, made[1:]):
            self.assertTrue(OFF_S[0] <= after.begin - before.end <= OFF_S[1])
            self.assertTrue(ON_S[0] <= before.end - before.begin <= ON_S[1])
        self.assertLessEqual(made[-1].end, 1800)

    def test_all_combinations_of_two_occur_in_half_an_hour(self):
        plan = {name: schedule.phases(7, name, 1800) for name in ("loss", "jitter")}
        seen = {frozenset(schedule.on_at(plan, at)) for at in range(1800)}
        self.assertEqual(len(seen), 4)

    def test_a_short_run_has_some_of_each(self):
        for seed in range(100):
            self.assertLess(schedule.phases(seed, "loss", 12)[0].begin, 3)

    def test_a_phase_begins_with_its_first_moment_and_is_over_at_its_end(self):
        plan = {"loss": [Phase(1, 2)], "jitter": [Phase(2, 3)]}
        self.assertEqual([schedule.on_at(plan, at) for at in (0.5, 1, 2, 3)], [[], ["loss"], ["jitter"], []])


class Line(unittest.TestCase):
    def setUp(self):
        self.line = router.Line(random.Random(7))

    def test_without_delay_and_loss_all_pass_at_once_and_in_order(self):
        for number in range(5):
            self.assertTrue(self.line.take(1.0, "flow", number, 0, 0))
        self.assertEqual(list(self.line.due(1.0)), [0, 1, 2, 3, 4])
        self.assertIsNone(self.line.next_at())

    def test_a_share_of_the_packets_is_lost(self):
        taken = sum(self.line.take(1.0, "flow", number, 0.05, 0) for number in range(10_000))
        self.assertTrue(9400 < taken < 9600, taken)

    def test_no_packet_comes_early_and_none_later_than_the_delay(self):
        self.line.take(1.0, "flow", "packet", 0, 0.2)
        self.assertTrue(1.0 < self.line.next_at() <= 1.2)
        self.assertEqual(list(self.line.due(1.0)), [])
        self.assertEqual(list(self.line.due(1.2)), ["packet"])

    def test_a_flow_keeps_its_order_and_others_may_overtake_it(self):
        for number in range(100):
            self.line.take(1.0 + number / 1000, number % 2, number, 0, 0.2)
        came = list(self.line.due(2.0))
        for flow in (0, 1):
            self.assertEqual([number for number in came if number % 2 == flow], list(range(flow, 100, 2)))
        self.assertNotEqual(came, sorted(came))

    def test_quiet_flows_are_forgotten(self):
        for number in range(router.FLOWS_MAX + 10):
            self.line.take(float(number), number, "packet", 0, 0.2)
        self.assertLess(len(self.line.last), 20)

    def test_a_packet_says_whose_it_is(self):
        packet = bytes([0x45]) + bytes(8) + b"\x06" + bytes(2) + b"\x0a\x4d\x01\x01" + b"\x0a\x4d\x01\x02" + b"\x18\xeb\x66\x0b" + b"rest"
        self.assertEqual(router.addresses(packet), (b"\x0a\x4d\x01\x01", b"\x0a\x4d\x01\x02"))
        self.assertEqual(router.flow(packet), b"\x06" + packet[12:24])


class Names(unittest.TestCase):
    def ask(self, name, kind=1):
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        self.question = labels + b"\0" + struct.pack("!2H", kind, 1)
        query = b"\x12\x34" + struct.pack("!5H", 0x0100, 1, 0, 0, 0) + self.question
        return slow_dns.reply(query, {"a.noise.test": HOST}.get(slow_dns.question(query)[0]))

    def test_a_name_has_its_address(self):
        said = self.ask("a.noise.test")
        self.assertEqual(said[:12], b"\x12\x34" + struct.pack("!5H", slow_dns.ANSWERED, 1, 1, 0, 0))
        self.assertEqual(said[12:12 + len(self.question)], self.question)
        self.assertEqual(said[-4:], bytes([10, 77, 1, 1]))

    def test_names_are_the_same_in_capitals(self):
        self.assertEqual(self.ask("A.Noise.TEST")[-4:], bytes([10, 77, 1, 1]))

    def test_another_kind_of_address_is_not_there_though_the_name_is(self):
        self.assertEqual(struct.unpack_from("!5H", self.ask("a.noise.test", 28), 2), (slow_dns.ANSWERED, 1, 0, 0, 0))

    def test_an_unknown_name_is_not_there(self):
        self.assertEqual(struct.unpack_from("!5H", self.ask("b.noise.test"), 2), (slow_dns.NOT_THERE, 1, 0, 0, 0))

    def test_what_is_no_question_is_told_apart(self):
        for query in (b"", b"\x12\x34", bytes(12) + b"\x05abc"):
            self.assertIsNone(slow_dns.question(query))


class Share(unittest.TestCase):
    def test_both_versions_of_the_kernels_interface(self):
        self.assertEqual(throttle.setting(20, version_2=False), ("cpu.cfs_quota_us", "20000"))
        self.assertEqual(throttle.setting(None, version_2=False), ("cpu.cfs_quota_us", "-1"))
        self.assertEqual(throttle.setting(20, version_2=True), ("cpu.max", "20000 100000"))
        self.assertEqual(throttle.setting(None, version_2=True), ("cpu.max", "max 100000"))


def line(second, text, minute=0):
    return f"2026-11-30T18:{minute:02}:{second:02}.500+00:00 warning {text}"


class Logs(unittest.TestCase):
    switch = f"+switch-master bench {HOST} 6379 {OTHER} 6379"
    logs = {HOST: [line(1, f"+sdown master bench {HOST} 6379"), line(2, f"+sdown slave {OTHER}:6379 {OTHER} 6379 @ bench {HOST} 6379"),
                   line(3, f"+odown master bench {HOST} 6379 #quorum 2/2"), line(5, switch)],
            OTHER: [line(1, f"+sdown master bench {HOST} 6379"), line(4, switch), line(30, switch, minute=1), line(31, "+tilt #tilt mode entered")]}

    def test_a_failover_counts_once_and_the_rest_is_in_sum(self):
        self.assertEqual(report.counts(self.logs), {"failovers": 2, "odown": 1, "sdown": 2, "tilt": 1})
        self.assertEqual(report.counts({HOST: []}), {"failovers": 0, "odown": 0, "sdown": 0, "tilt": 0})

    def test_each_failover_has_one_moment(self):
        first, second = report.moments(self.logs)
        self.assertEqual((second - first), timedelta(seconds=86))

    def test_around_a_failover_all_logs_are_one_in_order(self):
        said = report.around(self.logs, [line(2, "a script"), line(0, "long over", minute=9)], report.moments(self.logs)[0]).splitlines()
        self.assertEqual([text.split()[0] for text in said], [HOST, OTHER, HOST, "noise", HOST, OTHER, HOST])

    def test_lines_of_redis_server_have_a_time_too(self):
        said = report.time_of("123:X 29 Nov 2026 10:00:00.123 # +sdown master bench 10.77.1.1 6379")
        self.assertEqual((said.day, said.microsecond), (29, 123_000))
        self.assertIsNone(report.time_of("no time at all"))


class Table(unittest.TestCase):
    def test_one_line_an_arm_below_the_names(self):
        seen = {"acknowledged": 5990, "failed": 1, "unanswered": 2, "outage_ms": 912.4}
        quiet = report.row("plain", 30, ["loss", "jitter"], {HOST: []}, seen, 0)
        never = report.row("group", 0.5, ["loss"], Logs.logs, {**seen, "outage_ms": None}, None)
        head, first, second = report.table([quiet, never]).splitlines()
        self.assertEqual(head.split()[:4], ["arm", "minutes", "noises", "failovers"])
        self.assertEqual(first.split(), ["plain", "30", "loss", "jitter", "0", "0", "0", "0", "5990", "0", "1", "2", "912"])
        self.assertEqual(second.split(), ["group", "0.5", "loss", "2", "1", "2", "1", "5990", "unknown", "1", "2", "unknown"])


if __name__ == "__main__":
    unittest.main()
