"""The client that sends exactly what a test says; conformance plays its cases with it too."""

from __future__ import annotations

from conformance.kafka.raw import Raw, batch, fetch, plain, produce

__all__ = ["Raw", "batch", "fetch", "plain", "produce"]
