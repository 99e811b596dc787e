"""The dialplan as Asterisk holds it: `load` reads it, `match.find` says what would run next."""
