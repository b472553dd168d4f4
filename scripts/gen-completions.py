#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shell completions from the tables of options.

usage: gen-completions.py bash|zsh|fish CLI.JSON > OUT

CLI.JSON is what `tenure --dump-cli` prints.
"""
import json
import sys
from pathlib import Path

HEAD = """# SPDX-License-Identifier: Apache-2.0
# Made by scripts/gen-completions.py from `tenure --dump-cli`.
"""


def shown(cli):
    return [command for command in cli["commands"] if not command["internal"]]


def words(option):
    """The ways to write an option; '=' where a value follows the long one."""
    long = f"--{option['name']}" + ("" if option["type"] in ("flag", "maybe") else "=")
    return ([f"-{option['letter']}"] if "letter" in option else []) + [long]


# ------------------------------------------------------------------- bash

def bash_values(options):
    """Cases of a case statement on the option before the word."""
    lines = []
    for option in options:
        names = "|".join(word.rstrip("=") for word in words(option))
        if option["type"] == "choice":
            values = " ".join(option["values"])
            lines.append(f"        {names}) COMPREPLY=($(compgen -W '{values}' -- \"$cur\")); return ;;")
        elif option["type"] == "file":
            lines.append(f"        {names}) _filedir; return ;;")
        elif option["type"] not in ("flag", "maybe"):
            lines.append(f"        {names}) return ;;")
    return lines


def bash(cli):
    names = " ".join(command["name"] for command in shown(cli))
    lines = [HEAD + """_tenure() {
    local cur prev words cword split
    _init_completion -s || return

    local i command= first=0
    for ((i = 1; i < cword; i++)); do
        [[ ${words[i]} == -* ]] && continue
        command=${words[i]} first=$i
        break
    done

    local options operand valued
    case $command in"""]
    for command in shown(cli):
        every = command["options"] + cli["options"]
        lines.append(f"    {command['name']})")
        lines.append(f"        operand={command['operand']}")
        lines.append(f"        options='{' '.join(w for o in every for w in words(o))}'")
        valued = [w.rstrip("=") for o in every if o["type"] not in ("flag", "maybe") for w in words(o)]
        lines.append(f"        valued='{' '.join(valued)}'")
        values = bash_values(every)
        if values:
            lines += ["        case $prev in"] + values + ["        esac"]
        lines.append("        ;;")
    globals_ = " ".join(w for o in cli["options"] for w in words(o))
    lines.append(f"""    "")
        if [[ $cur == -* ]]; then
            COMPREPLY=($(compgen -W '{globals_}' -- "$cur"))
            [[ ${{COMPREPLY-}} == *= ]] && compopt -o nospace
            return
        fi
        _command_offset "$cword"
        COMPREPLY=($(compgen -W '{names}' -- "$cur") "${{COMPREPLY[@]}}")
        return
        ;;
    *)
        _command_offset "$first"
        return
        ;;
    esac

    if [[ $operand == program ]]; then
        # Behind the options of tenure begins the command line of the program.
        for ((i = first + 1; i < cword; i++)); do
            case ${{words[i]}} in
            --) _command_offset "$((i + 1))"; return ;;
            -*) [[ " $valued " == *" ${{words[i]}} "* ]] && ((i++)) ;;
            *) _command_offset "$i"; return ;;
            esac
        done
    fi

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        [[ ${{COMPREPLY-}} == *= ]] && compopt -o nospace
        return
    fi
    case $operand in
    program) _command_offset "$cword" ;;
    files) _filedir ;;
    commands) COMPREPLY=($(compgen -W '{names}' -- "$cur")) ;;
    esac
}} && complete -F _tenure tenure""")
    return "\n".join(lines) + "\n"


# -------------------------------------------------------------------- zsh

def zsh_quote(text):
    """For a description inside [] inside ''."""
    for char in "\\[]:":
        text = text.replace(char, "\\" + char)
    return text.replace("'", "'\\''")


def zsh_action(option):
    if option["type"] == "flag":
        return ""
    name = zsh_quote(option.get("arg", option["name"]))
    if option["type"] == "choice":
        return f":{name}:({' '.join(option['values'])})"
    if option["type"] == "maybe":
        return f"::{name}: "
    return f":{name}:" + ("_files" if option["type"] == "file" else " ")


def zsh_specs(options):
    for option in options:
        text = f"[{zsh_quote(option['text'])}]{zsh_action(option)}"
        long = words(option)[-1]
        if "letter" in option:
            short = f"-{option['letter']}" + ("" if option["type"] == "flag" else "+")
            both = f"({short.rstrip('+')} {long.rstrip('=')})"
            yield f"'{both}'{{{short},{long}}}'{text}'"
        else:
            yield f"'{long}{'=-' if option['type'] == 'maybe' else ''}{text}'"


def zsh(cli):
    operands = {
        "program": ["'(-):program: _command_names -e'", "'*::arguments: _normal'"],
        "files": ["'*:file:_files'"],
        "commands": ["'*:command:_tenure_commands'"],
        "nothing": [],
    }
    lines = ["#compdef tenure", HEAD, "_tenure_commands() {", "    local -a commands=("]
    for command in shown(cli):
        lines.append(f"        '{command['name']}:{zsh_quote(command['summary'])}'")
    lines += ["    )", "    _describe -t commands 'tenure command' commands", "}", ""]
    lines += ["_tenure() {", "    local context state state_descr line", "    typeset -A opt_args", ""]
    lines += ["    _arguments -C -S \\"]
    lines += [f"        {spec} \\" for spec in zsh_specs(cli["options"])]
    lines += ["        '1: :->first' '*:: :->rest' && return", ""]
    lines += ["    if [[ $state == first ]]; then", "        _tenure_commands", "        _command_names -e"]
    lines += ["        return", "    fi", "    case $line[1] in"]
    for command in shown(cli):
        specs = list(zsh_specs(command["options"] + cli["options"])) + operands[command["operand"]]
        lines.append(f"    {command['name']})")
        lines += ["        _arguments -S \\"]
        lines += [f"            {spec} \\" for spec in specs]
        lines += ["            ;;"]
    lines += ["    *) _normal ;;", "    esac", "}", "", '_tenure "$@"']
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------- fish

def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(option, condition):
    parts = ["complete -c tenure", f"-n {fish_quote(condition)}", f"-l {option['name']}"]
    if "letter" in option:
        parts.append(f"-s {option['letter']}")
    if option["type"] == "choice":
        parts.append(f"-x -a {fish_quote(' '.join(option['values']))}")
    elif option["type"] == "file":
        parts.append("-r -F")
    elif option["type"] not in ("flag", "maybe"):
        parts.append("-x")
    return " ".join(parts + [f"-d {fish_quote(option['text'])}"])


def fish(cli):
    names = " ".join(command["name"] for command in shown(cli))
    none = f"not __fish_seen_subcommand_from {names}"
    lines = [HEAD]
    for command in shown(cli):
        lines.append(f"complete -c tenure -n {fish_quote(none)} -a {command['name']} "
                     f"-d {fish_quote(command['summary'])}")
    lines += [fish_option(option, none) for option in cli["options"]]
    for command in shown(cli):
        here = f"__fish_seen_subcommand_from {command['name']}"
        lines += [fish_option(option, here) for option in command["options"] + cli["options"]]
        if command["operand"] == "program":
            lines.append(f"complete -c tenure -n {fish_quote(here)} -x "
                         f"-a {fish_quote('(__fish_complete_subcommand --fcs-skip=2)')}")
        elif command["operand"] == "commands":
            lines.append(f"complete -c tenure -n {fish_quote(here)} -f -a {fish_quote(names)}")
        elif command["operand"] == "nothing":
            lines.append(f"complete -c tenure -n {fish_quote(here)} -f")
    return "\n".join(lines) + "\n"


def main():
    makers = {"bash": bash, "zsh": zsh, "fish": fish}
    cli = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    sys.stdout.write(makers[sys.argv[1]](cli))
    return 0


if __name__ == "__main__":
    sys.exit(main())
