"""From files to desired resources, or to all problems of all files at once.

`discovery` finds the files and `files` opens them, `document` reads positioned YAML, `drafts` makes native
values of either dialect (`prefect_yaml` is that of `prefect deploy`) and `placeholders` fills them, `layers`
lays defaults and `overlays` around them, `code` reads what a flow's syntax tree says, and `manifests` brings
all together and hands each resource to its kind. Only this package reads the user's repository; it runs none
of it. May import `kinds`, `model`, `errors` and `spelling`.
"""
