"""The estate as a networkx graph, and who can become whom.

Nodes (attribute ``kind``; every node has ``label``, ``kind`` and ``layer``, its column in drawings):

=========================  ====================================  ===========================================
kind                       id                                    further attributes
=========================  ====================================  ===========================================
``external``               account id, service or provider name  ``what``: account, service, …
``user``, ``role``,        ARN                                   ``account``, ``path``
``root``,
``service-linked role``
``group``                  ARN                                   ``account``
``policy``                 ARN, or owner and name                ``policy_kind``
``statement``              policy id and ``#`` index             ``effect``, ``sid``, ``place`` (file:line)
``action``                 ``workmail:Name``                     ``access_level``, ``capabilities``
``organization``           ARN                                   ``account``, ``region``
``account``                12-digit id                           –
``target``                 ``r-…`` or ``ou-…``                   ``target_kind``
=========================  ====================================  ===========================================

Edges (attribute ``kind``, which is also the edge key; every edge has ``reason``, a sentence):

``member-of`` user → group; ``holds`` principal or group → policy; ``bounded-by`` principal →
policy; ``limited-by`` account or target → SCP; ``in`` principal → account → target → target;
``has`` policy → statement; ``allows`` and ``denies`` statement → action; ``can`` principal →
action on request, with ``organizations`` and ``decision``; ``on`` action → organization;
``can-assume`` principal or external → role, with ``decision``, ``conditions``, ``same_account``
and ``guide`` (page of the IAM guide).
"""

from wmiam.graph.assume import AssumeEdge, assumption_edges
from wmiam.graph.build import build
from wmiam.graph.draw import to_svg
from wmiam.graph.query import chain, neighbourhood, paths, reach

__all__ = ["AssumeEdge", "assumption_edges", "build", "chain", "neighbourhood", "paths", "reach", "to_svg"]
