"""The node answers byte for byte what redis-server 7.0 answers, command by command, in RESP2 and RESP3."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ.get("RHA_BIN_DIR", "build/dev/bin")

# One request a line; words in double quotes may hold blanks.
SCRIPT = r"""
ping
ping hello
ping a b
echo hi
echo
set k v
get k
set k v ex 100 px 5
set k v ex 0
set k v ex -1
set k v px 9223372036854775807
set k v ex 9223372036854775807
set k v nx
set k v xx get
set k2 v xx
set k2 v get
set k v keepttl ex 10
set k v exat 1
get k
set k v foo
setnx k v
setex k 0 v
setex k 10 v
ttl k
psetex k 0 v
psetex k abc v
getex k persist
ttl k
getex k ex 0
getex k exat 1
getex k nx
getex missing ex 10
getdel k
getdel k
getset k new
getset k newer
mset a 1 b 2 c
mset a 1 b 2
mget a b nokey
msetnx a 1 z 2
msetnx y 1 z 2
append k more
append fresh 12
object encoding fresh
object encoding k
strlen k
strlen nokey
setrange k 2 XX
setrange k -1 x
setrange k 536870912 x
setrange nokey 5 ""
setrange sparse 3 x
get sparse
getrange k 0 2
getrange k -3 -1
getrange k 5 1
getrange k a b
substr k 0 -1
incr n
incrby n 10
decrby n 3
decr n
incrby n 9223372036854775807
decrby n -9223372036854775808
incr k
incrby n 1.5
set max 9223372036854775807
incr max
incrbyfloat f 10.5
incrbyfloat f 0.1
incrbyfloat f 5e3
incrbyfloat f abc
incrbyfloat k 1
incrbyfloat f inf
object encoding n
object encoding f
object refcount f
object freq f
object nosuch f
object encoding nokey
lcs k fresh
mset s1 ohmytext s2 mynewtext
lcs s1 s2
lcs s1 s2 len
lcs s1 s2 idx
lcs s1 s2 idx minmatchlen 4 withmatchlen
lcs s1 s2 idx len
lcs s1 s2 foo
exists a b nokey a
touch a b nokey
type a
type nokey
rename a a2
rename nokey x
renamenx a2 b
renamenx a2 a3
rename a3 a3
renamenx a3 a3
copy a3 a4
copy a3 a4
copy a3 a4 replace
copy a3 a3
copy a3 a5 db 99
copy a3 a5 db 1
copy a3 a5 foo
move a3 1
move a3 0
move a3 99
move nokey 1
del a b c
unlink k2 nokey
expire a4 100
expire a4 100 nx
expire a4 200 gt
expire a4 50 lt
expire a4 50 nx xx
expire a4 50 gt lt
expire a4 50 foo
expire a4 9223372036854775807
expire a4 abc
expire nokey 10
pexpire a4 100000
ttl a4
expireat a4 99999999999
expiretime a4
pexpiretime a4
persist a4
persist a4
ttl a4
ttl nokey
pttl nokey
expire a4 -1
exists a4
pexpireat f 1
exists f
flushall
set x 1
keys *
scan 0
scan 0 match y* count 100
scan 0 type string
scan 0 type hash
scan abc
scan 0 count 0
scan 0 count
randomkey
dbsize
select 1
dbsize
select 16
select abc
select 0
swapdb 0 1
swapdb 0 99
swapdb a 1
swapdb 0 1
flushdb async
flushdb foo
flushall sync
multi
set a 1
incr a
get a
exec
multi
multi
discard
discard
exec
multi
nosuch
set a 2
exec
multi
set a
exec
watch a
multi
watch a
get a
exec
unwatch
multi
incr notanumber x
exec
set str abc
multi
incr str
set after 1
exec
get after
subscribe ch1 ch2
unsubscribe ch1 ch2
unsubscribe
psubscribe p*
punsubscribe
ssubscribe s1
sunsubscribe
unsubscribe
publish ch1 hi
spublish ch1 hi
pubsub channels
pubsub numsub a b
pubsub numpat
pubsub shardchannels
pubsub shardnumsub x
pubsub foo
client setname me
client getname
client setname "a b"
client getname
client kill 1.2.3.4:5
client kill id abc
client kill type foo
client kill foo bar
client no-evict on
client no-evict maybe
client pause 0
client pause abc
client pause -1
client unpause
client unblock 9999
client unblock abc
client unblock 1 foo
client foo
client
client getredir
client reply maybe
config get maxmemory
config get nosuch
config get save
config set save "100 1 200 2"
config get save
config set save ""
config get save
config set nosuch 1
config set databases 1
config set maxmemory abc
config set maxmemory 100mb
config get maxmemory
config set maxmemory 0
config set appendfsync
config set hz abc
config set timeout -1
config set maxmemory-policy nope
config set slowlog-max-len 10 slowlog-max-len 20
config set notify-keyspace-events KEA
config get notify-keyspace-events
config set notify-keyspace-events KEx$
config get notify-keyspace-events
config set notify-keyspace-events Q
config set notify-keyspace-events ""
config foo
config rewrite
config set client-output-buffer-limit foo
config set client-output-buffer-limit "normal 0 0 0 slave 100 100 100"
config get client-output-buffer-limit
auth pass
auth user pass
auth a b c
hello 4
hello abc
hello 2 foo
hello 2 setname
command count foo
command getkeys get a
command getkeys mset a 1 b 2
command getkeys ping
command getkeys nosuch
command getkeys get
command list filterby pattern getr*
command list filterby
command list filterby foo bar
command list filterby module nosuch
command list filterby aclcat nosuch
command list foo
command foo
command info nosuch
command info get
command info expire
slowlog get -2
slowlog len
slowlog reset
slowlog foo
slowlog help
latency help
latency doctor
latency graph command
latency graph
latency history command
latency latest
latency reset
latency reset command
latency histogram foo
latency foo
cluster keyslot foo
cluster keyslot
cluster help
cluster info
cluster slots
cluster foo
cluster
asking
readonly
readwrite
module list
module help
module unload foo
module foo
lolwut version x
lolwut version 5 abc
object help
xinfo help
xgroup help
pubsub help
debug sleep 0
debug nosuch
memory usage nokey
memory usage x samples
memory usage x samples -1
memory usage x samples 1.5
memory usage x foo 1
memory usage
memory help
memory doctor
memory purge
memory foo
role
wait 0 0
wait abc 0
wait 1 -1
replicaof a b
replicaof no one
shutdown foo
shutdown abort
shutdown save nosave
bgsave foo
nosuch
nosuch a b c
get
get a b
set
GeT str
reset
"""


def words_of(line):
    words, i = [], 0
    while i < len(line):
        if line[i] == " ":
            i += 1
            continue
        quoted = line[i] == '"'
        end = line.find('"' if quoted else " ", i + 1)
        end = len(line) if end < 0 else end
        words.append(line[i + 1:end] if quoted else line[i:end])
        i = end + 1
    return [word.encode() for word in words]


def encode(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Node:
    def __init__(self, program):
        self.dir = tempfile.mkdtemp(prefix="rha-node-")
        self.path = os.path.join(self.dir, "s.sock")
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", self.path, "--dir", self.dir, "--save", "",
             "--enable-debug-command", "yes", "--slowlog-log-slower-than", "-1"], stdout=self.log, stderr=self.log)
        deadline = time.time() + 10
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                if time.time() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(5)
        link.connect(self.path)
        return link

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.dir)


def answer(link, words):
    """All a server says to one request. A PING behind it marks the end; it answers in every mode."""
    link.sendall(encode(words) + encode([b"ping", b"the-end"]))
    got = b""
    while not got.endswith((b"the-end\r\n", b"+QUEUED\r\n")) or got.count(b"\r\n") < 2:
        part = link.recv(65536)
        if not part:
            return got + b"<closed>"
        got += part
    return got


class Replies(unittest.TestCase):
    maxDiff = None

    @unittest.skipUnless(shutil.which("redis-server"), "no redis-server to compare with")
    def compare(self, protocol):
        ours = Node(os.path.join(BIN, "redisha-node"))
        stock = Node(shutil.which("redis-server"))
        try:
            with ours.connect() as a, stock.connect() as b:
                for link in (a, b):
                    answer(link, [b"hello", protocol])
                different = []
                for line in SCRIPT.strip().splitlines():
                    words = words_of(line)
                    mine, theirs = answer(a, words), answer(b, words)
                    if mine != theirs:
                        different.append(f"{line}\n   ours  {mine!r}\n   stock {theirs!r}")
                self.assertFalse(different, "\n" + "\n".join(different))
        finally:
            ours.stop()
            stock.stop()

    def test_resp2(self):
        self.compare(b"2")

    def test_resp3(self):
        self.compare(b"3")


# Said with the version of who says it.
VERSION = re.compile(rb"[$=]\d+(?=\r\n)|Redis ver\. [0-9.]+")
PICTURES = """
lolwut version 3
lolwut version
lolwut version 5 8 1 1
lolwut version 5 40 4 2
lolwut version 5 0 -1 1
"""


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server to compare with")
class AllButTheirValues(unittest.TestCase):
    def test_memory_stats_has_the_fields_of_redis(self):
        ours, stock = Node(os.path.join(BIN, "redisha-node")), Node(shutil.which("redis-server"))
        self.addCleanup(ours.stop)
        self.addCleanup(stock.stop)
        with ours.connect() as a, stock.connect() as b:
            for link in (a, b):
                answer(link, [b"hello", b"3"])
                answer(link, [b"set", b"k", b"v"])
            shapes = [re.sub(rb"[:,][0-9.e+-]+", b"", answer(link, words_of("memory stats"))) for link in (a, b)]
            self.assertEqual(*shapes)

    def test_pictures_that_leave_nothing_to_chance_are_those_of_redis(self):
        ours, stock = Node(os.path.join(BIN, "redisha-node")), Node(shutil.which("redis-server"))
        self.addCleanup(ours.stop)
        self.addCleanup(stock.stop)
        with ours.connect() as a, stock.connect() as b:
            for line in PICTURES.strip().splitlines():
                with self.subTest(line):
                    self.assertEqual(*(VERSION.sub(b"", answer(link, words_of(line))) for link in (a, b)))
            # The others are of the same size.
            for line in ("lolwut version 5", "lolwut version 6", "lolwut version 6 10 3"):
                with self.subTest(line):
                    self.assertEqual(*(answer(link, words_of(line)).count(b"\n") for link in (a, b)))


# What comes without being asked for, among replies. A line is one client's requests.
PUSHES = """
subscribe a b c|subscribe a|unsubscribe a|unsubscribe c b
unsubscribe|punsubscribe|sunsubscribe
psubscribe a* b*|punsubscribe b* a*|ping
ssubscribe a b|sunsubscribe a|sunsubscribe
subscribe a|psubscribe a*|ssubscribe a|unsubscribe|punsubscribe|sunsubscribe
subscribe foo|publish foo bar
ssubscribe foo|spublish foo bar
subscribe foo|psubscribe f*|publish foo bar
psubscribe __key*|set k v|get nokey|del k
subscribe __keyevent@0__:set|set k v|set k w|get k
psubscribe __key*|set k v|expire k -1|flushall
subscribe __keyevent@0__:lpop|rpush l a|blpop l 0
subscribe foo|client reply off|publish foo bar|client reply on
subscribe foo|client reply skip|publish foo bar|publish foo baz
subscribe foo|reset|ping
subscribe a|ping|ping x
subscribe foo|multi|ping|publish foo bar|ping|exec
psubscribe f*|multi|ping|publish foo bar|exec
ssubscribe foo|multi|spublish foo bar|exec
psubscribe __key*|multi|set k v|sadd s a|exec
subscribe __keyevent@0__:keymiss|multi|get nokey|get nokey|exec
multi|subscribe a|exec
multi|subscribe a b c|exec
multi|subscribe a|publish a x|exec
"""
WORDS = rb"(?:\$\d+\r\n[^\r]*\r\n)"
MESSAGE = re.compile(rb"[>*](?:3\r\n\$\d+\r\ns?message\r\n" + WORDS + rb"{2}|4\r\n\$\d+\r\npmessage\r\n" + WORDS + rb"{3})")
CONFIRMATION = re.compile(rb">3(?=\r\n\$\d+\r\n[ps]?(?:un)?subscribe\r\n)")


def refuse_messages_inside(data):
    """Of the replies in `data`."""
    at = 0

    def skip(depth):
        nonlocal at
        if depth and MESSAGE.match(data, at):
            raise AssertionError(f"a message stands inside of a reply: {data!r}")
        end = data.index(b"\r\n", at) + 2
        kind, number, at = data[at:at + 1], data[at + 1:end - 2], end
        if kind == b"$" and int(number) >= 0:
            at += int(number) + 2
        for _ in range(int(number) if kind in (b"*", b">") else 0):
            skip(depth + 1)

    while at < len(data):
        skip(0)


class Pushes(unittest.TestCase):
    """Messages, and replies without them, are those of Redis 7.0, which writes messages into the reply that they are
    caused by; each belongs behind it."""
    maxDiff = None

    @unittest.skipUnless(shutil.which("redis-server"), "no redis-server to compare with")
    def compare(self, protocol):
        def play(node, requests):
            with node.connect() as link:
                for words in ([b"hello", protocol], [b"flushall"],
                              [b"config", b"set", b"notify-keyspace-events", b"KEAmn"]):
                    answer(link, words)
                link.sendall(b"".join(encode(words_of(request)) for request in requests))
                return answer(link, [b"ping"])

        ours, stock = Node(os.path.join(BIN, "redisha-node")), Node(shutil.which("redis-server"))
        self.addCleanup(ours.stop)
        self.addCleanup(stock.stop)
        for line in PUSHES.strip().splitlines():
            with self.subTest(line):
                mine, theirs = (play(node, line.split("|")) for node in (ours, stock))
                self.assertEqual(MESSAGE.findall(mine), MESSAGE.findall(theirs))
                self.assertEqual(*(CONFIRMATION.sub(b"*3", MESSAGE.sub(b"", said)) for said in (mine, theirs)))
                refuse_messages_inside(mine)

    def test_resp2(self):
        self.compare(b"2")

    def test_resp3(self):
        self.compare(b"3")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
