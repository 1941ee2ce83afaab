"""One file of Redis' tests against one server: a copy of the tree of its own, a time limit, what came of each test.

The suite's own options do most: --durable goes on after a test that failed, --timeout ends a run in which nothing moves
and says which test it was; the file is then run again without that test.
"""
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading

HANG_S = 300            # without any progress; the slowest test takes 40 s on a machine that has nothing else to do
FILE_LIMIT_S = 1200
HANGS_MAX = 5
PORTS = 200             # of each run, below those that the kernel gives to clients
# Before the name of a file: its tests against one server that is there already and stays (the suite's external mode).
EXTERNAL = "external/"
TOOLS = ("redis-cli", "redis-benchmark", "redis-check-aof", "redis-check-rdb")
# Beside those without a meaning here, what has no test with a name.
LEFT_OUT = re.compile(r"unit/(moduleapi/|cluster|tls$|printver$|type/list-common$)|integration/aof-race$")
# Of these chance says how often which test comes, and what numbers are in its name.
VARIES = re.compile(r"integration/psync2(-reg)?$")
OUTCOME = re.compile(r"^\[(testing|ok|err|exception|TIMEOUT)\]: ", re.MULTILINE)
ERROR_CHARS = 300
# File of the suite, text or pattern, text in its place.
MENDED = [
    # What runs is told when it begins, so that what hangs has a name.
    ("tests/test_helper.tcl", """} elseif {$status eq {testing}} {
""", """} elseif {$status eq {testing}} {
        puts "\\[testing\\]: $data"
"""),
    # What fails between the tests of a server ends that server alone; --durable ends the one around it, too.
    ("tests/support/server.tcl", """                send_data_packet $::test_server_fd err [join $details "\\n"]
            } else {
                # Re-raise, let handler up the stack take care of this.
                error $error $backtrace""", """                send_data_packet $::test_server_fd err [join $details "\\n"]
                set ::tags [lrange $::tags 0 end-[llength $tags]]
                return
            } else {
                # Re-raise, let handler up the stack take care of this.
                error $error $backtrace"""),
    # Where Redis' own end by an assertion is taken for good, a server that has refused what is damaged and lives is better.
    *[("tests/integration/corrupt-dump.tcl", f'assert_equal [count_log_message 0 "{words}"] 1',
       f'assert {{[count_log_message 0 "{words}"] == 1 || [r ping] eq {{PONG}}}}') for words in ("ASSERTION FAILED", "Guru Meditation")],
    ("tests/integration/corrupt-dump.tcl", re.compile(r"^( {8,9})(r restore _(?:stream|hashbig) .*)$", re.IGNORECASE | re.MULTILINE),
     r"\1catch {\2}"),
    # What the log says of the pipe between Redis and its child is looked for, and may be missing.
    ("tests/integration/replication.tcl",
     re.compile(r"(wait_for_log_messages -2 \{\"\*(?:Diskless rdb|Disconnecting timedout).*)$", re.MULTILINE), r"catch {\1}"),
    # The temporary file of a save has a name of its own, in the background one that names no child.
    ("tests/unit/shutdown.tcl", "temp-${pid}.rdb", "dump.rdb.${pid}.tmp"),
    ("tests/unit/shutdown.tcl", """        set child_pid [get_child_pid 0]
        set temp_rdb [file join [lindex [r config get dir] 1] temp-${child_pid}.rdb]
""", """        set temp_rdb [lindex [glob [file join $dir dump.rdb.*.tmp]] 0]
"""),
    # A rewrite of the append-only file is no child that could be killed; that it is given up is what is asked.
    ("tests/unit/aofrw.tcl", "{*Killing*AOF*child*}", "{*Giving up the AOF rewrite*}"),
    # The function in which DEBUG SLEEP waits has another name here.
    ("tests/integration/logging.tcl", '"*debugCommand*"', '"*Command: debug*"'),
    # Who would end the child that writes a file makes the file fail where there is no child; what is ended then is nobody.
    ("tests/support/util.tcl", """    close $fd

    return $child_pid
""", """    if {[catch {close $fd}]} {
        for {set i 0} {$i < 20 && [catch {[srv $idx client] debug fail-snapshot}]} {incr i} {after 50}
        set child_pid [exec sleep 2 > /dev/null 2> /dev/null &]
    }

    return $child_pid
"""),
]
# Starts the server of external mode and the suite ("$@") once it answers.
BESIDE = """
port=$1; shift
src/redis-server --port $port --bind 127.0.0.1 --save '' --enable-debug-command yes --enable-protected-configs yes >external.log 2>&1 &
while kill -0 $! && ! src/redis-cli -p $port ping >/dev/null 2>&1; do :; done
exec "$@"
"""
_groups = set()         # of processes, one for each run under way
_ended = threading.Event()


def missing_tools():
    return [name for name in ("tclsh", *TOOLS) if not shutil.which(name)]


def files(tarball):
    """Names as the suite has them: unit/type/list; and each once more with EXTERNAL before it."""
    with tarfile.open(tarball) as archive:
        matches = [re.search(r"^[^/]+/tests/((?:unit|integration)/.*)\.tcl$", name) for name in archive.getnames()]
    names = sorted(match[1] for match in matches if match and not LEFT_OUT.match(match[1]))
    return names + [EXTERNAL + name for name in names]


class Result:
    """`passed`: names of tests; `failed`: name → message. A name that comes twice has " (2)" behind it the second time.

    A test within which a server did not start, or a block of its own failed, has not passed whatever it says.
    Where chance names the tests (`varies`) those that differ in numbers alone are one, which passes if all do.
    """

    def __init__(self, varies=False):
        self.varies = varies
        self.passed, self.failed, self.trouble, self.under_way = set(), {}, "", None

    def read(self, text):
        """Takes what the suite printed."""
        seen, spoilt, self.under_way = {}, None, None
        parts = OUTCOME.split(text)
        for kind, rest in zip(parts[1::2], parts[2::2]):
            first, _, after = rest.partition("\n")
            name = re.sub(r" \(\d+ ms\)$" if kind == "ok" else r" in tests/\S+\.tcl$", "", first)
            if kind == "testing":
                self.under_way = name
                continue
            if kind in ("exception", "TIMEOUT") or (kind == "err" and name == first):
                self.trouble = rest[:ERROR_CHARS].strip()
                spoilt = self.under_way
                continue
            self.under_way = None
            if self.varies:
                name = re.sub(r"\d+", "N", name)
            else:
                seen[name] = seen.get(name, 0) + 1
                name += f" ({seen[name]})" if seen[name] > 1 else ""
            if kind == "ok" and spoilt == first.rpartition(" (")[0]:
                self.failed[name] = self.trouble
            elif kind == "ok":
                self.passed.add(name)
            else:
                self.failed[name] = re.split(r"^\[", after, maxsplit=1, flags=re.MULTILINE)[0].strip()[:ERROR_CHARS]
        self.passed -= self.failed.keys()


def run(tarball, server, name, base_port, without=()):
    """Result of the tests of file `name`; a test that hangs has failed. Those of `without` do not run."""
    hung = []
    while True:
        with tempfile.TemporaryDirectory(prefix="rha-redis-tcl-") as folder:
            lay_out(tarball, server, folder)
            text, ended = _invoke(folder, name, base_port, [*without, *hung])
        result = Result(VARIES.fullmatch(name) is not None)
        result.read(text)
        if "[TIMEOUT]" not in text or result.under_way is None or len(hung) == HANGS_MAX:
            break
        hung.append(result.under_way)
    result.failed.update({test: f"nothing moved for {HANG_S} s" for test in hung})
    if not ended:
        result.trouble = f"took longer than {FILE_LIMIT_S} s"
    elif "The End" not in text and not result.trouble:
        result.trouble = f"the suite ended early: {text[-ERROR_CHARS:].strip()}"
    if result.under_way:
        result.failed.setdefault(result.under_way, result.trouble)
    return result


def lay_out(tarball, server, folder):
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]
            if re.match(r"(tests|utils)/|redis\.conf$", member.name):
                archive.extract(member, folder)
    for name, old, new in MENDED:
        with open(os.path.join(folder, name), "r+", encoding="utf-8") as file:
            text = file.read()
            mended = old.sub(new, text) if isinstance(old, re.Pattern) else text.replace(old, new)
            assert mended != text, f"{name} is of another version"
            file.seek(0)
            file.write(mended)
    os.mkdir(os.path.join(folder, "src"))
    for link, path in [("redis-server", os.path.abspath(server)), *[(tool, shutil.which(tool)) for tool in TOOLS]]:
        os.symlink(path, os.path.join(folder, "src", link))


def _invoke(folder, name, base_port, without):
    """What the suite printed, and whether it ended by itself."""
    words = ["tclsh", "tests/test_helper.tcl", "--single", name.removeprefix(EXTERNAL), "--clients", "1", "--durable", "--timeout", str(HANG_S),
             "--baseport", str(base_port), "--portcount", str(PORTS)]
    words += [word for test in without for word in ("--skiptest", test)]
    if name.startswith(EXTERNAL):
        words = ["sh", "-c", BESIDE, "sh", str(base_port), *words, "--host", "127.0.0.1", "--port", str(base_port)]
    # Its process group holds also the servers that it starts: whatever happens, none outlives it.
    with open(os.path.join(folder, "printed"), "wb") as output:
        suite = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 env={**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"}, start_new_session=True)
        _groups.add(suite.pid)
        if _ended.is_set():
            _kill(suite.pid)
        try:
            suite.wait(FILE_LIMIT_S)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        finally:
            _kill(suite.pid)
            suite.wait()
            _groups.discard(suite.pid)
    with open(os.path.join(folder, "printed"), encoding="utf-8", errors="replace") as file:
        return file.read(), ended


def end_all():
    """Ends every run, in whatever thread, also one that only begins; for who is asked to stop."""
    _ended.set()
    for group in list(_groups):
        _kill(group)


def _kill(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
