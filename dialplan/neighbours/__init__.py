"""Asterisk's other configuration files beside the dialplan: what they define, and whether that is all there is.

Values of settings that may be credentials (`secret`, `password`, a mailbox's PIN) are never handed on.
"""
