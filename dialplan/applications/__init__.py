"""What each application does to a call: tables per Asterisk version, and effects written by hand."""
