"""National do-not-call registries: immutable files in a folder beside the store, swapped whole.

`blocks` holds the numbers, `file` one registry, `folder` the files and what must be there, `watch` answers a call.
"""
