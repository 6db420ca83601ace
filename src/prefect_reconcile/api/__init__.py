"""Talking to Prefect's REST API: the only place that knows HTTP.

`client` carries conversations out, `answers` tells what an answer means, `pace` finds how many writes
the server bears. May import `settings`, `model` and `errors`; an exception of httpx never leaves it.
"""
