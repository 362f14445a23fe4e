"""What answers without signing in: health, figures, built files."""

from api.auth import of_part
from api.public import feeds, files, health, metrics, pictures, returns, shell
from api.public.health import Readiness
from api.public.metrics import Metrics, begin, count

ROUTES = [
    *health.ROUTES,
    *metrics.ROUTES,
    *files.ROUTES,
    *of_part("calendar", feeds.ROUTES),
    *shell.ROUTES,
    *returns.ROUTES,
    *pictures.ROUTES,
]

__all__ = ["ROUTES", "Metrics", "Readiness", "begin", "count"]
