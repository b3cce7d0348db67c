"""The rules, a module for each idea; :mod:`wmiam.findings.table` lists them all."""
