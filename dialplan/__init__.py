"""Reads and judges extensions.conf. Imports nothing else of ours."""
