"""What a customer has, as plain immutable types with look-up and no other behaviour."""

from wmiam.estate.estate import Estate

__all__ = ["Estate"]
