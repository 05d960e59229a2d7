"""Differential fuzzing: Hypothesis makes command sequences, both servers play them, a difference shrinks to a case.

python -m conformance.fuzz --service redis --seconds 60 --seed 7
"""
