"""The policies of the estates that :mod:`estates` makes: who has what in a firm of some size.

Documents are plain dictionaries, as the AWS CLI prints them.  AWS managed policies of other
services than WorkMail are shortened: the long ones of AWS (``ReadOnlyAccess`` has over a
thousand lines) would make the input larger and every ratio to reading it better.
"""

from __future__ import annotations

import random
from typing import Any

from wmiam.catalog import managed_policy

__all__ = [
    "APPLICATIONS",
    "AWS_MANAGED",
    "BOUNDARIES",
    "FAMILIES",
    "GROUPS",
    "MFA",
    "PERMISSION_SETS",
    "STAGES",
    "TEAMS",
    "Document",
    "allow",
    "customer_policies",
    "deny",
    "document",
    "own_policy",
]

Document = dict[str, Any]

STAGES = ("dev", "test", "prod")
TEAMS = (
    *("messaging", "workplace", "identity", "network", "security", "audit", "finance", "sales"),
    *("web", "mobile", "data", "search", "payments", "platform", "support", "legal"),
)
#: Each has a customer managed policy for its data and queues, and roles in each stage.
APPLICATIONS = (
    *("billing", "catalogue", "checkout", "crm", "delivery", "documents", "etl", "events", "feeds"),
    *("forecast", "gateway", "images", "intranet", "inventory", "invoices", "ledger", "loyalty"),
    *("mailflow", "metrics", "notify", "orders", "partners", "payroll", "pricing", "profiles"),
    *("quotes", "reports", "returns", "scoring", "search", "shipping", "shop", "tickets", "tracking"),
)


def document(*statements: Document) -> Document:
    """Return a policy document of the current version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: str | list[str], resource: Any = "*", condition: Document | None = None) -> Document:
    """Return an Allow statement."""
    return _statement("Allow", actions, resource, condition)


def deny(actions: str | list[str], resource: Any = "*", condition: Document | None = None) -> Document:
    """Return a Deny statement."""
    return _statement("Deny", actions, resource, condition)


def _statement(effect: str, actions: str | list[str], resource: Any, condition: Document | None) -> Document:
    made = {"Effect": effect, "Action": actions, "Resource": resource}
    return made | {"Condition": condition} if condition else made


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
OFFICES = {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/25", "2001:db8:1200::/40"]}}
SAME_TEAM = {"StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/Team}"}}


def _workmail(name: str) -> Document:
    found = managed_policy(name)
    assert found is not None
    document_: Document = found["PolicyVersion"]["Document"]
    return document_


_READ = [
    f"{service}:{verb}*"
    for service in (
        *("acm", "autoscaling", "cloudtrail", "cloudwatch", "config", "dynamodb", "ec2", "ecr", "ecs", "eks"),
        *("elasticloadbalancing", "events", "guardduty", "iam", "kms", "lambda", "logs", "organizations"),
        *("rds", "route53", "s3", "ses", "sns", "sqs", "ssm", "states", "tag", "wafv2", "workmail"),
    )
    for verb in ("Describe", "Get", "List")
]

#: AWS managed policies by name, with their path.
AWS_MANAGED: dict[str, tuple[str, Document]] = {
    "AdministratorAccess": ("/", document(allow("*"))),
    "PowerUserAccess": (
        "/",
        document(
            {
                "Effect": "Allow",
                "NotAction": ["iam:*", "organizations:*", "account:*"],
                "Resource": "*",
            },
            allow(["iam:CreateServiceLinkedRole", "iam:ListRoles", "organizations:DescribeOrganization"]),
        ),
    ),
    "ReadOnlyAccess": ("/", document(allow(_READ))),
    "SecurityAudit": (
        "/",
        document(allow([name for name in _READ if ":Get" not in name]), allow("s3:GetBucket*")),
    ),
    "ViewOnlyAccess": ("/job-function/", document(allow([n for n in _READ if n.endswith(":List*")]))),
    "IAMUserChangePassword": (
        "/",
        document(
            allow("iam:ChangePassword", "arn:aws:iam::*:user/${aws:username}"),
            allow("iam:GetAccountPasswordPolicy"),
        ),
    ),
    "AWSSupportAccess": ("/", document(allow(["support:*", "trustedadvisor:Describe*"]))),
    "Billing": ("/job-function/", document(allow(["aws-portal:*Billing", "budgets:*", "ce:*", "cur:*"]))),
    "AmazonS3ReadOnlyAccess": ("/", document(allow(["s3:Get*", "s3:List*", "s3:Describe*"]))),
    "AmazonDynamoDBFullAccess": ("/", document(allow(["dynamodb:*", "dax:*", "cloudwatch:PutMetricAlarm"]))),
    "AmazonSQSFullAccess": ("/", document(allow("sqs:*"))),
    "AmazonEC2ContainerRegistryReadOnly": (
        "/",
        document(allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])),
    ),
    "AmazonSSMManagedInstanceCore": (
        "/",
        document(allow(["ssm:UpdateInstanceInformation", "ssm:GetParameters"]), allow("ssmmessages:*")),
    ),
    "CloudWatchAgentServerPolicy": ("/", document(allow(["cloudwatch:PutMetricData", "logs:PutLogEvents"]))),
    "AWSLambdaBasicExecutionRole": (
        "/service-role/",
        document(allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])),
    ),
    "AWSLambdaVPCAccessExecutionRole": (
        "/service-role/",
        document(allow(["logs:PutLogEvents", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"])),
    ),
    "AWSXRayDaemonWriteAccess": ("/", document(allow(["xray:PutTraceSegments", "xray:GetSamplingRules"]))),
    "AmazonECSTaskExecutionRolePolicy": (
        "/service-role/",
        document(allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "logs:PutLogEvents"])),
    ),
    "AmazonWorkMailFullAccess": ("/", _workmail("AmazonWorkMailFullAccess")),
    "AmazonWorkMailReadOnlyAccess": ("/", _workmail("AmazonWorkMailReadOnlyAccess")),
    "AmazonWorkMailMessageFlowFullAccess": ("/", _workmail("AmazonWorkMailMessageFlowFullAccess")),
    "AmazonWorkMailMessageFlowReadOnlyAccess": ("/", _workmail("AmazonWorkMailMessageFlowReadOnlyAccess")),
    "AmazonWorkMailEventsServiceRolePolicy": (
        "/aws-service-role/",
        _workmail("AmazonWorkMailEventsServiceRolePolicy"),
    ),
}

#: Groups by job: managed policies, and the groups that people of that job also tend to be in.
GROUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Everyone": (("Baseline", "IAMUserChangePassword"), ()),
    "Administrators": (("AdministratorAccess", "DenyWithoutMfa"), ("Everyone", "Billing")),
    "PlatformEngineers": (("PowerUserAccess", "DenyWithoutMfa"), ("Everyone", "OnCall", "Support")),
    "MailAdministrators": (("AmazonWorkMailFullAccess", "DenyWithoutMfa"), ("Everyone", "MailReaders")),
    "MailHelpDesk": (("MailHelpDesk", "MailRead"), ("Everyone", "Support")),
    "MailReaders": (("AmazonWorkMailReadOnlyAccess",), ("Everyone",)),
    "MailTeamOwners": (("MailTeamAccess",), ("Everyone", "MailReaders")),
    "MailMigration": (("MailMigrationWindow", "MailRead"), ("Everyone",)),
    "EDiscovery": (("MailDiscovery",), ("Everyone", "Auditors")),
    "TagStewards": (("MailTagging",), ("Everyone",)),
    "Auditors": (("SecurityAudit", "AuditLogs"), ("Everyone",)),
    "SecurityOperations": (("SecurityAudit", "IncidentResponse"), ("Everyone", "OnCall")),
    "ReadOnly": (("ReadOnlyAccess",), ("Everyone",)),
    "Viewers": (("ViewOnlyAccess",), ("Everyone",)),
    "Billing": (("Billing",), ("Everyone", "Viewers")),
    "Support": (("AWSSupportAccess",), ("Everyone",)),
    "OnCall": (("OnCall",), ("Everyone", "Support")),
    "NetworkEngineers": (("NetworkAdministration",), ("Everyone", "OnCall")),
    "DatabaseEngineers": (("DatabaseAdministration",), ("Everyone", "OnCall")),
    "DataScientists": (("DataLakeRead", "AmazonS3ReadOnlyAccess"), ("Everyone", "Viewers")),
    "DataEngineers": (("DataLakeWrite", "DataLakeRead"), ("Everyone", "OnCall")),
    "Testers": (("TestStage", "AmazonS3ReadOnlyAccess"), ("Everyone", "Viewers")),
    "ReleaseManagers": (("ReleaseApproval",), ("Everyone", "Viewers", "OnCall")),
    "WebDevelopers": (("DeveloperTools", "DevStage"), ("Everyone", "Viewers", "OnCall")),
    "MobileDevelopers": (("DeveloperTools", "DevStage", "AmazonS3ReadOnlyAccess"), ("Everyone", "OnCall")),
    "Contractors": (("DevStage", "OfficeOnly"), ("Everyone",)),
    "Finance": (("Reports",), ("Everyone", "Billing")),
    "Sales": (("Reports",), ("Everyone",)),
}

#: Role families: path, service or other principal that is trusted, managed policies, how many in a thousand.
FAMILIES: dict[str, tuple[str, str, tuple[str, ...], int]] = {
    "lambda": ("/service-role/", "lambda.amazonaws.com", ("AWSLambdaBasicExecutionRole",), 360),
    "lambda-vpc": (
        "/service-role/",
        "lambda.amazonaws.com",
        ("AWSLambdaVPCAccessExecutionRole", "AWSXRayDaemonWriteAccess"),
        120,
    ),
    "task": ("/", "ecs-tasks.amazonaws.com", ("AmazonECSTaskExecutionRolePolicy",), 140),
    "instance": (
        "/",
        "ec2.amazonaws.com",
        ("AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy"),
        120,
    ),
    "workflow": ("/service-role/", "states.amazonaws.com", ("AmazonSQSFullAccess",), 70),
    "build": (
        "/service-role/",
        "codebuild.amazonaws.com",
        ("AmazonEC2ContainerRegistryReadOnly", "Build"),
        60,
    ),
    "deploy": ("/", "oidc", ("Deploy", "PowerUserAccess"), 30),
    "sso": ("/aws-reserved/sso.amazonaws.com/", "saml", (), 40),
    "support": ("/", "account", ("ReadOnlyAccess", "AWSSupportAccess"), 30),
    "mail": ("/", "lambda.amazonaws.com", ("AWSLambdaBasicExecutionRole", "MailAutomation"), 30),
}

#: Permission sets of IAM Identity Center, for roles of the family ``sso``.
PERMISSION_SETS: dict[str, tuple[str, ...]] = {
    "Administrator": ("AdministratorAccess",),
    "PowerUser": ("PowerUserAccess",),
    "ReadOnly": ("ReadOnlyAccess",),
    "MailAdministrator": ("AmazonWorkMailFullAccess",),
    "MailReadOnly": ("AmazonWorkMailReadOnlyAccess",),
    "Auditor": ("SecurityAudit", "ViewOnlyAccess"),
}

BOUNDARIES = ("DeveloperBoundary", "ContractorBoundary")


def customer_policies(rng: random.Random, account: str, organizations: list[str]) -> dict[str, Document]:
    """Return an account's customer managed policies by name: about sixty, a dozen about WorkMail.

    Parameters
    ----------
    rng : random.Random
        Chooses the organizations that policies name.
    account : str
        12-digit account id.
    organizations : list of str
        ARNs of its WorkMail organizations.
    """

    def some(number: int) -> list[str]:
        return rng.sample(organizations, min(number, len(organizations)))

    mail = {
        "MailRead": document(allow(["workmail:Describe*", "workmail:List*", "workmail:Get*"])),
        "MailHelpDesk": document(
            allow(["workmail:ResetPassword", "workmail:UpdateUser"], "*", MFA | OFFICES),
            allow(["workmail:UpdateMailboxQuota", "workmail:CreateAlias"], some(12)),
            deny("workmail:*", "*", {"StringEquals": {"aws:ResourceTag/DataClass": "executive"}}),
        ),
        "MailTeamAccess": document(
            allow(["workmail:*Group*", "workmail:*Resource*", "workmail:*Delegate*"], "*", SAME_TEAM),
            allow("workmail:ListOrganizations"),
        ),
        "MailMigrationWindow": document(
            allow(
                ["workmail:AssumeImpersonationRole", "workmail:StartMailboxExportJob"],
                some(5),
                {
                    "DateGreaterThan": {"aws:CurrentTime": "2026-11-01T00:00:00Z"},
                    "DateLessThan": {"aws:CurrentTime": "2027-03-31T23:59:59Z"},
                    "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
                },
            ),
        ),
        "MailDiscovery": document(
            allow(
                "workmail:AssumeImpersonationRole",
                some(3),
                {"StringEquals": {"workmail:ImpersonationRoleId": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}},
            ),
            allow(["workmail:ListImpersonationRoles", "workmail:GetImpersonationRole"]),
        ),
        "MailTagging": document(
            allow(
                ["workmail:TagResource", "workmail:UntagResource"],
                f"arn:aws:workmail:*:{account}:organization/*",
                {"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "CostCentre", "Stage"]}},
            ),
            deny("workmail:TagResource", "*", {"Null": {"aws:RequestTag/CostCentre": "true"}}),
        ),
        "MailAutomation": document(
            allow(
                ["workmail:CreateUser", "workmail:RegisterToWorkMail", "workmail:DeregisterFromWorkMail"],
                some(20),
                {"Bool": {"aws:SecureTransport": "true"}},
            ),
            allow(["workmail:ListUsers", "workmail:DescribeUser"], some(20)),
        ),
        "MailFlow": document(
            allow(
                "workmailmessageflow:GetRawMessageContent",
                f"arn:aws:workmailmessageflow:*:{account}:message/{some(1)[0].rpartition('/')[2]}/*",
            ),
        ),
        "MailMonitoring": document(
            allow(
                ["workmail:PutEmailMonitoringConfiguration", "workmail:DescribeEmailMonitoringConfiguration"]
            ),
        ),
    }
    baseline = {
        "Baseline": document(
            allow(
                ["iam:GetUser", "iam:*AccessKey*", "iam:*MFADevice*"], "arn:aws:iam::*:user/${aws:username}"
            ),
            deny("*", "*", {"Bool": {"aws:SecureTransport": "false"}}),
        ),
        "DenyWithoutMfa": document(
            {
                "Effect": "Deny",
                "NotAction": ["iam:ListMFADevices", "iam:EnableMFADevice", "sts:GetSessionToken"],
                "Resource": "*",
                "Condition": NO_MFA,
            },
        ),
        "OfficeOnly": document(
            deny("*", "*", {"NotIpAddress": OFFICES["IpAddress"], "Bool": {"aws:ViaAWSService": "false"}})
        ),
        "DeveloperBoundary": document(
            allow(["s3:*", "dynamodb:*", "sqs:*", "sns:*", "lambda:*", "logs:*", "ec2:Describe*", "xray:*"]),
            allow(
                ["workmail:List*", "workmail:Describe*"],
                "*",
                {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
            ),
            deny(["iam:*", "organizations:*"]),
        ),
        "ContractorBoundary": document(allow("*"), deny(["iam:*", "workmail:*"], "*", NO_MFA)),
    }
    jobs = {
        "AuditLogs": ["cloudtrail:LookupEvents", "logs:FilterLogEvents", "logs:StartQuery"],
        "IncidentResponse": ["guardduty:*", "ec2:StopInstances", "iam:UpdateAccessKey", "ssm:StartSession"],
        "OnCall": ["cloudwatch:*", "ssm:StartSession", "ecs:UpdateService", "logs:Get*"],
        "NetworkAdministration": ["ec2:*Vpc*", "ec2:*Route*", "ec2:*SecurityGroup*", "route53:*"],
        "DatabaseAdministration": ["rds:*", "dynamodb:*", "secretsmanager:GetSecretValue"],
        "DataLakeRead": ["s3:GetObject", "s3:ListBucket", "athena:*", "glue:Get*"],
        "DataLakeWrite": ["s3:PutObject", "glue:StartJobRun", "states:StartExecution"],
        "TestStage": ["codebuild:StartBuild", "lambda:InvokeFunction", "devicefarm:*"],
        "DevStage": ["lambda:*", "s3:*", "dynamodb:*", "cloudformation:*", "logs:*"],
        "ReleaseApproval": ["codepipeline:PutApprovalResult", "codedeploy:*"],
        "DeveloperTools": ["codecommit:*", "codebuild:*", "codeartifact:*", "cloud9:*"],
        "Reports": ["quicksight:*", "athena:GetQueryResults", "s3:GetObject"],
        "Build": ["logs:*", "s3:GetObject", "s3:PutObject", "ecr:PutImage", "ecr:*LayerUpload"],
        "Deploy": ["cloudformation:*", "iam:PassRole", "lambda:Update*", "ecs:*"],
    }
    found = mail | baseline
    for index, (name, actions) in enumerate(jobs.items()):
        stage = {"StringEquals": {"aws:ResourceTag/Stage": STAGES[index % 3]}} if index % 4 == 0 else None
        found[name] = document(allow(actions, "*", stage))
    for index, name in enumerate(APPLICATIONS):
        statements = [
            allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{account}-{name}/*"),
            allow(["sqs:SendMessage", "sqs:ReceiveMessage"], f"arn:aws:sqs:*:{account}:{name}-*"),
            allow("kms:Decrypt", f"arn:aws:kms:eu-west-1:{account}:alias/{name}"),
        ]
        if index % 8 == 0:
            # A few applications send or look up mail: the minority that has to do with WorkMail.
            statements.append(allow(["workmail:DescribeUser", "workmail:ListUsers"], some(2)))
        found[f"app-{name}"] = document(*statements)
    return found


_OWN_SERVICES = (
    ["s3:GetObject", "s3:PutObject"],
    ["dynamodb:GetItem", "dynamodb:Query"],
    ["secretsmanager:GetSecretValue"],
    ["ssm:GetParameter", "ssm:GetParametersByPath"],
    ["sns:Publish"],
)


def own_policy(rng: random.Random, name: str, organizations: list[str]) -> Document:
    """Return the inline policy of one principal in a realistic estate: rarely about WorkMail.

    Parameters
    ----------
    rng : random.Random
        Chooses.
    name : str
        The principal's name, which is in the policy.
    organizations : list of str
        ARNs of the account's WorkMail organizations.
    """
    statements = [allow(rng.choice(_OWN_SERVICES), f"arn:aws:s3:::{name}-data/*")]
    if rng.random() < 0.2:
        actions = rng.choice(
            (["workmail:List*", "workmail:Describe*"], ["workmail:ResetPassword"], ["workmail:*"])
        )
        condition = rng.choice((None, MFA, OFFICES, SAME_TEAM))
        statements.append(allow(actions, rng.sample(organizations, min(len(organizations), 2)), condition))
    return document(*statements)
