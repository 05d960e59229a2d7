"""Job queues as their users run them, over the socket: Celery, RQ, Dramatiq, Huey, arq and BullMQ's Python client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis

import parlel


@pytest.fixture(scope="module")
def service() -> Iterator[parlel.Service]:
    with parlel.emulate("redis", seed=1) as service:
        yield service


@pytest.fixture(autouse=True)
def clean(service: parlel.Service) -> Iterator[None]:
    yield
    service.reset()


def double(n: int) -> int:
    return 2 * n


def fail(n: int) -> None:
    raise ValueError(n)


def test_rq_runs_jobs_keeps_results_and_registers_failures(service: parlel.Service) -> None:
    rq = pytest.importorskip("rq")
    connection = redis.Redis(port=service.port)
    queue = rq.Queue("jobs", connection=connection)
    jobs = [queue.enqueue(double, n) for n in range(5)]
    broken = queue.enqueue(fail, 3)
    worker = rq.SimpleWorker([queue], connection=connection)
    worker.work(burst=True)
    assert [job.return_value() for job in jobs] == [0, 2, 4, 6, 8]
    assert broken.get_status(refresh=True) == "failed"
    assert broken.id in rq.registry.FailedJobRegistry(queue=queue).get_job_ids()
    assert queue.count == 0
    connection.close()


def test_huey_executes_schedules_and_locks(service: parlel.Service) -> None:
    huey_module = pytest.importorskip("huey")
    queue = huey_module.RedisHuey("tests", url=service.url)
    seen: list[int] = []

    @queue.task()  # type: ignore[untyped-decorator]
    def note(n: int) -> int:
        seen.append(n)
        return n + 1

    results = [note(n) for n in range(3)]
    later = note.schedule((9,), delay=3600)
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
    assert seen == [0, 1, 2]
    assert [result.get() for result in results] == [1, 2, 3]
    assert queue.scheduled_count() == 0 or later.get() is None
    with queue.lock_task("once"), pytest.raises(huey_module.exceptions.TaskLockedException), queue.lock_task("once"):
        pass
    queue.storage.conn.close()


def test_dramatiq_delivers_retries_and_dead_letters(service: parlel.Service) -> None:
    dramatiq = pytest.importorskip("dramatiq")
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=service.url)
    seen: list[int] = []
    attempts: list[int] = []

    @dramatiq.actor(broker=broker, max_retries=0)  # type: ignore[untyped-decorator]
    def note(n: int) -> None:
        seen.append(n)

    @dramatiq.actor(broker=broker, max_retries=2, min_backoff=1, max_backoff=5)  # type: ignore[untyped-decorator]
    def flaky(n: int) -> None:
        attempts.append(n)
        if len(attempts) < 3:
            raise RuntimeError("not yet")

    for n in range(10):
        note.send(n)
    flaky.send(7)
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
    worker.start()
    try:
        broker.join("default", timeout=15_000)
        worker.join()
    finally:
        worker.stop()
        broker.close()
    assert sorted(seen) == list(range(10))
    assert attempts == [7, 7, 7]


async def double_async(context: dict[Any, Any], n: int) -> int:
    return 2 * n


def test_arq_runs_deferred_and_unique_jobs(service: parlel.Service) -> None:
    pytest.importorskip("arq")
    from arq import create_pool
    from arq.connections import RedisSettings
    from arq.worker import Worker

    async def main() -> list[Any]:
        pool = await create_pool(RedisSettings(port=service.port))
        jobs = [await pool.enqueue_job("double_async", n, _job_id=f"job-{n}") for n in range(4)]
        assert await pool.enqueue_job("double_async", 1, _job_id="job-1") is None
        worker = Worker(functions=[double_async], redis_pool=pool, burst=True, poll_delay=0.01, handle_signals=False)
        await worker.async_run()
        results = [await job.result(timeout=5) for job in jobs if job is not None]
        await worker.close()
        await pool.aclose()
        return results

    assert asyncio.run(main()) == [0, 2, 4, 6]


def test_celery_runs_groups_chords_and_retries(service: parlel.Service) -> None:
    celery = pytest.importorskip("celery")
    from celery.contrib.testing.worker import start_worker

    app = celery.Celery("tests", broker=service.url, backend=service.url, set_as_current=False)
    app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=False, result_expires=60)
    tries: list[int] = []

    @app.task(name="add")  # type: ignore[untyped-decorator]
    def add(a: int, b: int) -> int:
        return a + b

    @app.task(name="total")  # type: ignore[untyped-decorator]
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @app.task(name="flaky", bind=True, max_retries=2)  # type: ignore[untyped-decorator]
    def flaky(self: Any) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise self.retry(countdown=0)
        return len(tries)

    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=15):
        assert celery.group(add.s(n, n) for n in range(5)).apply_async().get(timeout=15) == [0, 2, 4, 6, 8]
        assert celery.chord([add.s(n, 1) for n in range(4)])(total.s()).get(timeout=15) == 10
        assert flaky.delay().get(timeout=15) == 3
    app.close()


def test_bullmq_in_python_processes_delays_and_fails(service: parlel.Service) -> None:
    bullmq = pytest.importorskip("bullmq")

    async def main() -> tuple[int, dict[str, int]]:
        done = asyncio.Event()
        total = 0
        finished = 0

        async def process(job: Any, token: str) -> int:
            if job.name == "bad":
                raise ValueError("bad job")
            return int(job.data["n"]) * 2

        options = {"connection": service.url}
        queue = bullmq.Queue("bulls", options)
        worker = bullmq.Worker("bulls", process, options)

        def ended(job: Any, result: Any) -> None:
            nonlocal total, finished
            total += result if isinstance(result, int) else 0
            finished += 1
            if finished == 12:
                done.set()

        worker.on("completed", ended)
        worker.on("failed", lambda job, error: ended(job, None))
        for n in range(10):
            await queue.add("good", {"n": n})
        await queue.add("good", {"n": 100}, {"delay": 20})
        await queue.add("bad", {"n": 1})
        await asyncio.wait_for(done.wait(), 20)
        counts = await queue.getJobCounts("completed", "failed", "waiting", "delayed")
        await worker.close()
        await queue.close()
        return total, counts

    total, counts = asyncio.run(main())
    assert total == 290
    assert {**counts, "paused": 0} == {"completed": 11, "failed": 1, "waiting": 0, "delayed": 0, "paused": 0}
