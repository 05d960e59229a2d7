"""Runs one server in this process until its input ends: `python -m benchmarks.serve emulator|fakeredis|kafka`.

Prints `port N` when it accepts connections.
"""

from __future__ import annotations

import argparse
import sys
import threading


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["emulator", "fakeredis", "kafka"])
    parser.add_argument("--version", default="7.0")
    options = parser.parse_args()
    if options.kind == "emulator":
        _emulator(options.version)
    elif options.kind == "kafka":
        _kafka()
    else:
        _fakeredis()


def _emulator(version: str) -> None:
    from emulators.kernel import Host
    from emulators.redis import RedisEmulator

    with Host(seed=1) as host:
        runtime = host.add("redis", lambda env: RedisEmulator(env, version=version))
        print(f"port {runtime.port}", flush=True)
        sys.stdin.read()


def _kafka() -> None:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kernel import Host

    with Host(seed=1) as host:
        runtime = host.add("kafka", KafkaEmulator)
        print(f"port {runtime.port}", flush=True)
        sys.stdin.read()


def _fakeredis() -> None:
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"port {server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
