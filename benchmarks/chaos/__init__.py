"""The kill loop: members killed under traffic at every step of the protocol, audited after each ten."""
