"""What every view of the lab has in common: forms of it that need neither kernel nor widget."""

from __future__ import annotations

import base64
import os
from typing import Any, Final

import anywidget
from IPython import get_ipython
from markupsafe import Markup

from wmiam.lab.module import page_script
from wmiam.views.embedding import embedded

__all__ = ["MIME", "BundledView"]

#: The type under which an exporter finds a view's data.
MIME: Final = "application/vnd.wmiam+json"
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"


class BundledView(anywidget.AnyWidget):
    """A widget whose output also holds its data, and HTML that needs no kernel.

    Notes
    -----
    Where a notebook is executed and nobody watches, as ``jupyter nbconvert --execute`` does, the output
    holds no widget.  An exporter would prefer it to the HTML, and a page of widgets asks the network for
    the script that shows them.
    """

    def bundled(self) -> tuple[str, dict[str, Any], bytes]:
        """Return kind, options and compressed data, as the page's ``hydrate`` takes them."""
        raise NotImplementedError

    def fallback(self) -> str:
        """Return the view as HTML for readers without script."""
        raise NotImplementedError

    def open(self) -> None:
        """Tell the front end of the widget, if there is one."""
        if is_watched():
            super().open()

    @property
    def model_id(self) -> str:
        """What the front end calls the widget; whatever holds it asks for this."""
        super().open()
        return str(super().model_id)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/plain": repr(self)}
        metadata: dict[str, Any] = {}
        if is_watched():
            data, metadata = super()._repr_mimebundle_(**options) or (data, metadata)
        kind, chosen, packed = self.bundled()
        bundle = {
            "version": 1,
            "kind": kind,
            "options": chosen,
            "data": base64.b64encode(packed).decode("ascii"),
        }
        data["text/html"] = standing_html(self.fallback(), bundle)
        data[MIME] = bundle
        return data, metadata


def standing_html(fallback: str, bundle: dict[str, Any]) -> str:
    """Return a view as HTML that shows itself in any page that runs scripts, and else reads without.

    Parameters
    ----------
    fallback : str
        The view for readers without script.
    bundle : dict
        Version, kind, options and data.
    """
    return (
        f'<div class="wmiam-view"><div class="wmiam-still">{fallback}</div>'
        f'<script type="application/json">{embedded(bundle)}</script></div>'
        f"<script>{Markup(page_script())}</script>"  # noqa: S704 - our own files
    )


def is_watched() -> bool:
    """Whether a front end may show widgets: one that cannot even be asked for input shows none."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return True
    asked = (kernel.get_parent("shell") or {}).get("content", {})
    # Voilà executes like that and yet shows widgets; whatever a Jupyter server runs may be looked at.
    server = "JPY_SESSION_NAME" in os.environ or "voila" in os.environ.get("SERVER_SOFTWARE", "").lower()
    return server or asked.get("allow_stdin") is not False
