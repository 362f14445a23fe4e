"""Letters in over SMTP: the socket knows only the protocol; what is meaningful is asked of a ``PostOffice``.

``listener`` opens the port → ``wire`` carries bytes → ``session`` holds the conversation (``lmtp`` its dialect) →
``reception`` takes one letter → ``paths`` and ``data`` read what was said → ``contract`` is the border to whoever knows
mailboxes. ``trace`` writes the Received line that stands beside the letter.
"""

from mailhub.ingest.smtp.certificate import self_signed as self_signed
from mailhub.ingest.smtp.certificate import server_context as server_context
from mailhub.ingest.smtp.contract import PostOffice as PostOffice
from mailhub.ingest.smtp.contract import Recipient as Recipient
from mailhub.ingest.smtp.contract import Transaction as Transaction
from mailhub.ingest.smtp.limits import Limits as Limits
from mailhub.ingest.smtp.listener import Listener as Listener
from mailhub.ingest.smtp.lmtp import LmtpSession as LmtpSession
from mailhub.ingest.smtp.trace import received_header as received_header
