"""Escalations: ways to turn permissions into more than they say.

Every publicly known method is data (:mod:`wmiam.catalog.escalations`): the permissions that it
takes, on what, with which context keys, and what it gives.  Which principal can use which
method, and when, is decided exactly, by the same evaluator as access to WorkMail.

What cannot be read is a named unknown.  An unread identity-based policy may allow everything that
boundaries, SCPs and explicit denies leave: its holder has one edge more, of the method
``"unread-policy"``, to administrator of its account, under the condition that the policy allows it;
or, where something is left out of that, an edge for each thing that it may come to.  Other unread
policies are conditions of the edges that they may stop.

Limits: a resource that the estate does not list (a function, an instance, a project) is taken to
exist, or to be the caller's to make, with a name that the policies allow; where a method needs one
that runs as a certain role, that is a condition of the edge.  Of a managed policy, only the version
in force is known.
"""

from wmiam.graph.escalate.edges import EscalationEdge, EscalationOutcome, Escalations, escalations
from wmiam.graph.escalate.witness import Step

__all__ = ["EscalationEdge", "EscalationOutcome", "Escalations", "Step", "escalations"]
