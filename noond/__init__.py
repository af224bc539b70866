"""noond: a self-hosted daemon that turns what lies around into reviewed records."""

__version__ = "0.1.0"
