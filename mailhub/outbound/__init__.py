"""The way out: one ledger for every letter that leaves the house.

``ledger`` plans a letter (bytes, message, one delivery a recipient) in one transaction; ``send`` carries deliveries to
the relay; ``returns`` finds the delivery that a report belongs to. ``states`` is the table of what may follow what.
"""
