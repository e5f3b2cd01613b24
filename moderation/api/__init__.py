"""The HTTP surface: `/v1`, one error shape, a role for every route."""
