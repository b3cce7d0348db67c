"""The kit in JupyterLab: the explorer, and views of one thing each."""

from wmiam.lab.explorer import Explorer, explore

__all__ = ["Explorer", "explore"]
