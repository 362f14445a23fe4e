"""What answers without signing in: health, figures, built files."""

from api.public import feeds, files, health, metrics, shell
from api.public.health import Readiness
from api.public.metrics import Metrics, begin, count

ROUTES = [*health.ROUTES, *metrics.ROUTES, *files.ROUTES, *feeds.ROUTES, *shell.ROUTES]

__all__ = ["ROUTES", "Metrics", "Readiness", "begin", "count"]
