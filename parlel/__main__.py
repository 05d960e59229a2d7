"""`python -m parlel`: the command line."""

from parlel.cli import main

main()
