"""Who is who: accounts, roles, API keys, sanctions, quotas."""
