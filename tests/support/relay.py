"""One who listens where a server should be and passes all bytes on to where it is, for tests."""
import socket
import threading


class Relay:
    """`rewrite` gets what the dialling side says and returns what is passed on.

    `answers` gets what the other side says and returns the pieces that are passed on, each as it is, or as
    (event, bytes) once the event is set."""

    def __init__(self, to, host="127.0.0.1", port=0, rewrite=lambda said: said, answers=lambda said: [said]):
        self.to, self.rewrite, self.answers = to, rewrite, answers
        self.listener = socket.create_server((host, port))
        self.port = self.listener.getsockname()[1]
        self.passed_on = 0  # connections
        self.links = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                dialling, _ = self.listener.accept()
                dialled = socket.create_connection(self.to, 10)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                continue
            self.passed_on += 1
            self.links += [dialling, dialled]
            for pair in ((dialling, dialled, lambda said: [self.rewrite(said)]), (dialled, dialling, self.answers)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    @staticmethod
    def pass_on(source, target, rewrite):
        try:
            while said := source.recv(1 << 16):
                for piece in rewrite(said):
                    if isinstance(piece, tuple):
                        piece[0].wait()
                        piece = piece[1]
                    target.sendall(piece)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for end in (self.listener, *self.links):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
