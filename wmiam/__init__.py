"""Explore who can do what to Amazon WorkMail organizations, under which conditions, and why."""
