"""How a demo fails."""


class DemoFailed(Exception):
    """A part of the demo failed: one line that names what and where its log is."""
