"""The last gate and what comes after it: prepare, commit, serve, and take back."""
