"""Answering the page where cells run.

JupyterLab sends what is clicked to a thread beside the one that runs cells.  An evaluation shares
what it works out, so that two threads must not work on it at once; and Kernel › Interrupt reaches
the main thread alone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["on_main_thread"]


def on_main_thread(work: Callable[[], None]) -> None:
    """Do something in the main thread, between cells, and wait until it is done.

    Parameters
    ----------
    work : callable
        What to do; an interrupt stops it.
    """
    loop = _loop()
    if loop is None or threading.current_thread() is threading.main_thread():
        work()
        return
    done = threading.Event()

    def run() -> None:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            work()
        except KeyboardInterrupt:
            pass  # it was asked to stop, and has
        finally:
            signal.signal(signal.SIGINT, before)
            done.set()

    loop.add_callback(run)
    done.wait()


def _loop() -> Any:
    """Return the loop in which a kernel's cells run; None where there is no kernel."""
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return getattr(kernel, "io_loop", None)
