"""What is made of the events of a round, of many rounds, and which goals they miss; and which packets a cut loses."""
import unittest

from tests.bench.failover import namespace, report
from tests.bench.failover.report import ACKNOWLEDGED, FAILED, UNANSWERED, Event, Goal

OLD, NEW = "127.0.0.1", "127.0.0.2"


def acknowledged(*moments, host=OLD):
    return [Event(at, number, ACKNOWLEDGED, host) for number, at in enumerate(moments)]


def played(arm="group", fault="kill", **figures):
    return {"arm": arm, "fault": fault, "outage_ms": 10.0, "lost": 0, "failed": 0, "unanswered": 0, **figures}


class Account(unittest.TestCase):
    def test_the_outage_is_from_the_last_acknowledged_to_the_first(self):
        made = report.account(acknowledged(1.0, 1.001) + acknowledged(1.041, 1.042, host=NEW), fault_at=1.0015)
        self.assertAlmostEqual(made["outage_ms"], 40.0)
        self.assertEqual(made["acknowledged"], 4)

    def test_what_was_acknowledged_by_the_old_one_after_the_fault_is_no_end_of_it(self):
        made = report.account(acknowledged(1.0, 1.002, 1.003) + acknowledged(1.053, host=NEW), fault_at=1.001)
        self.assertAlmostEqual(made["outage_ms"], 50.0)

    def test_a_pause_before_the_fault_does_not_count(self):
        made = report.account(acknowledged(0.0, 1.0) + acknowledged(1.01, host=NEW), fault_at=1.001)
        self.assertAlmostEqual(made["outage_ms"], 10.0)

    def test_an_outage_without_an_end_is_none(self):
        self.assertIsNone(report.account(acknowledged(1.0, 1.001), fault_at=1.002)["outage_ms"])
        self.assertIsNone(report.account([], fault_at=1.0)["outage_ms"])

    def test_errors_and_what_was_not_answered_are_told_apart_with_their_reasons(self):
        events = acknowledged(1.0) + [Event(1.1, 1, FAILED, OLD, "READONLY"), Event(1.2, 2, FAILED, OLD, "READONLY"),
                                      Event(1.3, 3, UNANSWERED, OLD, "overdue")] + acknowledged(1.4, host=NEW)
        made = report.account(events, fault_at=1.05)
        self.assertEqual((made["acknowledged"], made["failed"], made["unanswered"]), (2, 2, 1))
        self.assertEqual(made["why"], {"READONLY": 2, "overdue": 1})


class Figures(unittest.TestCase):
    def test_percentiles_are_by_nearest_rank(self):
        hundred = list(range(100, 0, -1))
        self.assertEqual([report.percentile(hundred, share) for share in (0.5, 0.99, 1)], [50, 99, 100])
        self.assertEqual([report.percentile([3, 1, 2], share) for share in (0.5, 0.99, 1)], [2, 3, 3])
        self.assertEqual(report.percentile([7], 0.5), 7)

    def test_never_is_longer_than_any(self):
        self.assertEqual(report.percentile([None, 1, 2], 0.5), 2)
        self.assertIsNone(report.percentile([None, 1, 2], 0.99))

    def test_a_round_that_came_to_no_end_counts_as_an_endless_outage(self):
        row = report.summary([played(), {"arm": "group", "fault": "kill", "error": "why"}])
        self.assertEqual((row["rounds"], row["p50"], row["p99"], row["max"]), (2, 10.0, None, None))

    def test_rounds_are_gathered_by_fault_then_arm(self):
        rounds = [played("stock", lost=1), played("group"), played("group", "stop", failed=2), played("stock", lost=2)]
        rows = report.rows(rounds)
        self.assertEqual(list(rows), [("kill", "stock"), ("kill", "group"), ("stop", "group")])
        self.assertEqual([row["lost"] for row in rows.values()], [3, 0, 0])
        self.assertEqual(rows["stop", "group"]["failed"], 2)


class Goals(unittest.TestCase):
    goals = (Goal("group", "kill", "p50", 50), Goal("group", "kill", "p99", 200), Goal("group", "manual", "lost", 0))

    def missed(self, *rounds):
        return [(goal.fault, goal.figure) for goal in report.missed(report.rows(rounds), self.goals)]

    def test_at_the_limit_is_met(self):
        self.assertEqual(self.missed(played(outage_ms=50.0)), [])

    def test_each_figure_has_its_own(self):
        self.assertEqual(self.missed(played(), played(outage_ms=200.5)), [("kill", "p99")])
        self.assertEqual(self.missed(played(fault="manual", lost=1)), [("manual", "lost")])

    def test_what_was_not_measured_is_not_missed(self):
        self.assertEqual(self.missed(played("stock", outage_ms=3000.0)), [])

    def test_an_endless_outage_misses_all(self):
        self.assertEqual(self.missed({"arm": "group", "fault": "kill", "error": "why"}), [("kill", "p50"), ("kill", "p99")])

    def test_the_table_names_what_is_missed(self):
        rows = report.rows([played(outage_ms=12.25), played(outage_ms=312.0), played("stock", outage_ms=None)])
        text, markdown = report.table(rows), report.table(rows, markdown=True)
        self.assertEqual(markdown.splitlines()[2],
                         "| kill | group | 2 | 12.2 | 312 | 312 | 0 | 0 | 0 | p50 50, p99 200 | not met: p99 |")
        self.assertIn("never", markdown.splitlines()[3])
        self.assertEqual(len(text.splitlines()), len(markdown.splitlines()) - 1)

    def test_the_machine_is_described(self):
        said = report.conditions([played(late_ms=0.25, fsync_ms=1.0), played(late_ms=54.5, fsync_ms=2.0), {"error": "why"}])
        self.assertEqual(said, "In a round the writer was woken up too late by at most: p50 0.2 ms, max 54.5 ms. "
                               "A durable write: p50 1.0 ms, max 2.0 ms.")


class Cuts(unittest.TestCase):
    def test_each_way_is_lost_by_itself_and_no_host_is_cut_off_from_itself(self):
        to_it, of_it = ["!", "-s", OLD, "-d", OLD], ["-s", OLD, "!", "-d", OLD]
        self.assertEqual(namespace.rules(OLD, heard=False, speaks=False), [to_it, of_it])
        self.assertEqual(namespace.rules(OLD, heard=False, speaks=True), [to_it])
        self.assertEqual(namespace.rules(OLD, heard=True, speaks=False), [of_it])


if __name__ == "__main__":
    unittest.main()
