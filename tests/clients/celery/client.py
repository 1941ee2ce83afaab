"""Celery: broker and results in the server; tasks, a chain, a chord, a retry, by a worker in a thread."""
import sys

from celery import Celery, chain, chord
from celery.contrib.testing.worker import start_worker
from redis import Redis

LIMIT_S = 20


def main(host, port):
    Redis(host, port).flushall()
    url = f"redis://{host}:{port}/0"
    app = Celery("clients", broker=url, backend=url)

    @app.task
    def add(a, b):
        return a + b

    @app.task
    def total(numbers):
        return sum(numbers)

    @app.task(bind=True, default_retry_delay=0, max_retries=2)
    def stubborn(self):
        if self.request.retries < 2:
            raise self.retry()
        return self.request.retries

    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=LIMIT_S):
        assert add.delay(1, 2).get(LIMIT_S) == 3
        assert chain(add.s(1, 2), add.s(4))().get(LIMIT_S) == 7
        assert chord([add.s(i, i) for i in range(10)], total.s())().get(LIMIT_S) == 90
        assert stubborn.delay().get(LIMIT_S) == 2


if __name__ == "__main__":
    main(sys.argv[2], int(sys.argv[3]))
