"""Scripts and functions: answered as redis-server 7.0 answers them; one that takes too long; what replicas and files hold of them."""
import shutil
import signal
import unittest

from tests.support import wire
from tests.support.node_case import NodeCase
from tests.support.server import free_port

STOCK = shutil.which("redis-server")
FOREVER = b"while true do end"

# One script a line.
SCRIPTS = r"""
return 1
return 'x'
return {1,2,3,'a',nil,4}
return nil
return true
return false
return 3.99
return -3.99
return {ok='fine'}
return {err='My Err'}
return {err='ONE'}
return redis.error_reply('My Err')
return redis.error_reply('ONE')
return redis.error_reply('-ONE two')
return redis.status_reply('TEST')
return redis.error_reply(1)
return redis.status_reply(1)
return redis.call('set','k','v')
return redis.call('get','k')
return redis.call('get','nosuch')
return redis.pcall('get')
return redis.call('get')
return redis.call('nosuchcommand')
return redis.pcall('nosuchcommand')
return redis.call()
return redis.call({})
return redis.call('incr','k')
local r = redis.pcall('incr','k'); return r.err
local a,b = pcall(redis.call,'incr','k'); return {tostring(a),tostring(b)}
local a,b = pcall(function() error({err='x y'}) end); return {tostring(a),tostring(b)}
local a,b = pcall(function() error('plain') end); return {tostring(a),tostring(b)}
error('boom')
error({err='MY boom'})
error({err='MY boom', extra=1})
return foo
foo = 1
KEYS = 1
redis = 1
redis.call = 1
redis.x = 1
string.x = 1
setmetatable(_G, {})
local g = getmetatable(_G); g.__index = 1
rawset(_G,'x',1)
_G = {}
return getmetatable(redis)
return getmetatable('').__index == string
getmetatable('').__index = 1
getmetatable('').__index.find = 1
return tostring(os)
return tostring(io)
return type(coroutine)
return type(print)
return type(dofile)
return type(debug)
local t={} for k in pairs(redis) do t[#t+1]=k end table.sort(t) return t
local t={} for k in pairs(string) do t[#t+1]=k end table.sort(t) return t
local t={} for k in pairs(math) do t[#t+1]=k end table.sort(t) return t
local t={} for k in pairs(table) do t[#t+1]=k end table.sort(t) return t
local t={} for k in pairs(cjson) do t[#t+1]=k end table.sort(t) return t
local t={} for k in pairs(bit) do t[#t+1]=k end table.sort(t) return t
local t={} for k in pairs(struct) do t[#t+1]=k end table.sort(t) return t
return math.random(1000000)
math.randomseed(5) return {math.random(1000000), math.random(1,7), tostring(math.random())}
return redis.sha1hex('')
return redis.sha1hex()
return redis.sha1hex(1,2)
return redis.log(1)
return redis.log('x','y')
return redis.log(9,'y')
return redis.setresp(4)
return redis.setresp()
redis.setresp(3) redis.call('hset','h','a','1') return redis.call('hgetall','h')
redis.setresp(3) return true
redis.setresp(3) return redis.call('get','nosuch')
redis.setresp(3) return redis.call('debug','protocol','map')
redis.setresp(3) return redis.call('debug','protocol','attrib')
redis.call('xadd', 'stream', '1-1', 'a', 'b') return redis.call('xread', 'block', 0, 'streams', 'stream', '$')
return {double=3.14}
return {map={a=1}}
return {set={a=true}}
return {big_number='123456789012345678901234567890'}
return {verbatim_string={format='txt',string='hello'}}
return {verbatim_string={format='txt'}}
return redis.set_repl()
return redis.set_repl(10)
return redis.acl_check_cmd('set','x','y')
return redis.acl_check_cmd('nosuch')
return redis.breakpoint()
return redis.replicate_commands()
return type(redis.REDIS_VERSION)
return type(redis.REDIS_VERSION_NUM)
return loadstring('return 1')()
return {loadstring('return (')}
return load(function() return nil end)
local function f() return f() + 1 end return f()
local function f() return pcall(f) end return f()
return string.rep('x', 10)
return tostring(select('#', unpack({1,2,3})))
return cjson.encode({1,2,3})
return cjson.encode({a=1})
return cjson.encode({})
return cjson.encode({[1]=1,[100]=2})
return cjson.encode({[1]=1,[5]=2})
return cjson.encode({1.5, 1e100, 12345678901234567890, -0.1, 100000000000000, 1/3})
return cjson.encode({0/0})
return cjson.encode({1/0})
return cjson.encode('a"b\\c/d\n\t\1\127é')
return cjson.encode({[true]=1})
return cjson.encode(function() end)
return cjson.encode({a={b={c=cjson.null}}})
return cjson.encode(1,2)
return cjson.decode('[1,2,{"a":[true,false,null]}]')[3].a
return tostring(cjson.decode('[null]')[1])
return cjson.decode('{"a":1').a
return cjson.decode('[1,]')
return cjson.decode('{"a":1,}')
return cjson.decode('{1:2}')
return cjson.decode('nope')
return cjson.decode('')
return cjson.decode('"\\u00e9\\ud83d\\ude00"')
return cjson.decode('"\\ud83d"')
return cjson.decode('"\\x"')
return cjson.decode('"abc')
return cjson.decode('[1] x')
return tostring(cjson.decode('[0x10]')[1])
return tostring(cjson.decode('[nan]')[1])
return tostring(cjson.decode('[-inf]')[1])
return tostring(cjson.decode('[1e5]')[1])
return tostring(cjson.decode('[01]')[1])
return cjson.decode(string.rep('[',1001))
return cjson.decode(string.rep('[',1000)..string.rep(']',1000))[2]
return cjson.encode_max_depth()
return cjson.encode_sparse_array()
return cjson.encode_invalid_numbers()
return cjson.encode_keep_buffer()
return cjson.encode_number_precision(20)
return cmsgpack.pack(1,2,{1,2},{a=1},'str',1.5,-1,-200,70000,5000000000,-5000000000,nil,true,false)
return {cmsgpack.unpack(cmsgpack.pack(1,2,{1,2},'str',-1,-200,70000,5000000000,-5000000000))}
return cmsgpack.pack()
return cmsgpack.pack({[1]=1,[3]=3})
return cmsgpack.pack(1e300)
return cmsgpack.pack(string.rep('x',300))
return cmsgpack.unpack('\145')
return cmsgpack.unpack('\193')
return {cmsgpack.unpack_one('\1\2\3')}
return {cmsgpack.unpack_limit('\1\2\3',2)}
return {cmsgpack.unpack_limit('\1\2\3',2,1)}
return {cmsgpack.unpack_limit('\1\2\3',5)}
return {cmsgpack.unpack_one('\1\2\3',-1)}
return {cmsgpack.unpack_one('\1\2\3',9)}
local a={} local x=a for i=1,20 do x[1]={} x=x[1] end return cmsgpack.pack(a)
return struct.pack('>I2', 258)
return struct.pack('<I2i4b', 258, -1, 5)
return struct.pack('HhLlTdfs', 1,2,3,4,5,6.5,7.5,'zz')
return {struct.unpack('>I2', '\1\2')}
return {struct.unpack('i17', '123456789.123456789')}
return {struct.unpack('>i9 i0', '123456789.123456789')}
return {struct.unpack('HhLlTs', struct.pack('HhLlTs', 1,-2,3,-4,5,'zz'))}
return struct.size('!4bi4')
return struct.size('s')
return struct.size('c0')
return struct.pack('i33', 1)
return struct.pack('!3i', 1)
return struct.pack('z', 1)
return struct.pack('i9999999999', 1)
return {struct.unpack('I4', 'ab')}
return {struct.unpack('I1c0', '\3abcd')}
return {struct.unpack('c0', 'abc')}
return {struct.unpack('s', 'abc')}
return {struct.unpack('b', 'a', 0)}
return {struct.unpack('bb', 'ab', 2)}
return struct.pack('c2', 'a')
return struct.pack('!8bd', 1, 2)
return {bit.tobit(1), bit.band(7,3), bit.tohex(255), bit.bswap(1), bit.rol(1,31)}
return bit.bor()
return redis.call('eval','return 1',0)
return redis.call('multi')
return redis.call('subscribe','x')
return redis.call('blpop','nolist',0)
return redis.call('brpoplpush','nolist','b',0)
return redis.call('ping')
return redis.call('select',5)
return redis.call('lpush','l',1,2,3)
return redis.call('lrange','l',0,-1)
return redis.call('set','n',12345678901234567890)
return redis.call('get','n')
return redis.call('set','n',0.1)
return redis.call('get','n')
return {KEYS,ARGV}
return string.format('%s %d', KEYS[1] or 'none', 5)
return #KEYS + #ARGV
local x = 5 / 0 return tostring(x)
return {1, {2, {3, {4}}}, 'x'}
return {1, {err='in side'}, {ok='ok'}, 2}
if true then
x = = 1
return 9223372036854775807
return 1e300
return 0/0
return tostring(nil)
return tostring(pcall(function() error() end))
return tostring(setfenv)
local f = function() return x1 end setfenv(f, {x1=5}) return f()
local co = coroutine.create(function() coroutine.yield(redis.call('ping')) end) local ok,v = coroutine.resume(co) return v
local co = coroutine.wrap(function() error('in co') end) co()
return collectgarbage('count') > 0
return _VERSION
return xpcall(function() error('x') end, function(e) return 'handled '..e end)
return {xpcall(function() error('x') end, function(e) return 'handled '..e end)}
for i=1,3 do redis.call('incr','ctr') end return redis.call('get','ctr')
return redis.call('publish','c','m')
return redis.call('object','encoding','l')
return redis.call('script','exists','x')
return redis.call('sort','l')
return redis.call('zadd','z',1.5,'m')
return redis.call('zscore','z','m')
redis.setresp(3) return redis.call('zscore','z','m')
redis.setresp(3) return redis.call('sismember','z2','m')
redis.setresp(3) redis.call('sadd','s','m') return redis.call('smembers','s')
redis.setresp(3) return redis.call('smembers','s').set.m
""".strip().split("\n")

# Code of a library called x, one a line: loaded, then its functions f and g are called.
LIBRARIES = r"""
redis.register_function('f', function(keys, args) return {#keys, #args, keys[1], args[1]} end)
redis.register_function{function_name='f', callback=function() return 1 end, description='what it does', flags={'no-writes', 'allow-oom'}}
redis.register_function('f', function() return redis.call('set', 'k', 'v') end)
redis.register_function{function_name='f', callback=function() return redis.call('set', 'k', 'v') end, flags={'no-writes'}}
redis.register_function('f', function() return redis.pcall('incr', 'x', 'y') end) redis.register_function('g', function() error('g ends') end)
redis.register_function('f', function() return nosuch end)
redis.register_function('f', function() nosuch = 1 end)
redis.register_function('f', function() return redis.register_function('h', function() end) end)
local r = redis redis.register_function('f', function() return r.register_function('h', function() end) end)
redis.register_function('f', function() return {type(redis.REDIS_VERSION), redis.sha1hex(''), cjson.encode({1}), bit.band(7, 3)} end)
redis.register_function('f', function() return KEYS end)
redis.register_function('f', function() return _G.redis == redis end)
redis.register_function('f', function() getmetatable(_G).__index = 1 end)
redis.register_function('f', function() redis.setresp(3) return {map={a=1}} end)
redis.register_function('f', function() return math.random(100) end)
local function shared() return 'shared' end redis.register_function('f', shared) redis.register_function('g', function() return shared() end)
local n = 0 redis.register_function('f', function() n = n + 1 return n end)
redis.register_function('F', function() return 1 end)
redis.register_function('f')
redis.register_function()
redis.register_function('f', function() end, {})
redis.register_function('f', 1)
redis.register_function({}, function() end)
redis.register_function(5, function() return 5 end)
redis.register_function('f g', function() end)
redis.register_function('', function() end)
redis.register_function('f', function() end) redis.register_function('f', function() end)
redis.register_function{callback=function() end}
redis.register_function{function_name='f'}
redis.register_function{function_name={}, callback=function() end}
redis.register_function{function_name='f', callback=1}
redis.register_function{function_name='f', callback=function() end, description={}}
redis.register_function{function_name='f', callback=function() end, flags='no-writes'}
redis.register_function{function_name='f', callback=function() end, flags={'nosuch'}}
redis.register_function{function_name='f', callback=function() end, flags={{}}}
redis.register_function{function_name='f', callback=function() end, other=1}
redis.register_function{function_name='f', callback=function() end, [1]=1}
redis.register_function{FUNCTION_NAME='f', Callback=function() return 2 end, Flags={'No-Writes'}}
redis.call('get', 'k')
redis.setresp(3)
redis.log(redis.LOG_NOTICE, 'loading') redis.register_function('f', function() return 1 end)
redis.log(1)
tostring(1)
a = 1
redis.a = 1
math.random()
return 1
x = = 1
while true do end
""".strip().split("\n")

# Before them a library l with a function lf is there.
FUNCTION_COMMANDS = r"""
FUNCTION LIST
FUNCTION LIST WITHCODE
FUNCTION LIST LIBRARYNAME L* WITHCODE
FUNCTION LIST LIBRARYNAME n*
FUNCTION LIST LIBRARYNAME
FUNCTION LIST WITHCODE WITHCODE
FUNCTION LIST LIBRARYNAME a LIBRARYNAME b
FUNCTION LIST nosuch
FUNCTION STATS
FUNCTION HELP
FUNCTION KILL
FUNCTION nosuch
FUNCTION
FUNCTION LOAD
FUNCTION LOAD REPLACE
FUNCTION LOAD nosuch x
FUNCTION LOAD x
FUNCTION LOAD #!lua
FUNCTION DELETE nosuch
FUNCTION DELETE L
FUNCTION FLUSH nosuch
FUNCTION FLUSH SYNC x
FUNCTION RESTORE x
FUNCTION RESTORE x nosuch
FUNCTION RESTORE x APPEND y
FCALL nosuch 0
FCALL lf
FCALL lf x
FCALL lf 5 a
FCALL lf -1
FCALL LF 1 a b c
FCALL_RO lf 0
COMMAND GETKEYS FCALL lf 2 a b c
SCRIPT KILL
EVAL return(redis.call('fcall','lf',0)) 0
EVAL return(redis.call('function','list')) 0
MULTI
FCALL lf 0
EXEC
FUNCTION DELETE l
FUNCTION LIST
FUNCTION FLUSH ASYNC
FUNCTION DUMP
""".strip().split("\n")

HEADS = ["", "#!lua", "#!lua name=x", "#!lua\n", "#!lua name=\n", "#!lua name=a.b\n", "#!lua name=a name=b\n", "#!lua name=\"a\n",
         "#!lua other=1\n", "#!js name=a\n", "#! name=a\n", "#!LUA NAME=a\n", "#!lua name='a'\n"]


def library(name, *functions):
    return f"#!lua name={name}\n" + "".join(f"redis.register_function('{f}', function(k, a) return {{'{f}', k, a}} end)\n" for f in functions)


def error_of(reply):
    return reply[1].decode() if isinstance(reply, tuple) and reply[0] == "-" else ""


def crc64(data):
    """CRC-64/Jones, as payloads have it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


class ScriptsTest(NodeCase):
    def busy(self, script, *options):
        """A server that is busy with the script, and who has sent it."""
        server = self.start("--busy-reply-threshold", "20", *options)
        caller = server.connect()
        self.addCleanup(caller.close)
        caller.send(wire.encode([b"EVAL", script, b"0"]))
        self.wait_for("BUSY", lambda: error_of(server.control.command("PING")).startswith("BUSY"))
        return server, caller

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_scripts_are_answered_as_redis_does(self):
        options = ["--enable-debug-command", "yes"]
        ours, stock = self.start(*options), self.start(*options, program=STOCK)
        for protocol in ("2", "3"):
            for server in (ours, stock):
                server.control.command("HELLO", protocol)
                server.control.command("FLUSHALL")
            for script in SCRIPTS:
                with self.subTest(protocol=protocol, script=script):
                    expected = stock.control.command("EVAL", script, "0")
                    self.assertEqual(ours.control.command("EVAL", script, "0"), expected)

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_a_library_that_never_ends_is_given_up_when_it_is_restored(self):
        server = self.start()
        run = server.control.command
        self.assertEqual(run("FUNCTION", "LOAD", b"#!lua name=a\nredis.register_function('f', function() return 1 end)"), b"a")
        payload = run("FUNCTION", "DUMP")
        source = b"#!lua name=a\nwhile true do end"
        hostile = b"\xf5" + bytes([len(source)]) + source + b"\x0a\x00"
        hostile += crc64(hostile).to_bytes(8, "little")
        self.assertEqual(payload[-10:-8], b"\x0a\x00")
        self.assertIn(b"timeout", run("FUNCTION", "RESTORE", hostile, "REPLACE")[1])
        self.assertEqual(run("FCALL", "f", "0"), 1)

    def test_functions_are_answered_as_redis_does(self):
        ours, stock = self.start(), self.start(program=STOCK)

        def same(*words):
            with self.subTest(protocol=protocol, words=words):
                self.assertEqual(ours.control.command(*words), stock.control.command(*words))

        for protocol in ("2", "3"):
            for server in (ours, stock):
                server.control.command("HELLO", protocol)
            for code in LIBRARIES:
                same("FUNCTION", "LOAD", "#!lua name=x\n" + code)
                same("FUNCTION", "LOAD", "REPLACE", "#!lua name=x\n" + code)
                if "'g'" not in code:  # they come in any order
                    same("FUNCTION", "LIST", "WITHCODE")
                for call in (["FCALL", "f", "0"], ["FCALL", "F", "1", "key", "argument"], ["FCALL_RO", "f", "0"], ["FCALL", "g", "0"]):
                    same(*call)
                same("FUNCTION", "FLUSH")
            for head in HEADS:
                same("FUNCTION", "LOAD", head + "redis.register_function('f', function() return 1 end)")
                same("FUNCTION", "FLUSH")
            same("FUNCTION", "LOAD", library("l", "lf"))
            for line in FUNCTION_COMMANDS:
                same(*line.split())

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_libraries_are_dumped_and_restored_as_redis_does(self):
        ours, stock = self.start(), self.start(program=STOCK)
        servers = (ours.control, stock.control)

        def both(*words):
            replies = [server.command(*words) for server in servers]
            with self.subTest(words=words):
                self.assertEqual(*replies)
            return replies[0]

        both("FUNCTION", "LOAD", library("a", "f"))
        for source in servers:  # what is compressed differs by a byte or two
            dump = source.command("FUNCTION", "DUMP")
            both("FUNCTION", "LOAD", "REPLACE", library("a", "f", "g"))
            for policy in ([], ["APPEND"], ["REPLACE"], ["FLUSH"]):
                both("FUNCTION", "RESTORE", dump, *policy)
            both("FUNCTION", "LOAD", "REPLACE", library("a", "h"))
            both("FUNCTION", "LOAD", library("b", "F"))
            both("FUNCTION", "RESTORE", dump, "REPLACE")
            both("FUNCTION", "RESTORE", dump, "FLUSH")
            both("FUNCTION", "LIST", "WITHCODE")
            for broken in (b"", dump[:-1], dump[:-1] + b"x", b"\xfa" + dump[1:], b"\x00" + dump):
                both("FUNCTION", "RESTORE", broken)

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_libraries_belong_to_the_dataset(self):
        port = free_port()
        server = self.start("--port", str(port), "--appendonly", "yes", "--aof-use-rdb-preamble", "no")
        early = [self.start("--replicaof", f"127.0.0.1 {port}", program=STOCK), self.start("--replicaof", f"127.0.0.1 {port}")]
        for replica in early:
            self.wait_for("the link", lambda: self.info(replica, "master_link_status") == "up")
        server.control.command("FUNCTION", "LOAD", library("gone", "g"))
        server.control.command("FUNCTION", "LOAD", library("kept", "f"))
        server.control.command("FUNCTION", "DELETE", "gone")
        server.control.command("FLUSHALL")
        wanted = server.control.command("FUNCTION", "LIST", "WITHCODE")
        self.assertEqual(len(wanted), 1)
        late = [self.start("--replicaof", f"127.0.0.1 {port}", program=STOCK), self.start("--replicaof", f"127.0.0.1 {port}")]
        for replica in early + late:
            self.wait_for("the library", lambda: replica.control.command("FUNCTION", "LIST", "WITHCODE") == wanted)
        for rewrite in (False, True):
            if rewrite:
                server.control.command("BGREWRITEAOF")
                self.wait_for("the rewrite", lambda: self.info(server, "aof_rewrite_in_progress") == "0")
            server.end(signal.SIGTERM)
            server.restart()
            self.wait_for("the load", lambda: server.control.command("FUNCTION", "LIST", "WITHCODE") == wanted)
        self.assertEqual(server.control.command("FCALL", "f", "1", "key"), [b"f", [b"key"], []])

    def test_a_function_that_takes_too_long_is_ended_as_one(self):
        server = self.start("--busy-reply-threshold", "20")
        server.control.command("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() while true do end end)")
        caller, other = server.connect(), server.connect()
        for connection in (caller, other):
            self.addCleanup(connection.close)
        caller.send(wire.encode([b"FCALL", b"f", b"1", b"key", b"argument"]))
        self.wait_for("BUSY", lambda: "FUNCTION KILL" in error_of(other.command("PING")))
        self.assertIn("FUNCTION KILL", error_of(other.command("SCRIPT", "KILL")))
        stats = other.command("FUNCTION", "STATS")
        self.assertEqual(stats[1][:4], [b"name", b"f", b"command", [b"FCALL", b"f", b"1", b"key", b"argument"]])
        self.assertEqual(other.command("FUNCTION", "KILL"), ("+", b"OK"))
        self.assertIn("Script killed by user", error_of(caller.read()))
        self.assertEqual(other.command("PING"), ("+", b"PONG"))

    def test_who_comes_while_a_script_runs_is_told_and_may_end_it(self):
        server, caller = self.busy(FOREVER)
        late = server.connect()
        self.addCleanup(late.close)
        for words in (["SET", "k", "v"], ["EVAL", "return 1", "0"], ["INFO"]):
            self.assertTrue(error_of(late.command(*words)).startswith("BUSY"), words)
        self.assertTrue(error_of(late.command("SHUTDOWN")).startswith("BUSY"))
        self.assertEqual(late.command("SCRIPT", "KILL"), ("+", b"OK"))
        self.assertIn("Script killed by user", error_of(caller.read()))
        self.assertEqual(late.command("PING"), ("+", b"PONG"))

    def test_watchers_are_told_of_a_script_long_before_others_are_refused(self):
        for options in ([], ["--busy-reply-threshold", "0"]):  # five seconds; never
            server = self.start(*options)
            watcher, sentinel, caller, asker = (server.connect() for _ in range(4))
            for connection in (watcher, sentinel, caller, asker):
                self.addCleanup(connection.close)
            self.assertEqual(watcher.command("CLIENT", "SETNAME", "sentinel-0123abcd-cmd-busy-ok"), ("+", b"OK"))
            self.assertEqual(asker.command("CLIENT", "SETNAME", "other-busy-ok"), ("+", b"OK"))
            self.assertEqual(sentinel.command("CLIENT", "SETNAME", "sentinel-0123abcd-cmd"), ("+", b"OK"))
            caller.send(wire.encode([b"EVAL", b"local t = redis.call('TIME')[1] + 2 while redis.call('TIME')[1] + 0 < t do end", b"0"]))
            self.wait_for("BUSY", lambda: error_of(watcher.command("PING")).startswith("BUSY"))
            sentinel.send(wire.encode([b"PING"]))
            # What is no PING waits, and what comes behind it: nothing is answered out of its order.
            asker.send(wire.encode([b"PING"]) + wire.encode([b"SET", b"k", b"v"]) + wire.encode([b"PING"]))
            self.assertTrue(error_of(asker.read()).startswith("BUSY"))
            self.assertTrue(error_of(watcher.command("PING")).startswith("BUSY"))
            self.assertEqual(caller.read(), None)
            self.assertEqual([sentinel.read(), asker.read(), asker.read()], [("+", b"PONG"), ("+", b"OK"), ("+", b"PONG")])
            self.assertEqual(watcher.command("PING"), ("+", b"PONG"))

    def test_who_comes_and_goes_while_a_script_runs_locks_nobody_out(self):
        server, caller = self.busy(FOREVER, "--maxclients", "100")
        for _ in range(200):
            other = server.connect()
            self.assertTrue(error_of(other.command("PING")).startswith("BUSY"))
            other.close()
        # Strangers, of whom the oldest leaves for the next. (Whoever has the password is none.)
        server.control.command("SCRIPT", "KILL")
        self.assertIn("Script killed by user", error_of(caller.read()))
        server.control.command("CONFIG", "SET", "requirepass", "x")
        strangers = [server.connect() for _ in range(90)]
        caller.send(wire.encode([b"EVAL", FOREVER, b"0"]))
        self.wait_for("BUSY", lambda: error_of(server.control.command("PING")).startswith("BUSY"))
        strangers += [server.connect() for _ in range(150)]
        late = server.connect()
        self.assertEqual(late.command("AUTH", "x"), ("+", b"OK"))
        self.assertEqual(late.command("SCRIPT", "KILL"), ("+", b"OK"))
        self.assertIn("Script killed by user", error_of(caller.read()))
        for connection in (*strangers, late):
            connection.close()

    def test_who_was_answered_in_the_same_turn_hears_of_it(self):
        server = self.start("--busy-reply-threshold", "20", "--appendonly", "yes", "--enable-debug-command", "yes")
        sleeper, early, caller = server.connect(), server.connect(), server.connect()
        for connection in (sleeper, early, caller):
            self.addCleanup(connection.close)
        early.command("PING")
        sleeper.send(wire.encode([b"DEBUG", b"SLEEP", b"0.2"]))
        early.send(wire.encode([b"SET", b"k", b"v"]))
        caller.send(wire.encode([b"EVAL", FOREVER, b"0"]))
        self.assertEqual(early.read(), ("+", b"OK"))
        self.assertEqual(early.command("SCRIPT", "KILL"), ("+", b"OK"))

    def test_it_sees_a_replica_go(self):
        port = free_port()
        server = self.start("--port", str(port), "--busy-reply-threshold", "20", "--min-replicas-to-write", "1")
        replica = self.start("--replicaof", f"127.0.0.1 {port}")
        self.wait_for("the link", lambda: self.info(server, "min_slaves_good_slaves") == "1")
        caller = server.connect()
        self.addCleanup(caller.close)
        caller.send(wire.encode([b"EVAL", b"""
            redis.call('set', 'k', 'begun')
            local info repeat info = redis.call('info', 'replication') until info:match('connected_slaves:0')
            redis.call('set', 'k', 'gone')
            return info""", b"0"]))
        self.wait_for("BUSY", lambda: error_of(server.control.command("PING")).startswith("BUSY"))
        replica.control.command("REPLICAOF", "NO", "ONE")
        self.assertIn(b"min_slaves_good_slaves:0", caller.read())
        self.assertEqual(server.control.command("GET", "k"), b"gone")
        self.assertTrue(error_of(server.control.command("SET", "k", "v")).startswith("NOREPLICAS"))

    def test_who_has_sent_it_may_go_meanwhile(self):
        server, caller = self.busy(FOREVER)
        caller.close()
        self.assertEqual(server.control.command("SCRIPT", "KILL"), ("+", b"OK"))
        self.wait_for("PONG", lambda: server.control.command("PING") == ("+", b"PONG"))

    def test_a_script_that_has_written_is_ended_only_with_the_server(self):
        server, _ = self.busy(b"redis.call('set', 'half', 'done') while true do end", "--appendonly", "yes")
        self.assertTrue(error_of(server.control.command("SCRIPT", "KILL")).startswith("UNKILLABLE"))
        server.control.send(wire.encode([b"SHUTDOWN", b"NOSAVE"]))
        server.process.wait(timeout=20)
        server.restart()
        self.assertIsNone(server.control.command("GET", "half"))

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_replicas_and_the_log_hold_what_scripts_have_changed(self):
        port = free_port()
        server = self.start("--port", str(port), "--appendonly", "yes")
        replicas = [self.start("--replicaof", f"127.0.0.1 {port}", program=STOCK),
                    self.start("--replicaof", f"127.0.0.1 {port}")]
        for replica in replicas:
            self.wait_for("the link", lambda: self.info(replica, "master_link_status") == "up")
        for i in range(100):
            server.control.command("EVAL", "redis.call('incr', KEYS[1]) return redis.call('rpush', 'l', ARGV[1], math.random(1000))",
                                   "1", "n", str(i))
        wanted = server.control.command("LRANGE", "l", "0", "-1")
        self.assertEqual(len(wanted), 200)
        for replica in replicas:
            self.wait_for("the changes", lambda: replica.control.command("LRANGE", "l", "0", "-1") == wanted)
        server.end(signal.SIGTERM)
        server.restart()
        self.wait_for("the load", lambda: server.control.command("LRANGE", "l", "0", "-1") == wanted)

    def test_what_lua_holds_is_shown(self):
        server = self.start()
        server.control.command("SCRIPT", "LOAD", "return 1")
        self.assertGreater(int(self.info(server, "used_memory_vm_eval")), 10_000)
        self.assertEqual(self.info(server, "number_of_cached_scripts"), "1")
        self.assertGreater(int(self.info(server, "used_memory_scripts_eval")), 0)


if __name__ == "__main__":
    unittest.main()
