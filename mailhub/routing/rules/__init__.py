"""The rules of a mailbox: what happens by itself when a letter comes, in the order that people set.

``tables`` and ``verbs`` keep them, ``facts`` are the words they may use of a letter, ``actions`` what they may do,
``acting`` does it on the journey of a letter, ``trying`` shows what they would have done.
"""
