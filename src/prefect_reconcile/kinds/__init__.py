"""What can be reconciled: one module or package per kind of resource.

A kind knows all about its resource: how to read a manifest, which requests observe it, its canonical
form, and which requests carry a change out. Everything else treats kinds alike. A kind is pure: it
gets values and returns values or conversations. It may import `model` and `errors`, nothing above.
A new kind is a module that satisfies `Kind` and a line in `registry`.
"""
