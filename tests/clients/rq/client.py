"""RQ: jobs that succeed, fail, wait for another one or for their time, run by a worker in burst mode."""
import sys
from datetime import timedelta

import redis
from rq import Queue, SimpleWorker

TASK = "operator.mul"  # what a worker can import anywhere


def main(host, port):
    connection = redis.Redis(host, port)
    connection.flushall()
    queue = Queue(connection=connection)
    good = queue.enqueue(TASK, 6, 7)
    bad = queue.enqueue(TASK, "a", "b")
    after = queue.enqueue(TASK, 2, 2, depends_on=good)
    later = queue.enqueue_in(timedelta(hours=1), TASK, 3, 3)
    assert SimpleWorker([queue], connection=connection).work(burst=True)
    assert good.return_value() == 42 and after.return_value() == 4
    assert bad.get_status(refresh=True) == "failed" and bad.id in queue.failed_job_registry
    assert later.id in queue.scheduled_job_registry
    assert queue.finished_job_registry.count == 2 and len(queue) == 0


if __name__ == "__main__":
    main(sys.argv[2], int(sys.argv[3]))
