"""The pages that people see in a browser: server-rendered, usable by keyboard and without JavaScript."""
