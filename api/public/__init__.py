"""What answers without signing in: health, figures, built files."""

from api.public.health import ROUTES as HEALTH
from api.public.health import Readiness as Readiness

ROUTES = [*HEALTH]

__all__ = ["ROUTES", "Readiness"]
