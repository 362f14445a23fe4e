"""What keeps a house in order from outside its daily work: upgrade, check, import, backup and restore."""

from mailhub.upkeep.backup import make_backup as make_backup
from mailhub.upkeep.backup import restore_backup as restore_backup
from mailhub.upkeep.checking import check_house as check_house
from mailhub.upkeep.importing import Import as Import
from mailhub.upkeep.importing import Report as Report
from mailhub.upkeep.importing import is_served as is_served
from mailhub.upkeep.upgrading import upgrade_safely as upgrade_safely
