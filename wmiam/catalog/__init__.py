"""What WorkMail is: its IAM actions, resources, condition keys and what each permission is worth.

A dated snapshot that ships with the package.  Imports nothing else of wmiam.
"""

from wmiam.catalog.catalog import Catalog, load, managed_policy, other_service_action
from wmiam.catalog.model import Action, Alternative, Capability, ConditionKey

__all__ = [
    "Action",
    "Alternative",
    "Capability",
    "Catalog",
    "ConditionKey",
    "load",
    "managed_policy",
    "other_service_action",
]
