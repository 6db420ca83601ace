"""A report in, one string out: `text` for people, `json` for machines.

Pure. What came from a manifest or a server goes through `safe` first, so that no value can forge a
line or send the terminal an escape sequence. May import `report`, `plan` and `model`.
"""
