"""What lies around every request, as pure ASGI.

From the outside in: request_context → cors → paths → body_limit → guard → routes.
"""
