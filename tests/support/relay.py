"""One who listens where a server should be and passes all bytes on to where it is, for tests."""
import socket
import threading
import time

PIECE_BYTES = 1 << 16


class Relay:
    """`rewrite` gets what the dialling side says and returns what is passed on.

    `answers` gets what the other side says and returns the pieces that are passed on, each as it is, or as
    (event, bytes) once the event is set.

    It is also a bad line: cut() ends all connections, and while `delay_s` or `bytes_per_s` is set what the other side says
    comes late or slowly."""

    def __init__(self, to, host="127.0.0.1", port=0, rewrite=lambda said: said, answers=lambda said: [said]):
        self.to, self.rewrite, self.answers = to, rewrite, answers
        self.listener = socket.create_server((host, port))
        self.port = self.listener.getsockname()[1]
        self.passed_on = 0  # connections
        self.links = []
        self.delay_s, self.bytes_per_s = 0, None
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                dialling, _ = self.listener.accept()
            except OSError:
                if self.listener.fileno() < 0:
                    return
                continue
            try:
                dialled = socket.create_connection(self.to, 10)
            except OSError:
                dialling.close()
                continue
            self.passed_on += 1
            self.links = [link for link in self.links if link.fileno() >= 0] + [dialling, dialled]
            for pair in ((dialling, dialled, lambda said: [self.rewrite(said)]), (dialled, dialling, self.late_answers)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def late_answers(self, said):
        if self.delay_s:
            time.sleep(self.delay_s)
        if self.bytes_per_s:
            time.sleep(len(said) / self.bytes_per_s)
        return self.answers(said)

    @staticmethod
    def pass_on(source, target, rewrite):
        try:
            while said := source.recv(PIECE_BYTES):
                for piece in rewrite(said):
                    if isinstance(piece, tuple):
                        piece[0].wait()
                        piece = piece[1]
                    target.sendall(piece)
        except OSError:
            pass
        Relay.end(source, target)

    @staticmethod
    def end(*links):
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.end(*self.links)

    def close(self):
        self.end(self.listener, *self.links)
        for end in (self.listener, *self.links):
            end.close()
