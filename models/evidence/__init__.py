"""Evidence that shows whether it was touched: each transaction's rows are a link of a hash chain with a signature.

`chain` is pure, `sources` says which rows are evidence, `seal` writes links and removals, `verify` finds what was
changed, `key` and `checkpoint` are two files beside the database: what is signed with, and where the chain ended last.
"""
