"""What generated code calls while it runs: helpers, row storage with constraints, locking."""
