"""From files to desired resources, or to all problems of all files at once.

`discovery` finds the files, `document` reads positioned YAML, `code` reads what a flow's syntax tree
says, and `manifests` brings them together and hands each document to its kind. Only this package reads
the user's repository; it runs none of it. May import `kinds`, `model` and `errors`.
"""
