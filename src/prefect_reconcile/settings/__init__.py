"""What a run goes by: the project's configuration, and which Prefect to talk to, by Prefect's own settings.

`config` reads a configuration, `config_keys` has its keys, and `effective` makes of it what counts for
one target; `toml_file` and `toml_places` read TOML with its places. `sources` reads the places where a
setting of Prefect may stand, `connection` decides. May import `kinds`, `model`, `errors` and `spelling`.
"""

from prefect_reconcile.settings.config import ConfigFile, read_config
from prefect_reconcile.settings.config_keys import Config, Target
from prefect_reconcile.settings.connection import Connection, connection
from prefect_reconcile.settings.effective import Effective, effective
from prefect_reconcile.settings.sources import Server

__all__ = [
    "Config",
    "ConfigFile",
    "Connection",
    "Effective",
    "Server",
    "Target",
    "connection",
    "effective",
    "read_config",
]
