"""One module a rule: its file makes it known, its docstring is its page. See dialplan/rule.py."""
