"""Load data into services from text: SeedExecutor, and the readers of the three formats."""

from parlel.seeds.executor import SeedExecutor

__all__ = ["SeedExecutor"]
