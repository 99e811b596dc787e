"""A private PBX: real Asterisk, real SIP phones, loopback only. Used by the demo and by the tests."""
