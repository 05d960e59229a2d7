"""`parlel` on the command line. Results go to stdout, narration to stderr; `--json` on everything that reads.

Exit codes: 0 done (also when `up` or `logs -f` end by Ctrl-C or SIGTERM), 1 it failed, 2 the command line is wrong, 130
interrupted. Everything but `up`, `version` and `replay` talks to a running instance through its control socket (see
`control.METHODS`). rich and the services are imported when needed.

base     what all commands share
life     up status down version
data     seed dump snapshot restore reset logs env replay
trouble  chaos crash recover clock
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from emulators.kernel import HostError
from parlel.cli import data, life, trouble  # noqa: F401 - they add their commands
from parlel.cli.base import cli, say
from parlel.errors import ConfigError, ParlelError

__all__ = ["cli", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    try:
        cli.main(arguments, prog_name="parlel", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; nothing more can be written, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        # `up` and `logs -f` end well by Ctrl-C and do not come here; whatever else is interrupted is not done.
        say("interrupted")
        sys.exit(130)
    except ConfigError as error:
        say(f"error: {error}")
        sys.exit(2)
    except (ParlelError, HostError, OSError, ValueError) as error:
        say(f"error: {error}")
        sys.exit(1)
