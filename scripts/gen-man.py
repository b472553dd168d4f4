#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills the generated parts of a man page's source.

usage: gen-man.py CLI.JSON PAGE.1.scd VERSION > OUT.scd

CLI.JSON is what `tenure --dump-cli` prints.  In the page a line "@OPTIONS@"
becomes the options of the command that the page is named after, "@GLOBAL@"
the options of all commands, "@COMMANDS@" the list of commands, and
"@USAGE@" the synopsis; @VERSION@ may stand anywhere.
"""
import json
import re
import sys
from pathlib import Path


def escape(text):
    """Plain text for scdoc, where these characters mean something."""
    return re.sub(r"([\\_*~<`\[\]])", r"\\\1", text)


def option_term(option):
    names = []
    if "letter" in option:
        names.append(f"*-{option['letter']}*")
    arg = option.get("arg", "WORD" if option["type"] == "choice" else "")
    value = f"=_{escape(arg)}_" if arg else ""
    names.append(f"*--{option['name']}*" + (f"\\[{value}\\]" if option["type"] == "maybe" else value))
    return ", ".join(names)


def option_text(option):
    text = escape(option["text"])
    if "values" in option:
        text += " (" + ", ".join(f"*{escape(value)}*" for value in option["values"]) + ")"
    return text[0].upper() + text[1:] + "."


def options(table, headings):
    out, group = [], None
    for option in table:
        if headings and option["group"] != group:
            group = option["group"]
            out += [f"## {group}", ""]
        out += [option_term(option), f"\t{option_text(option)}", ""]
    return out


def commands(cli):
    out = []
    for command in cli["commands"]:
        summary = command["summary"]
        page = "" if command["name"] in ("help", "version") else f"; see *tenure-{command['name']}*(1)"
        out += [f"*tenure {command['name']}*", f"\t{escape(summary[0].upper() + summary[1:])}{page}.", ""]
    return out


def usage(command):
    """Words in capitals are what the user fills in."""
    text = escape(command["usage"])
    return f"*tenure {command['name']}* " + re.sub(r"\b[A-Z]{2,}\b|\bN\b", lambda m: f"_{m[0]}_", text)


def main():
    cli = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    page, version = Path(sys.argv[2]), sys.argv[3]
    name = page.name.split(".")[0].removeprefix("tenure-")
    command = next((c for c in cli["commands"] if c["name"] == name), None)

    for line in page.read_text(encoding="utf-8").replace("@VERSION@", version).splitlines():
        if line == "@OPTIONS@":
            print("\n".join(options(command["options"], True)))
        elif line == "@GLOBAL@":
            print("\n".join(options(cli["options"], False)))
        elif line == "@COMMANDS@":
            print("\n".join(commands(cli)))
        elif line == "@USAGE@":
            print(usage(command))
        else:
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
