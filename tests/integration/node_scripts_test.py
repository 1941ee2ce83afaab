"""Scripts: answered as redis-server 7.0 answers them; one that takes too long; what replicas and the append-only file hold of them."""
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
return redis.REDIS_VERSION
return redis.REDIS_VERSION_NUM
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


def error_of(reply):
    return reply[1].decode() if isinstance(reply, tuple) and reply[0] == "-" else ""


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
