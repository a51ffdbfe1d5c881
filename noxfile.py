"""What a developer and the continuous integration both run, one session a concern.

``nox`` makes an environment for each session; ``nox --no-venv`` uses the one that is active.
"""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "contracts", "tests"]
nox.options.reuse_existing_virtualenvs = True


def install(session: nox.Session, *extras: str) -> None:
    """Install the project with ``extras``, unless the active environment is used as it is."""
    if session.virtualenv.is_sandboxed:
        session.install("-e", f".[{','.join(extras)}]")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and spelling."""
    install(session, "dev")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")


@nox.session
def types(session: nox.Session) -> None:
    """Types: strict in the vocabulary, the language and the composer."""
    install(session, "dev")
    session.run("pyright")


@nox.session
def contracts(session: nox.Session) -> None:
    """Who may import whom."""
    install(session, "dev")
    session.run("lint-imports", "--no-logo", "--no-cache")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test and doctest."""
    install(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def science(session: nox.Session) -> None:
    """Only what every module, experiment and trial must satisfy."""
    install(session, "test")
    session.run("pytest", "tests/science", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time the standard runs, one script a run."""
    scripts = sorted(Path("benchmarks").glob("[!_]*.py"))
    if not scripts:
        session.skip("there is no script in benchmarks/")
    install(session, "test")
    for script in scripts:
        session.run("python", str(script), *session.posargs)
