"""`python -m api_service.admin`: see `command.py`."""

import sys

from api_service.admin.command import main

sys.exit(main())
