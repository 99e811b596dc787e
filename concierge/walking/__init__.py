"""A caller who tries every key of the menus, held against what the flow verifier's model says of them."""
