"""The estate as a networkx graph, and who can become whom.

Nodes have ``kind``, ``label`` and ``layer`` (their column in drawings):

==========================  ==========================================  ======================================
kind                        id                                          further attributes
==========================  ==========================================  ======================================
``user``, ``role``,         ARN                                         ``account``, ``path``; a role without
``root``,                                                               readable trust has ``trust_unread``
``service-linked role``
``group``                   ARN                                         ``account``
``permission set``          ``permission-set/NAME``                     –
``external account``        12-digit id, or ``*`` for any other         –
``service principal``       its name                                    –
``identity provider``       ARN, or the name of a public one            –
``policy``                  ARN, or owner and name                      ``policy_kind``; ``unread`` (why)
``statement``               policy id, ``#`` and index                  ``effect``, ``sid``, ``conditional``,
                                                                        ``origin`` (file and place)
``action``                  ``workmail:Name``                           ``access_level``, ``capabilities``
``organization``            ARN                                         ``account``, ``region``, ``stand_in``
``impersonation role``      ARN of its organization and id              ``type``
``account``                 12-digit id                                 –
``target``                  ``r-…`` or ``ou-…``                         ``target_kind``
``control policy``          ARN or ``p-…``                              ``policy_kind``
==========================  ==========================================  ======================================

Edges have ``kind``, which is also the edge key, and ``reason``, a sentence:

==================  ==============================================  ==========================================
kind                from and to                                     further attributes
==================  ==============================================  ==========================================
``member-of``       user → group                                    –
``holds``           principal or group → policy                     –
``bounded-by``      principal → policy                              –
``limited-by``      account or target → control policy              –
``in``              principal or organization → account,            –
                    account → target, target → target
``has``             policy → statement,                             –
                    organization → impersonation role
``allows``,         statement → action                              ``organizations`` (ARNs that it may
``denies``                                                          cover), ``conditional``
``can``             principal → action, as ``Access`` answers       ``organizations``, ``decision``
``on``              action → organization                           –
``provisions``      permission set → role                           –
``can-assume``      principal, service, provider or external        ``decision``, ``conditions``, ``chained``,
                    account → role                                  ``same_account``, ``action``,
                                                                    ``statement``, ``guide``
``escalates``       principal → principal that it becomes, account  ``gains``, ``methods``, ``capabilities``
                    that it administers, or organization            (of all ways); ``decision``,
                                                                    ``conditions``, ``permissions``,
                                                                    ``guide`` (of the surest way)
==================  ==============================================  ==========================================

``escalates`` edges are there where they are asked for; see :mod:`wmiam.graph.escalate`.
``conditions`` and ``chained`` are as :class:`AssumeEdge` describes them.

The graph shows each step by itself.  What must hold along a chain, and who reaches what by chains,
is asked of :class:`wmiam.Access` (``paths``, ``reach``, ``who_reaches``, …), which answers by sets
and makes no graph; see :mod:`wmiam.graph.sittings` for what must agree between steps.
"""

from wmiam.graph.assume import AssumeEdge, Assumptions, assumption_edges
from wmiam.graph.build import build
from wmiam.graph.clauses import Cause
from wmiam.graph.draw import to_svg
from wmiam.graph.escalate import EscalationEdge, Escalations, escalations
from wmiam.graph.layout import layout
from wmiam.graph.query import Chain, Step, chain, neighbourhood, paths, reach, steps

__all__ = [
    "AssumeEdge",
    "Assumptions",
    "Cause",
    "Chain",
    "EscalationEdge",
    "Escalations",
    "Step",
    "assumption_edges",
    "build",
    "chain",
    "escalations",
    "layout",
    "neighbourhood",
    "paths",
    "reach",
    "steps",
    "to_svg",
]
