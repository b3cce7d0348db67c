"""What notebook and report share in showing things: visible text, laid-out statements, HTML fragments."""

from wmiam.views.html import diagnostics_html, estate_html, explanation_html, summary_html

__all__ = ["diagnostics_html", "estate_html", "explanation_html", "summary_html"]
