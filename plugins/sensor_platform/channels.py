"""Notifies people through Airflow's own connections. A channel is off until its connection exists.

| connection | type | what it holds |
|---|---|---|
| `sensor_platform_mail` | smtp | the server; extra: `from_email`, `to` |
| `sensor_platform_issues` | github | password: a token; extra: `repository` (`owner/name`), `issues` (`cause` or `day`) |
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from include.monitoring.report import Mail
from include.sources.credentials import Credential

if TYPE_CHECKING:
    from github.Repository import Repository

MAIL = "sensor_platform_mail"
ISSUES = "sensor_platform_issues"


def connection(conn_id: str) -> Connection | None:
    """The connection, or None if there is none."""
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None


def credential(conn_id: str) -> Credential | None:
    """What a connection says of who we are; its extra are headers. A line end behind a pasted key is
    none of it.
    """
    if (found := connection(conn_id)) is None:
        return None
    headers = {name: str(value).strip() for name, value in found.extra_dejson.items()}
    return Credential((found.login or "").strip(), (found.password or "").strip(), headers)


def send_mail(mail: Mail) -> None:
    """Send it through the connection of mails."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(MAIL) as hook:
        hook.send_email_smtp(
            to=list(mail.to) or BaseHook.get_connection(MAIL).extra_dejson["to"],
            subject=mail.subject,
            html_content=mail.html,
            custom_headers={"Message-ID": mail.message_id},
        )


class GithubIssues:
    """The issues of one repository; include.monitoring.report.IssueTracker."""

    def __init__(self) -> None:
        from github import Auth, Consts, Github

        found = BaseHook.get_connection(ISSUES)
        # Not the provider's hook: it sends a POST again after a 502, and the issue may be there
        # already. The
        # task's next try looks for its marker first.
        client = Github(
            auth=Auth.Token(found.password or ""),
            base_url=found.host or Consts.DEFAULT_BASE_URL,
            retry=None,
        )
        self.repository: Repository = client.get_repo(found.extra_dejson["repository"])

    def find(self, marker: str) -> int | None:
        issues = self.repository.get_issues(state="all", labels=["automated"])
        return next((issue.number for issue in issues if marker in (issue.body or "")), None)

    def create(self, title: str, body: str, labels: Iterable[str]) -> int:
        return self.repository.create_issue(title=title, body=body, labels=list(labels)).number

    def update(self, number: int, body: str) -> None:
        self.repository.get_issue(number).edit(body=body)

    def close(self, number: int, comment: str) -> None:
        issue = self.repository.get_issue(number)
        if issue.state != "closed":
            issue.create_comment(comment)
            issue.edit(state="closed")
