"""Talking to Prefect's REST API: the only place that knows HTTP.

`client` carries conversations out, `connect` makes the HTTP client, `answers` tells what came back means,
`retry` whether and when to send again, `pace` how many requests the server bears at once, and `gate` holds
them to it. May import `settings`, `model` and `errors`; an exception of httpx never leaves it.
"""
