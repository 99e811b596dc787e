"""`concierge demo`: the whole product on a private real PBX, told in plain words."""
