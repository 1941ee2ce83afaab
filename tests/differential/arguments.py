"""Generators of command words: functions from a Draw to a list of words, and combinators of them.

A plain string stands for itself. Pools are small, so that commands meet each other's keys and members; sizes and numbers
crowd around the places where representations change (lengths 44, 64, 128; counts 16, 128, 512; ends of 64 bits).
"""

KEYS_PER_KIND = 4
KINDS = "shlez"  # strings, hashes, lists, sets, sorted sets; "y" are sorted sets whose scores are all 0
FAR_FUTURE_S = 4102444800  # the year 2100: absolute expiry that no run reaches

SIZES = [0, 1, 2, 7, 8, 19, 20, 21, 31, 32, 33, 43, 44, 45, 63, 64, 65, 127, 128, 129, 253, 254, 511, 512, 513, 1000]
WIDE_INTEGERS = [
    b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"-9223372036854775809",
    b"9223372036854775806", b"18446744073709551615", b"4294967296", b"-4294967297", b"2147483647", b"2147483648",
    b"32767", b"32768", b"-32769", b"127", b"128", b"-129", b"16777216", b"4095", b"4096", b"8191", b"8192"]
NOT_INTEGERS = [b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"1.0", b"1e3", b"0x10", b"abc", b"--1", b"\x00", b"9" * 40]
FLOATS = [b"0", b"-0", b"0.1", b"-0.1", b"1.5", b"3.0e3", b"1e17", b"123456789.123456789", b"-1e-7", b"1e100", b"1e308",
          b"5e-324", b"0.30000000000000004", b"1.0", b"100.50", b"+7", b"17179869184.25"]
STRANGE_FLOATS = [b"inf", b"-inf", b"+inf", b"nan", b"infinity", b"1e400", b"", b" 1", b"1 ", b"1.2.3", b"x", b"0x1p3"]
JUNK = NOT_INTEGERS + WIDE_INTEGERS + STRANGE_FLOATS + [b"0", b"-1", b"1", b"(", b"[", b"GET", b"NX", b"\xff\x00\xfe"]


class Draw:
    """The chance of one sequence, and what its latest command needs of the one that plays it."""

    def __init__(self, random):
        self.random = random
        self.lapsing = False  # may the command being drawn let its key expire at once?
        self.lapsed = False   # did it?

    def words(self, generator):
        return [generator.encode()] if isinstance(generator, str) else generator(self)


# --- combinators

def sequence(*generators):
    return lambda draw: [word for generator in generators for word in draw.words(generator)]


def maybe(probability, *generators):
    inner = sequence(*generators)
    return lambda draw: inner(draw) if draw.random.random() < probability else []


def one_of(*generators):
    return lambda draw: draw.words(draw.random.choice(generators))


def mostly(probability, usual, unusual):
    return lambda draw: draw.words(usual if draw.random.random() < probability else unusual)


def options(probability, *generators):
    """Each with that probability, in any order."""
    def generate(draw):
        chosen = [g for g in generators if draw.random.random() < probability]
        draw.random.shuffle(chosen)
        return [word for g in chosen for word in draw.words(g)]
    return generate


def many(generator, least=1, most=4, bulk=0.0, bulk_most=600):
    """A few, or with probability `bulk` enough to cross every threshold."""
    def generate(draw):
        if draw.random.random() < bulk:
            count = draw.random.randint(most, bulk_most)
        else:
            count = draw.random.randint(least, most)
        return [word for _ in range(count) for word in draw.words(generator)]
    return generate


def counted(generator, most=3):
    """`numkeys key [key ...]`, now and then with a number that is not theirs."""
    def generate(draw):
        found = many(generator, 1, most)(draw)
        if draw.random.random() < 0.04:
            return [draw.random.choice([b"0", b"-1", b"4", b"100", b"x", b"9223372036854775807"]), *found]
        return [b"%d" % len(found), *found]
    return generate


def pick(*words):
    pool = [w.encode() if isinstance(w, str) else w for w in words]
    return lambda draw: [draw.random.choice(pool)]


def between(least, most):
    return lambda draw: [b"%d" % draw.random.randint(least, most)]


# --- keys

def key(kind):
    """A key that usually holds that kind; sometimes of another kind, missing, empty or binary."""
    def generate(draw):
        chance = draw.random.random()
        number = draw.random.randrange(KEYS_PER_KIND)
        if kind != "y" and chance < 0.04:
            return [b"%c%d" % (ord(draw.random.choice(KINDS)), number)]
        if chance < 0.05:
            return [b"never" if kind == "y" else draw.random.choice([b"missing", b"gone"])]
        return [b"%c%d" % (ord(kind), number)]
    return generate


def any_key(draw):
    if draw.random.random() < 0.04:
        return [draw.random.choice([b"missing", b"", b"\x00\xff", b"k" * 70])]
    return key(draw.random.choice(KINDS))(draw)


def pattern(draw):
    return [draw.random.choice([b"*", b"*", b"s*", b"?1", b"[a-m]?", b"[^h]*", b"h[0-9]", b"*2", b"", b"m*", b"\\*", b"[", b"*a*b*",
                                b"b1*", b"f?", b"**", b"[z-a]0"])]


# --- values

def integer(draw):
    chance = draw.random.random()
    if chance < 0.75:
        return [b"%d" % draw.random.randint(-12, 40)]
    if chance < 0.9:
        return [draw.random.choice(WIDE_INTEGERS)]
    if chance < 0.95:
        return [b"%d" % draw.random.randint(-(1 << 63), (1 << 63) - 1)]
    return [draw.random.choice(NOT_INTEGERS)]


def index(draw):
    if draw.random.random() < 0.95:
        return [b"%d" % draw.random.choice([0, 0, 1, 2, -1, -1, -2, 3, 5, -6, 10, 100, -100, 500])]
    return integer(draw)


def count(draw):
    """How many to take: small, absent from none of the interesting places, never so many that a reply would not end."""
    return [draw.random.choice([b"0", b"1", b"1", b"2", b"3", b"5", b"17", b"200", b"-1", b"x", b"1.5",
                                b"9223372036854775807", b"9223372036854775808"])]


def random_count(draw):
    """For commands that answer |count| times when it is negative."""
    return [draw.random.choice([b"0", b"1", b"2", b"3", b"10", b"200", b"1000000", b"-1", b"-2", b"-40", b"x", b"",
                                b"9223372036854775808", b"-9223372036854775808"])]


def floating(draw):
    chance = draw.random.random()
    if chance < 0.5:
        return [b"%d" % draw.random.randint(-9, 30)]
    if chance < 0.92:
        return [draw.random.choice(FLOATS)]
    return [draw.random.choice(STRANGE_FLOATS)]


def text(draw):
    """Any bytes of an interesting length."""
    size = draw.random.choice(SIZES) if draw.random.random() < 0.5 else draw.random.randint(0, 24)
    if draw.random.random() < 0.1:
        return [draw.random.randbytes(size)]
    return [(b"%x" % draw.random.getrandbits(64) * (size // 8 + 1))[:size]]


def value(draw):
    chance = draw.random.random()
    if chance < 0.4:
        return integer(draw)
    return floating(draw) if chance < 0.5 else text(draw)


def member(draw):
    """Of hashes, sets and sorted sets: few names, so that they meet again."""
    chance = draw.random.random()
    if chance < 0.70:
        return [b"m%d" % draw.random.randrange(16)]
    if chance < 0.85:
        return [b"%d" % draw.random.randrange(-4, 24)]
    if chance < 0.93:
        return [b"b%d" % draw.random.randrange(600)]
    if chance < 0.97:
        return [b"M" * draw.random.choice(SIZES)]
    return [draw.random.choice([b"", b"\xff\x00\xfe", b"\r\n", b"9223372036854775807", b"-9223372036854775809", b"32768", b"1.0"])]


def number_member(draw):
    """Keeps a set to integers, where its compact form has three widths."""
    if draw.random.random() < 0.85:
        return [b"%d" % draw.random.randrange(-20, 600)]
    return [draw.random.choice(WIDE_INTEGERS[:2] + WIDE_INTEGERS[8:16])]


def score(draw):
    chance = draw.random.random()
    if chance < 0.7:
        return [b"%d" % draw.random.randint(-5, 20)]
    return floating(draw)


def score_bound(draw):
    chance = draw.random.random()
    if chance < 0.25:
        return [draw.random.choice([b"-inf", b"+inf", b"inf", b"(inf", b"(-inf"])]
    if chance < 0.55:
        return [b"(" + score(draw)[0]]
    return score(draw)


def lex_bound(draw):
    chance = draw.random.random()
    if chance < 0.3:
        return [draw.random.choice([b"-", b"+"])]
    if chance < 0.04 + 0.3:
        return [draw.random.choice([b"", b"a", b"(", b"[", b"-x", b"+x"])]
    return [draw.random.choice([b"[", b"("]) + member(draw)[0]]


# --- expiry: far away, so that two servers agree whatever their pace; past; or about to come, which the sequence waits for

def seconds(draw):
    chance = draw.random.random()
    if chance < 0.85:
        return [b"%d" % draw.random.randrange(1000, 10**7)]
    return [draw.random.choice([b"0", b"-1", b"-100", b"9223372036854775807", b"9223372036854775", b"x", b"1.5", b""])]


def milliseconds(draw):
    if draw.lapsing and draw.random.random() < 0.1:
        draw.lapsed = True
        return [b"1"]
    chance = draw.random.random()
    if chance < 0.85:
        return [b"%d" % draw.random.randrange(10**6, 10**10)]
    return [draw.random.choice([b"0", b"-1", b"-9223372036854775808", b"9223372036854775807", b"9223372036854770000", b"x", b""])]


def at_seconds(draw):
    if draw.lapsing and draw.random.random() < 0.1:
        draw.lapsed = True
        return [b"1"]
    if draw.random.random() < 0.92:
        return [b"%d" % (FAR_FUTURE_S + draw.random.randrange(10**6))]
    return [draw.random.choice([b"0", b"-5", b"9223372036854775807", b"x"])]


def at_milliseconds(draw):
    if draw.lapsing and draw.random.random() < 0.1:
        draw.lapsed = True
        return [b"1"]
    if draw.random.random() < 0.92:
        return [b"%d" % (FAR_FUTURE_S * 1000 + draw.random.randrange(10**9))]
    return [draw.random.choice([b"0", b"-5", b"9223372036854775807", b"x"])]


expiry = one_of(sequence("EX", seconds), sequence("PX", milliseconds), sequence("EXAT", at_seconds),
                sequence("PXAT", at_milliseconds))
database = mostly(0.9, pick("0", "1", "2"), pick("15", "16", "-1", "x", "", "9223372036854775808"))
