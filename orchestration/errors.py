"""What the command line says to people."""


class UserError(Exception):
    """A mistake a person can mend: printed as one line on stderr, exit code 2, no traceback."""
