"""Beside the calls: what Asterisk tells over AMI. Imports models only."""
