"""RESP over a Unix socket, quick over long pipelines and keeping apart what clients may tell apart (resp.py is simpler).

A reply is int, bytes (a bulk string), None (the null bulk string), list (an array), or a pair (kind, content) for every
other kind: ("+", b"OK"), ("-", b"ERR ..."), ("*", None) for the null array, ("%", [...]) for a RESP3 map and so on.
"""
import socket

RECEIVE_BYTES = 1 << 18


class Disconnected(Exception):
    """The connection broke or the reply did not come in time."""


class _Incomplete(Exception):
    def __init__(self, length=0):
        """`length`: that much of the data is needed at least."""
        super().__init__()
        self.length = length


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def parse(data, at):
    """The reply that begins at data[at] and the position after it."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise _Incomplete
    kind, rest, at = data[at], data[at + 1:end], end + 2
    if kind in b"$=":
        size = int(rest)
        if size < 0:
            return None, at
        if len(data) < at + size + 2:
            raise _Incomplete(at + size + 2)
        return data[at:at + size], at + size + 2
    if kind == 0x3A:  # :
        return int(rest), at
    name = chr(kind)
    if name in "+-,#(_":
        return (name, rest), at
    if name not in "*%~>":
        raise Disconnected(f"not a reply: {data[at - len(rest) - 3:at + 40]!r}")
    count = int(rest)
    if count < 0:
        return (name, None), at
    items = []
    for _ in range(count * 2 if name == "%" else count):
        item, at = parse(data, at)
        items.append(item)
    return (items if name == "*" else (name, items)), at


class Connection:
    def __init__(self, path, timeout_s):
        self.buffer, self.at = b"", 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        try:
            self.socket.connect(path)
        except OSError as error:
            self.socket.close()
            raise Disconnected(f"connect to {path}: {error}") from error

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Disconnected(f"send: {error}") from error

    def read(self):
        while True:
            try:
                reply, self.at = parse(self.buffer, self.at)
                return reply
            except _Incomplete as incomplete:
                self._more(incomplete.length)

    def pass_over(self, end):
        """Takes in all up to where it ends like that, without looking at what lies before; returns how it began."""
        while not self.buffer.endswith(end):
            self._more()
        began, self.buffer = self.buffer[:RECEIVE_BYTES], b""
        return began

    def command(self, *words):
        self.send(encode([w if isinstance(w, bytes) else str(w).encode() for w in words]))
        return self.read()

    def _more(self, length=0):
        """Takes in something, until the buffer is of that length."""
        pieces, missing = [self.buffer[self.at:]], max(length - len(self.buffer), 1)
        while missing > 0:
            try:
                pieces.append(self.socket.recv(RECEIVE_BYTES))
            except OSError as error:
                raise Disconnected(f"no reply: {error}") from error
            if not pieces[-1]:
                raise Disconnected("the server closed the connection")
            missing -= len(pieces[-1])
        self.buffer, self.at = b"".join(pieces), 0
