"""Benchmarks: the emulators beside their peers, in one run on one machine.

    python -m benchmarks                 everything, some minutes
    python -m benchmarks --quick         fewer rounds and smaller data
    python -m benchmarks --write         the same, and docs/benchmarks.md is written

Every server runs in a process of its own (`benchmarks/serve.py`). Rounds of the peers are interleaved, so that a noisy minute
hits all of them; medians are shown, and what matters is the ratio to the real service.
"""
