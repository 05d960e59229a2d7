"""Faults on purpose, reproducible by the seed.

rules    Rule: which operations are hit, and what happens to them
presets  PRESET_RULES: the nine ready-made rules
monkey   ChaosMonkey: holds the rules of a context, switches them on and off, tells what they did
"""

from parlel.chaos.monkey import ChaosMonkey, InterceptedOp, RuleHandle
from parlel.chaos.presets import PRESET_RULES
from parlel.chaos.rules import Rule

__all__ = ["PRESET_RULES", "ChaosMonkey", "InterceptedOp", "Rule", "RuleHandle"]
