"""The command line, ``wmiam``: the questions of the library, from a shell."""

from wmiam.cli.main import main

__all__ = ["main"]
