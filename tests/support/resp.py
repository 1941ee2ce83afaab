"""A bare Redis client for tests and the demo: every byte, time and error is under the caller's control.

Replies: int, bytes, None, list, and Error (a value, not an exception) for error replies.
"""
import socket


class Error(Exception):
    """An error reply of the server; .args[0] is its text."""


class Disconnected(Exception):
    """The connection broke or timed out: the outcome of what was sent is unknown."""


class Connection:
    def __init__(self, host, port, password=None, timeout=2.0):
        self.address = (host, int(port))
        self.buffer = b""
        try:
            self.socket = socket.create_connection(self.address, timeout)
        except OSError as error:
            raise Disconnected(f"connect to {host}:{port}: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if password:
            self._authenticate(password)

    def _authenticate(self, password):
        try:
            reply = self.command("AUTH", password)
        except Disconnected:
            self.close()
            raise
        if isinstance(reply, Error):
            self.close()
            raise reply

    def close(self):
        self.socket.close()

    def command(self, *words):
        return self.pipeline([words])[0]

    def pipeline(self, commands):
        """Sends all commands in one write and returns their replies in order."""
        try:
            self.socket.sendall(b"".join(encode(words) for words in commands))
            return [self.read() for _ in commands]
        except OSError as error:
            raise Disconnected(f"{self.address[0]}:{self.address[1]}: {error}") from error

    def read(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return Error(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self._exactly(size + 2)[:-2]
        if kind == b"*":
            count = int(rest)
            return None if count < 0 else [self.read() for _ in range(count)]
        raise Disconnected(f"not a reply: {line[:80]!r}")

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Disconnected(f"{self.address[0]}:{self.address[1]} closed the connection")
        self.buffer += data

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _exactly(self, size):
        while len(self.buffer) < size:
            self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def info(connection, section="all"):
    """INFO as a dict of strings."""
    reply = connection.command("INFO", section)
    if isinstance(reply, Error):
        raise reply
    lines = reply.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def ask_sentinel(connection, password, *words):
    """The reply of a sentinel that may want a password, or none."""
    return connection.pipeline([("AUTH", password), words])[-1] if password else connection.command(*words)


def ask_sentinels(sentinels, master_name, password=None, timeout=0.5):
    """The primary's (host, port) as the first sentinel that knows it says, or None."""
    for host, port in sentinels:
        try:
            connection = Connection(host, port, timeout=timeout)
        except Disconnected:
            continue
        try:
            reply = ask_sentinel(connection, password, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", master_name)
        except Disconnected:
            continue
        finally:
            connection.close()
        if isinstance(reply, list) and len(reply) == 2:
            return reply[0].decode(), int(reply[1])
    return None
