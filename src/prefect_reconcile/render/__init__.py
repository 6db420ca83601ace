"""Values in, one string out.

`text` and `json` show a report, `problems` what is wrong with manifests, `config` the settings, and `yaml`
manifests. Pure. What came from a manifest or a server goes through `safe` first, so that no value can forge a
line or send the terminal an escape sequence. May import `report`, `plan`,
`settings` and `model`.
"""
