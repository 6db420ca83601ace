"""The command line: options in, text and an exit code out. The only package that prints.

`app` lists the commands, a module each; `options` are those that several commands share, `project` is
what the options and the configuration make of a repository, `output` is where text goes. May import
everything. Heavy imports happen inside the commands, so that `--help` and `--version` answer at once.
"""

from prefect_reconcile.cli.app import main, run

__all__ = ["main", "run"]
