"""The hooks in Asterisk's configuration: put in, taken out, compared with what Asterisk has loaded."""
