"""Letters streamed over a connection without waiting for each answer (RFC 2920): the envelope of the next letter goes
along with the dot of the one before, so a letter costs one way there and back.

Greeting, TLS and login are those of the ordinary sender (``outbound.connection``), which hands its open connection
over; where the server does not offer PIPELINING the same conversation goes on step by step.
"""

from mailhub.campaigns.pipeline.conversation import Conversation, Desk, Parcel

__all__ = ["Conversation", "Desk", "Parcel"]
