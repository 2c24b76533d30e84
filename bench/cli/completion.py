"""`when-async completion`: the script by which a shell completes our names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from .shared import fail, tell
from .shells import PROGRAM, VARIABLE

LINES = {
    "bash": 'eval "$(when-async completion bash)"      # in ~/.bashrc',
    "zsh": 'eval "$(when-async completion zsh)"      # in ~/.zshrc, below compinit',
    "fish": "when-async completion fish > ~/.config/fish/completions/when-async.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(LINES)), required=False)
def completion(shell: str | None) -> None:
    """Print the script that lets Tab complete workloads, runners, claims and run files; default: for your $SHELL.

    \b
    eval "$(when-async completion bash)"    in ~/.bashrc
    eval "$(when-async completion zsh)"     in ~/.zshrc, below compinit
    when-async completion fish > ~/.config/fish/completions/when-async.fish
    """
    name = shell or Path(os.environ.get("SHELL", "")).name
    found = get_completion_class(name) if name in LINES else None
    if found is None:
        fail("say for which shell: when-async completion bash, or zsh, or fish")
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, PROGRAM, VARIABLE).source(), nl=False)
    if sys.stdout.isatty():
        tell(f"\n# To have it in every shell: {LINES[name]}")
