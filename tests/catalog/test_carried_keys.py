"""C10, C11: which context keys a request for an action can carry."""

from __future__ import annotations

import pytest

from wmiam.catalog import Action, load


def action(name: str) -> Action:
    found = load().get(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "key", "carried"),
    [
        ("workmail:AssumeImpersonationRole", "workmail:ImpersonationRoleId", True),
        ("workmail:AssumeImpersonationRole", "WORKMAIL:impersonationroleid", True),
        ("workmail:ResetPassword", "workmail:ImpersonationRoleId", False),
        ("workmail:ResetPassword", "aws:ResourceTag/Team", True),
        ("workmail:ResetPassword", "aws:ResourceTag/", False),
        ("workmail:ListOrganizations", "aws:ResourceTag/Team", False),
        ("workmail:TagResource", "aws:RequestTag/Team", True),
        ("workmail:TagResource", "aws:TagKeys", True),
        ("workmail:ResetPassword", "aws:TagKeys", False),
        ("workmail:ResetPassword", "aws:PrincipalTag/Team", True),
        ("workmail:ResetPassword", "iam:PassedToService", False),
        # These come with the caller's credentials into every service's requests.
        ("workmail:ResetPassword", "ec2:SourceInstanceARN", True),
        ("workmail:ResetPassword", "codebuild:ProjectArn", True),
        ("workmail:ResetPassword", "codebuild:BuildArn", True),
        ("workmailmessageflow:GetRawMessageContent", "lambda:SourceFunctionArn", True),
        ("workmail:ResetPassword", "saml:sub", True),
        ("workmail:ResetPassword", "saml:aud", False),
        ("workmail:ResetPassword", "accounts.google.com:sub", True),
        ("workmail:ResetPassword", "token.actions.githubusercontent.com:repository", False),
        ("workmail:ResetPassword", "sts:ExternalId", False),
    ],
)
def test_c11_a_key_is_carried_or_not(name: str, key: str, carried: bool) -> None:
    assert action(name).carries(key) is carried
