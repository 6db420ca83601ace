"""Make the deployments of a Prefect server be what a Git repository says they are.

The package is a pipeline, and its modules are the stations: `loader` reads manifests, a kind in
`kinds` observes the live side and brings both into one canonical form, `differ` compares, `plan`
holds the result, `render` shows it, and `reconciler` carries it out through `api`. Everything from
the canonical form to the rendered plan is pure: no client, path, clock, environment or log.

Imports point downwards only, in the order that `[tool.importlinter]` in `pyproject.toml` lists.
"""

__version__ = "0.1.0"
