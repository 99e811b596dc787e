"""The same call in a private real Asterisk: what the interpreter says is checked against what really runs."""
