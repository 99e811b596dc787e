"""Configuration files as Asterisk reads them (main/config.c): sections and their lines, with places."""
