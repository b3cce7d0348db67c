"""Effective access: the answers of a whole estate, as objects, frames and sentences."""

from wmiam.access.access import Access
from wmiam.access.applied import StatementView
from wmiam.access.explain import Explanation, LayerView
from wmiam.access.summary import Summary

__all__ = ["Access", "Explanation", "LayerView", "StatementView", "Summary"]
