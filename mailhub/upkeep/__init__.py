"""What keeps a house in order from outside its daily work: upgrade, check, backup and restore."""

from mailhub.upkeep.upgrading import upgrade_safely as upgrade_safely
