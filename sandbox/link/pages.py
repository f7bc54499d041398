"""The pages themselves: plain HTML, no script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from sandbox.exchange import Answer, html_answer
from sandbox.platforms import PLATFORMS, Platform
from sandbox.shapes import describe
from sandbox.store import LINKED, Company, Connection

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5a6472; --line: #d5dae1; --paper: #fff;
  --back: #eef1f5; --main: #2455d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #edf0f4; --soft: #a8b1bd; --line: #3b444f; --paper: #1d232b;
  --back: #12161b; --main: #7ea2ff; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 0 auto; padding: 1.75rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 14px; }
main.wide { max-width: 64rem; }
h1 { margin: .75rem 0 .25rem; font-size: 1.35rem; line-height: 1.25; }
p, label { margin: .5rem 0; }
.soft, .note { color: var(--soft); }
.note { margin-top: 1.5rem; font-size: .875rem; border-top: 1px solid var(--line); padding-top: .75rem; }
form { display: grid; gap: .6rem; margin-top: 1rem; }
td form { display: inline; margin: 0; }
input[type=text] { width: 100%; padding: .6rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--soft); border-radius: 8px; }
button { padding: .65rem 1rem; font: inherit; cursor: pointer; color: inherit; background: transparent;
  border: 1px solid var(--soft); border-radius: 8px; }
button.main { color: var(--paper); background: var(--main); border-color: var(--main); font-weight: 600; }
button:focus-visible, input:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
td button { padding: .2rem .5rem; font-size: .85rem; }
.choice { display: flex; align-items: center; gap: .75rem; text-align: left; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .45rem .5rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
.scroll { overflow-x: auto; }
"""
NOTE = "This is a local imitation of Codat Link. Nothing you enter here leaves this computer."


def page(title: str, body: str, *, wide: bool = False, status: int = 200) -> Answer:
    """A whole page; `body` is HTML that has been escaped already."""
    return html_answer(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f'<body><main class="{"wide" if wide else "narrow"}">{body}<p class="note">{NOTE}</p></main></body></html>',
        status,
    )


def problem(status: int, sentence: str) -> Answer:
    return page("Something is not right", f"<h1>Something is not right</h1><p>{escape(sentence)}</p>", status=status)


def expired() -> Answer:
    """The password of a link address was used before, is a day old, or was never there."""
    sentence = "This link has expired or was used before. Go back and start again to get a new one."
    return page("Link expired", f"<h1>Link expired</h1><p>{sentence}</p>", status=403)


def consent(company: Company, connection: Connection, action: str) -> Answer:
    """The accounting software asks the customer whether Codat may come in."""
    name = describe(connection)[0]
    organisation = connection.organisation or company.name
    return page(
        f"Authorise {name}",
        f"""{_logo(connection.platform_key, name)}<h1>Connect {escape(name)}</h1>
        <p class="soft">{escape(company.name)} would like to share its {escape(name)} data through Codat.</p>
        <form method="post" action="{escape(action)}">
        <label for="organisation">Organisation to connect</label>
        <input type="text" id="organisation" name="organisation" value="{escape(organisation)}">
        <button class="main" name="answer" value="authorise">Authorise</button>
        <button name="answer" value="cancel">Cancel</button>
        <button name="answer" value="fail">Fail with an error</button>
        <button name="answer" value="unsupported">Not supported</button></form>""",
    )


def already_connected(connection: Connection, action: str) -> Answer:
    name = describe(connection)[0]
    return page(
        "Already connected",
        f"""{_logo(connection.platform_key, name)}<h1>{escape(name)} is already connected</h1>
        <p>There is nothing left to do.</p><form method="post" action="{escape(action)}">
        <button class="main" name="answer" value="authorise">Continue</button></form>""",
    )


def choose(company: Company, platforms: Iterable[Platform], action: str) -> Answer:
    """Codat's own page of a company: choose the software, disconnect what is linked."""
    choices = "".join(
        f'<button class="choice" name="platform" value="{platform.key}">'
        f"{_logo(platform.key, '', 32)}{escape(platform.name)}</button>"
        for platform in platforms
    )
    linked = "".join(
        f'<button name="unlink" value="{connection.id}">Disconnect {escape(describe(connection)[0])}</button>'
        for connection in company.connections
        if connection.status == LINKED and not connection.is_partner
    )
    return page(
        "Choose your software",
        f"""<h1>{escape(company.name)}</h1><p class="soft">Choose the software to connect.</p>
        <form method="post" action="{escape(action)}">{choices}{linked}</form>""",
    )


def finished(sentence: str) -> Answer:
    """Where the customer ends when the client has no redirect address."""
    return page("Finished", f"<h1>{escape(sentence)}</h1><p>You can close this window.</p>")


def desk(rows: Iterable[tuple[Company, Connection | None]], counts: dict[str, int]) -> Answer:
    """For whoever runs the sandbox: the latest companies, and what the software's owner might do to them."""
    listed = "".join(_row(company, connection) for company, connection in rows)
    told = " ".join(f"{name}: {number}." for name, number in counts.items())
    return page(
        "Local Codat sandbox",
        f"""<h1>Local Codat sandbox</h1>
        <p class="soft">{escape(told)} The latest companies first. The buttons act as the customer's software would:
        the portal learns of it by webhook, except after Drift, which tells nobody.</p>
        <div class="scroll"><table><thead><tr><th>Company</th><th>Software</th><th>Status</th>
        <th>Make it happen</th></tr></thead><tbody>{listed}</tbody></table></div>""",
        wide=True,
    )


def _row(company: Company, connection: Connection | None) -> str:
    if connection is None:
        return f"<tr><td>{escape(company.name)}</td><td>none</td><td></td><td></td></tr>"
    acts = {"deauthorise": "Take access away"} if connection.status == LINKED else {}
    acts |= {"delete": "Delete", "drift": "Drift"}
    buttons = "".join(f'<button name="act" value="{act}">{label}</button> ' for act, label in acts.items())
    form = (
        f'<form method="post" action="/desk"><input type="hidden" name="connection" value="{connection.id}">'
        f"{buttons}</form>"
    )
    return (
        f"<tr><td>{escape(company.name)}</td><td>{escape(describe(connection)[0])}</td>"
        f"<td>{escape(connection.status)}</td><td>{form}</td></tr>"
    )


def _logo(key: str, alt: str, size: int = 64) -> str:
    if key not in PLATFORMS:
        return ""
    return f'<img src="/public/platforms/{key}.png" alt="{escape(alt)}" width="{size}" height="{size}">'
