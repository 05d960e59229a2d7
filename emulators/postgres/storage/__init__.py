"""MVCC storage: row versions and heaps (heap.py), indexes (index.py), transactions and snapshots (transaction.py)."""
