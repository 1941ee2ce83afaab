"""Rows of scripts and functions: commands of the other families called by Lua, and what Lua makes of values and of the libraries.

Tables with several names are not returned: their order is that of a hash table.
"""
from . import sameness
from .arguments import floating, integer, many, maybe, one_of, pick, sequence, text, value

CALL = "redis.call(unpack(ARGV))"
# What a script does with the command that its arguments are.
CALLS = ["return " + CALL, "return redis.pcall(unpack(ARGV))", f"local r = {CALL} return type(r) == 'table' and #r or type(r)",
         f"local ok, e = pcall(function() return {CALL} end) return e", f"redis.call('incr', 's0') return {CALL}",
         f"local r = redis.pcall(unpack(ARGV)) redis.call('lpush', 'l0', ARGV[1]) return r",
         f"local r = redis.pcall(unpack(ARGV)) if type(r) == 'table' and r.err then return r.err end return #tostring(r)"]
VALUES = ["return ARGV[1]", "return tonumber(ARGV[1])", "return tostring(tonumber(ARGV[1]))", "return {1, 2.9, ARGV[1], false, 3, nil, 4}",
          "return {ok=ARGV[1]}", "return {err=ARGV[1]}", "return redis.error_reply(ARGV[1])", "return redis.status_reply(ARGV[1])",
          "return {double=tonumber(ARGV[1])}", "return {map={[ARGV[1]]=ARGV[2]}}", "return {set={[ARGV[1]]=true}}",
          "return {big_number=ARGV[1]}", "return {verbatim_string={format='txt', string=ARGV[1]}}", "return true", "return false", "return nil",
          "redis.setresp(3) return true", "redis.setresp(3) return false", "redis.setresp(tonumber(ARGV[1])) return 1",
          "return {{{ARGV[1]}, {}}, {ok='x'}, {err='y'}}", "error(ARGV[1])", "error({err=tostring(ARGV[1])})", "error()", "x = ARGV[1]", "return x",
          "return #KEYS", "return KEYS", "return redis.call()", "return redis.call({})", "return redis.call(1, 2)", "return redis.call(ARGV[1])",
          "return redis.sha1hex(ARGV[1])", "return redis.sha1hex()", "return redis.log(redis.LOG_WARNING, ARGV[1])", "return redis.log(9, 'x')",
          "return redis.acl_check_cmd(ARGV[1], ARGV[2])", "return redis.set_repl(tonumber(ARGV[1]))", "return redis.replicate_commands()",
          "return redis.breakpoint()", "return redis.debug(ARGV[1])", "return redis.REDIS_VERSION_NUM == nil", "return loadstring(ARGV[1])()",
          "return string.format(ARGV[1], ARGV[2])", "return string.rep(ARGV[1], tonumber(ARGV[2]) % 50)", "return table.concat(ARGV, '-')",
          "return {string.find(ARGV[1], ARGV[2])}", "return {string.gsub(ARGV[1], ARGV[2], 'z')}", "return string.byte(ARGV[1], 1, -1)",
          "return math.floor(tonumber(ARGV[1]))", "return ARGV[1] + 1", "return ARGV[1] < ARGV[2]", "return ARGV[1] .. ARGV[2]", "return #ARGV[1]",
          "return os.clock() >= 0", "return print", "return _G.x", "return getmetatable('').__index == string", "return pcall(error, ARGV[1])"]
LIBRARIES = ["return cjson.encode(cjson.decode(ARGV[1]))", "return cjson.decode(ARGV[1])", "return cjson.encode({ARGV[1], tonumber(ARGV[2])})",
             "return cjson.encode({[ARGV[1]] = {ARGV[2]}})", "return cmsgpack.pack(ARGV[1], tonumber(ARGV[2]), {ARGV[2]}, true)",
             "return {cmsgpack.unpack(ARGV[1])}", "return {cmsgpack.unpack(cmsgpack.pack(ARGV[1], tonumber(ARGV[2])))}",
             "return {cmsgpack.unpack_one(ARGV[1], tonumber(ARGV[2]))}", "return {cmsgpack.unpack_limit(ARGV[1], 1, tonumber(ARGV[2]))}",
             "return struct.pack(ARGV[1], tonumber(ARGV[2]))", "return struct.pack(ARGV[1], ARGV[2], ARGV[2])",
             "return {struct.unpack(ARGV[1], ARGV[2])}", "return struct.size(ARGV[1])", "return bit.tohex(tonumber(ARGV[1]), tonumber(ARGV[2]))",
             "return bit.band(tonumber(ARGV[1]), tonumber(ARGV[2]))", "return bit.bxor(ARGV[1], ARGV[2])", "return bit.bnot(tonumber(ARGV[1]))",
             "return bit.lshift(tonumber(ARGV[1]), tonumber(ARGV[2]))", "return bit.arshift(tonumber(ARGV[1]), tonumber(ARGV[2]))",
             "return bit.rol(tonumber(ARGV[1]), tonumber(ARGV[2]))", "return bit.bswap(tonumber(ARGV[1]))", "return bit.tobit(tonumber(ARGV[1]))"]
JSON = pick("1", "-0", "1e3", "1.5", "[]", "{}", "null", "true", '"a"', '"\\u00e9\\n"', '"\\ud83d\\ude00"', '{"a":[1,2,{"b":null}]}', "[1,[2,[3]]]",
            "[1,", "{", '{"a"}', "nul", '"\\x"', '"\x01"', "1e999", "0x10", "nan", "[[[[[[]]]]]]", '{"1":"a"}', " [ 1 , 2 ] ", "9007199254740993")
FORMAT = pick(">I2", "<i4", "b", "B", "h", "H", "i8", "s", "c0", "c3", "!4i1i4", "d", "f", ">d", "I9", "x", "i3", "z", "", "i17", "ll", "bb")
PATTERN = pick("%d", "%s", "%5.2f", "%x", "%q", "%%", "%", "%z", "%i", "%c", "%e", "%g", "%10s", "%.3s", "%a*", "[", "(a)", "%b()", "^%s*")
MESSAGE_PACK = pick(b"\x01", b"\xff", b"\xa1a", b"\x92\x01\x02", b"\x81\xa1a\x01", b"\xcd\x01", b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", b"\xc0",
                    b"\xc3", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\xda\x00\x02ab", b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", b"\x93\x01", b"")
ARGUMENT = one_of(value, integer, floating, text, JSON, FORMAT, PATTERN, MESSAGE_PACK)
KEYS = one_of(pick("0"), pick("0"), sequence("1", pick("s0", "l0")), sequence("2", pick("s0"), pick("h1")), pick("-1", "9", "x"))
ARGUMENTS = many(ARGUMENT, 0, 3)

LIBRARY = b"""#!lua name=%s
redis.register_function('%s', function(KEYS, ARGV) return redis.call(unpack(ARGV)) end)
redis.register_function{function_name='%s_ro', callback=function(KEYS, ARGV) return redis.pcall(unpack(ARGV)) end, flags={'no-writes'}}
"""
LIBRARIES_OF_FUNCTIONS = [LIBRARY % (name, name, name) for name in (b"one", b"two")] + [
    LIBRARY % (b"other", b"one", b"other"), b"#!lua name=bad\nreturn", b"#!lua\n", b"#!js name=x\n", b"", b"#!lua name=x y=z\n",
    b"#!lua name=x\nredis.register_function('a b', print)", b"#!lua name=x\nredis.register_function('a', 1)",
    b"#!lua name=x\nredis.register_function{function_name='a'}", b"#!lua name=x\nredis.call('get', 'a')"]
FUNCTION = pick("one", "two", "one_ro", "two_ro", "other", "nobody")


def _callable(table, mutable):
    """Draws a command of another family that may be called and whose reply can be compared; `mutable`: also with words that do not belong there."""
    rows = [row for row in table.rows if row.in_multi and not (row.blocks or row.iterates or row.chosen_from or row.wakes_all)
            and (row.mutable or not mutable)]
    weights = [row.weight for row in rows]

    def generate(draw):
        row = draw.random.choices(rows, weights)[0]
        lapsing, draw.lapsing = draw.lapsing, False
        words = [row.name, *(word for argument in row.arguments for word in draw.words(argument))]
        draw.lapsing = lapsing
        return words
    return generate


def add(table):
    row = table.family("script")
    commands = [(mutable, _callable(table, mutable)) for mutable in (True, False)]
    for mutable, command in commands:
        row("EVAL", pick(*CALLS), "0", command, weight=40, mutable=mutable)
        row("EVAL_RO", pick(*CALLS), "0", command, weight=10, mutable=mutable)
        row("EVAL", f"redis.setresp(3) return {CALL}", "0", command, weight=8, mutable=mutable, same=sameness.bags)
        row("FCALL", FUNCTION, "0", command, weight=15, mutable=mutable)
        row("FCALL_RO", FUNCTION, "0", command, weight=8, mutable=mutable)
    row("EVAL", pick(*VALUES), KEYS, ARGUMENTS, weight=30)
    row("EVAL", pick(*LIBRARIES), "0", ARGUMENT, ARGUMENT, weight=40)
    row("SCRIPT", "LOAD", pick(*CALLS, *VALUES), weight=4)
    row("SCRIPT", "EXISTS", pick("a", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"), weight=1)
    row("FUNCTION", "LOAD", maybe(0.5, "REPLACE"), pick(*LIBRARIES_OF_FUNCTIONS), weight=8)
    row("FUNCTION", "DELETE", pick("one", "two", "other", "nobody"), weight=2)
    row("FCALL", FUNCTION, KEYS, ARGUMENTS, weight=5)
