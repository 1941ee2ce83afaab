"""What the conformance runner makes of the suite's output, of the machine's apt sources, and of its own file."""
import json
import os
import tempfile
import unittest

from tests.conformance import redis_tcl, source, suite

PRINTED = """[ready]: 7
Testing unit/x
[ok]: One (4 ms)
[ok]: Twice (with words) (0 ms)
[err]: Two in tests/unit/x.tcl
Expected 'a' to be equal
to 'b'
[ok]: Twice (with words) (1 ms)
[ignore]: Large: large memory flag not provided
[1/1 done]: unit/x (0 seconds)
                   The End
*** [err]: Two in tests/unit/x.tcl
"""


def result(passed=(), failed=(), trouble=""):
    made = suite.Result()
    made.passed, made.failed, made.trouble = set(passed), dict.fromkeys(failed, "why"), trouble
    return made


def verdict(made, not_passed=(), left_out=(), tests=3):
    return redis_tcl.Verdict(made, {"tests": tests, "seconds": 1, "not_passed": dict.fromkeys(not_passed, "reason"),
                                    "redis_server_does_not_pass": list(left_out)})


class Output(unittest.TestCase):
    def test_tests_are_told_apart_by_name_and_turn(self):
        read = suite.Result()
        read.read(PRINTED)
        self.assertEqual(read.passed, {"One", "Twice (with words)", "Twice (with words) (2)"})
        self.assertEqual(read.failed, {"Two": "Expected 'a' to be equal\nto 'b'"})
        self.assertEqual(read.trouble, "")

    def test_where_chance_names_the_tests_their_numbers_do_not_tell_them_apart(self):
        read = suite.Result(varies=True)
        read.read("[ok]: Set #1 to follow #2 (4 ms)\n[err]: Kill 7 in tests/x.tcl\nwhy\n[ok]: Kill 8 (0 ms)\n[ok]: Set #3 to follow #1 (0 ms)\n")
        self.assertEqual((read.passed, read.failed), ({"Set #N to follow #N"}, {"Kill N": "why"}))

    def test_a_test_whose_server_did_not_start_has_failed(self):
        read = suite.Result()
        read.read("[testing]: One\n[err]: Can't start the Redis server\nCONFIGURATION: x\n[ok]: One (4 ms)\n[testing]: Two\n[ok]: Two (1 ms)\n")
        self.assertEqual((read.passed, list(read.failed)), ({"Two"}, ["One"]))

    def test_what_fails_between_tests_is_trouble(self):
        read = suite.Result()
        read.read("[ok]: One (4 ms)\n[exception]: Executing test client: I/O error\n")
        self.assertEqual((read.passed, read.trouble), ({"One"}, "Executing test client: I/O error"))


class Verdicts(unittest.TestCase):
    def test_as_expected(self):
        self.assertTrue(verdict(result("ab", "c"), not_passed="c").as_expected())

    def test_a_test_that_fails_and_should_not_is_a_regression(self):
        self.assertEqual(list(verdict(result("ab", "c")).regressions), ["c"])

    def test_so_is_one_that_did_not_run(self):
        self.assertEqual(verdict(result("ab", trouble="died")).regressions, {"1 tests did not run": "died"})
        self.assertEqual(verdict(result("ab"), not_passed="c").regressions, {})

    def test_what_passes_and_is_said_not_to_is_an_improvement(self):
        self.assertEqual(verdict(result("abc"), not_passed="c").improvements, ["c"])

    def test_unless_it_passes_by_chance(self):
        row = {"tests": 1, "seconds": 1, "not_passed": {"a": redis_tcl.BY_CHANCE + ": a race"}, "redis_server_does_not_pass": []}
        for made in (result("a"), result((), "a")):
            self.assertTrue(redis_tcl.Verdict(made, row).as_expected())

    def test_what_redis_server_does_not_pass_does_not_count(self):
        for made in (result("abcd"), result("abc", "d"), result("abc")):
            self.assertTrue(verdict(made, left_out="d").as_expected())
            self.assertEqual(len(verdict(made, left_out="d").passed), 3)


class Expected(unittest.TestCase):
    def test_every_test_that_does_not_pass_has_a_reason(self):
        with open(redis_tcl.EXPECTED, encoding="utf-8") as file:
            rows = json.load(file)
        self.assertEqual([(name, test) for name, row in rows.items() for test, why in row["not_passed"].items() if not why], [])


class Sources(unittest.TestCase):
    def test_both_formats_are_asked_for_source_packages(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "etc", "sources.list.d"))
            for name, text in (("sources.list", "deb [signed-by=/k] https://example.org/debian bookworm main\n# deb x\n"),
                               ("sources.list.d/a.sources", "Types: deb\nURIs: https://example.org/debian\n"),
                               ("sources.list.d/b.list.disabled", "deb https://example.org/other x y\n")):
                with open(os.path.join(folder, "etc", name), "w", encoding="utf-8") as file:
                    file.write(text)
            made = os.path.join(folder, "made")
            source.with_sources(made, os.path.join(folder, "etc"))
            texts = {}
            for name in os.listdir(made):
                with open(os.path.join(made, name), encoding="utf-8") as file:
                    texts[name] = file.read()
        self.assertEqual(texts, {"sources.list": "deb-src [signed-by=/k] https://example.org/debian bookworm main\n# deb x\n",
                                 "a.sources": "Types: deb-src\nURIs: https://example.org/debian\n"})


if __name__ == "__main__":
    unittest.main()
