"""Conformance: the same case played on an emulator and on the real service, and the replies compared.

    python -m conformance                              everything, against the real services or their recorded goldens
    python -m conformance --service redis --group strings
    python -m conformance --case "redis/strings/SET with every option"

A case is a script in `conformance/cases/<service>/`. What may differ is declared in `normalise.toml` beside the cases or at
the step itself; what differs on purpose is an entry of `KNOWN_DIFFERENCES.toml` that the step names. `docs/conformance.md`
is the scoreboard, `python -m conformance.fuzz` looks for differences nobody has thought of.
"""
