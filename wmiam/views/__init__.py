"""What notebook, report and command line share in showing things: visible text, laid-out statements, HTML.

Nothing is imported here: the command line needs :mod:`wmiam.views.text` alone, and
must not wait for the templates.
"""
