"""Settings of Django, from the environment."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

_APP = "tests.bench.peers.original_server"

SECRET_KEY = "signs nothing here"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["daphne", "channels", _APP]
ASGI_APPLICATION = f"{_APP}.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [os.environ["PEER_REDIS_URL"]],
            # As its documentation shows it; with the default of 100 a burst loses messages.
            "capacity": 1500,
            "expiry": 10,
        },
    }
}

STORES_MESSAGES = "PEER_DATABASE_URL" in os.environ
if STORES_MESSAGES:
    _database = urlsplit(os.environ["PEER_DATABASE_URL"])
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.path.lstrip("/"),
            "USER": _database.username,
            "PASSWORD": _database.password,
            "HOST": _database.hostname,
            "PORT": _database.port,
            # All statements run in one thread of asgiref; without this it would connect for each.
            "CONN_MAX_AGE": 600,
        }
    }
