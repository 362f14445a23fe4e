"""``python -m core.settings > docs/settings.md``"""

import sys

from core.settings.page import write_page

sys.stdout.write(write_page())
