"""The fast way of mailings: one window of letters for the whole sender.

Rows are claimed and composed ahead, which costs nothing in a crash; one statement marks as many as the window allows;
any free connection takes one; what the servers said rides on the next mark. So a letter costs a small part of a sync of
the disk, and the journal of the process says after a kill which of the marked ones had left.
"""

from mailhub.campaigns.windows.sending import MailingSending

__all__ = ["MailingSending"]
