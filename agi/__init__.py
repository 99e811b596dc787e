"""During a call: what Asterisk asks over AGI. Imports models only."""
