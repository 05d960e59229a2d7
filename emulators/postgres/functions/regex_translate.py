"""PostgreSQL's regular expressions (AREs, EREs, BREs, literals) as Python patterns.

Read as PostgreSQL's lexer reads them: embedded options, ***-prefixes, bracket expressions with [:class:], [.x.] and
[=x=], class shorthands, constraint escapes (\\m \\M \\y \\Y \\A \\Z), character escapes and back references. "." and
negated brackets take newlines unless newline-sensitive matching is asked for.

Differs from PostgreSQL: the matcher is Python's, so among alternatives of one place the first that matches wins rather
than the longest (literal alternatives are reordered by length to agree), a look-behind must have a fixed width, and
lengths of inner parts may be split differently. The first quantifier's greediness rules the whole, as upstream.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from emulators.postgres.types.errors import data_error

_CLASS_SETS: Final = {
    "digit": "0-9",
    "xdigit": "0-9A-Fa-f",
    "space": r"\s",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "punct": r"!-/:-@\[-`{-~",
    "lower": "a-zß-öø-ÿ\u0430-\u044f\u03b1-\u03c9",
    "upper": "A-ZÀ-ÖØ-Þ\u0410-\u042f\u0391-\u03a9",
    "print": r"\x20-\x7e\xa0-\U0010ffff",
    "graph": r"\x21-\x7e\xa1-\U0010ffff",
    "word": r"\w",
    "ascii": r"\x00-\x7f",
}
# Unicode letters cannot be named inside a Python set, so these become alternatives beside it.
_CLASS_PATTERNS: Final = {"alpha": r"[^\W\d_]", "alnum": r"[^\W_]"}
_COLLATING: Final = {
    "space": " ",
    "hyphen": "-",
    "period": ".",
    "comma": ",",
    "tab": "\t",
    "newline": "\n",
    "slash": "/",
    "backslash": "\\",
    "zero": "0",
    "one": "1",
    "underscore": "_",
}
_ESCAPED_CHARACTERS: Final = {
    "a": "\a",
    "b": "\b",
    "B": "\\",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


def regex_error(reason: str) -> Exception:
    return data_error("2201B", f"invalid regular expression: {reason}")


class RegexFlags:
    """What a flags argument and embedded options say."""

    __slots__ = ("expanded", "glob", "ignore_case", "kind", "newline_anchors", "newline_dot")

    def __init__(self) -> None:
        self.kind = "advanced"
        self.ignore_case = False
        self.newline_dot = False
        self.newline_anchors = False
        self.expanded = False
        self.glob = False


def parse_flags(text: str) -> RegexFlags:
    """The flags argument of the regexp_ functions."""
    flags = RegexFlags()
    for char in text:
        if char == "g":
            flags.glob = True
        elif not _apply_option(flags, char):
            raise data_error("22023", f'invalid regular expression option: "{char}"')
    return flags


def _apply_option(flags: RegexFlags, char: str) -> bool:
    if char == "b":
        flags.kind = "basic"
    elif char == "c":
        flags.ignore_case = False
    elif char == "e":
        flags.kind = "extended"
    elif char == "i":
        flags.ignore_case = True
    elif char in "mn":
        flags.newline_dot = flags.newline_anchors = True
    elif char == "p":
        flags.newline_dot, flags.newline_anchors = True, False
    elif char == "q":
        flags.kind = "literal"
    elif char == "s":
        flags.newline_dot = flags.newline_anchors = False
    elif char == "t":
        flags.expanded = False
    elif char == "w":
        flags.newline_dot, flags.newline_anchors = False, True
    elif char == "x":
        flags.expanded = True
    else:
        return False
    return True


class _Translator:
    def __init__(self, pattern: str, flags: RegexFlags):
        self.flags = flags
        self.text = self._prefixes(pattern)
        self.position = 0
        self.groups = 0
        self.preference = ""
        """greedy or lazy: what the part read last prefers, '' for neither"""
        self.kinds: set[str] = set()
        """the preferences of all quantifiers seen"""
        self.force = ""

    def _prefixes(self, pattern: str) -> str:
        flags = self.flags
        if flags.kind == "literal":
            return pattern
        if pattern.startswith("***"):
            if pattern.startswith("***="):
                flags.kind = "literal"
                return pattern[4:]
            if not pattern.startswith("***:"):
                raise regex_error(
                    "quantifier operand invalid" if len(pattern) == 3 else "invalid regexp (reg version 0.8)"
                )
            flags.kind = "advanced"
            pattern = pattern[4:]
        if flags.kind == "advanced":
            found = re.match(r"\(\?([a-zA-Z]+)\)", pattern)
            if found is not None:
                for char in found[1]:
                    if not _apply_option(flags, char) or char in "g":
                        raise regex_error("invalid embedded option")
                pattern = pattern[found.end() :]
        return pattern

    def run(self) -> str:
        if self.flags.kind == "literal":
            return re.escape(self.text)
        body = self._alternatives(0)
        if self.position < len(self.text):
            raise regex_error("parentheses () not balanced")
        return body

    def forced(self) -> str | None:
        """When quantifiers of both kinds are there: the pattern with all of them like the first one, else None."""
        if len(self.kinds) < 2 or not self.preference:
            return None
        self.force = self.preference
        self.position = self.groups = 0
        return self._alternatives(0)

    def _peek(self, size: int = 1) -> str:
        return self.text[self.position : self.position + size]

    def _alternatives(self, depth: int) -> str:
        branches: list[tuple[str, bool]] = [self._branch(depth)]
        while self.flags.kind != "basic" and self._peek() == "|":
            self.position += 1
            branches.append(self._branch(depth))
        if len(branches) > 1:
            self.preference = "greedy"
        if len(branches) > 1 and all(plain for _, plain in branches):
            # POSIX takes the longest alternative: for literals, trying long ones first is the same.
            branches.sort(key=lambda branch: -len(branch[0]))
        return "|".join(text for text, _ in branches)

    def _branch(self, depth: int) -> tuple[str, bool]:
        out: list[str] = []
        plain = True
        preference = ""
        basic = self.flags.kind == "basic"
        while self.position < len(self.text):
            char = self._peek()
            if basic:
                if self._peek(2) == "\\)" and depth:
                    break
            elif char == "|" or (char == ")" and (depth or self.flags.kind == "advanced")):
                if char == ")" and not depth:
                    raise regex_error("parentheses () not balanced")
                break
            if self.flags.expanded and self._skip_comment():
                continue
            self.preference = ""
            atom, kind = self._atom(depth, not out)
            if kind == "skip":
                continue
            quantifier = self._quantifier(kind)
            if kind != "char" or quantifier:
                plain = False
            preference = preference or self.preference
            out.append(atom + quantifier)
        self.preference = preference
        return "".join(out), plain

    def _skip_comment(self) -> bool:
        char = self._peek()
        if char in " \t\n\r\f\v" and char:
            self.position += 1
            return True
        if char == "#":
            end = self.text.find("\n", self.position)
            self.position = len(self.text) if end < 0 else end + 1
            return True
        return False

    def _quantifier(self, kind: str) -> str:
        if self.flags.expanded:
            while self._skip_comment():
                pass
        basic = self.flags.kind == "basic"
        char = self._peek()
        if char == "*":
            self.position += 1
            text = "*"
        elif not basic and char in ("+", "?"):
            self.position += 1
            text = char
        elif (not basic and char == "{" and self._peek(2)[1:].isdigit()) or (basic and self._peek(2) == "\\{"):
            text = self._bounds(basic)
        else:
            return ""
        if kind == "constraint":
            raise regex_error("quantifier operand invalid")
        lazy = self.flags.kind == "advanced" and self._peek() == "?"
        if lazy:
            self.position += 1
        exact = text[0] == "{" and "," not in text
        if not exact:
            self.preference = "lazy" if lazy else "greedy"
            self.kinds.add(self.preference)
        if self.force:
            lazy = self.force == "lazy"
        if lazy and not exact:
            text += "?"
        following = self._peek()
        if (
            not basic
            and (following in ("*", "+", "?") or (following == "{" and self._peek(2)[1:].isdigit()))
            and following
        ):
            raise regex_error("quantifier operand invalid")
        return text

    def _bounds(self, basic: bool) -> str:
        self.position += 2 if basic else 1
        closing = r"\\}" if basic else r"}"
        found = re.compile(rf"([0-9]+)(?:(,)([0-9]*))?{closing}").match(self.text, self.position)
        if found is None:
            if closing.strip("\\") not in self.text[self.position :]:
                raise regex_error("braces {} not balanced")
            raise regex_error("invalid repetition count(s)")
        self.position = found.end()
        low = int(found[1])
        high = int(found[3]) if found[3] else None
        if low > 255 or (high is not None and (high > 255 or high < low)):
            raise regex_error("invalid repetition count(s)")
        if found[2]:
            return f"{{{low},{'' if high is None else high}}}"
        return f"{{{low}}}"

    def _atom(self, depth: int, first: bool) -> tuple[str, str]:
        char = self._peek()
        basic = self.flags.kind == "basic"
        self.position += 1
        if char == "\\":
            return self._escape(depth)
        if char == ".":
            return ("[^\\n]" if self.flags.newline_dot else "(?s:.)"), "atom"
        if char == "[":
            return self._bracket()
        if char == "^" and (not basic or first):
            return ("(?m:^)" if self.flags.newline_anchors else r"\A"), "constraint"
        if char == "$" and (not basic or self.position >= len(self.text)):
            return ("(?m:$)" if self.flags.newline_anchors else r"\Z"), "constraint"
        if not basic:
            if char == "(":
                return self._group(depth)
            if char in "*+?" or (char == "{" and self._peek().isdigit()):
                raise regex_error("quantifier operand invalid")
            if char == ")" and self.flags.kind == "advanced":
                raise regex_error("parentheses () not balanced")
        return re.escape(char), "char"

    def _group(self, depth: int) -> tuple[str, str]:
        if self._peek() == "?" and self.flags.kind == "advanced":
            for opening, python in (
                ("?:", "(?:"),
                ("?=", "(?="),
                ("?!", "(?!"),
                ("?<=", "(?<="),
                ("?<!", "(?<!"),
            ):
                if self._peek(len(opening)) == opening:
                    self.position += len(opening)
                    body = self._alternatives(depth + 1)
                    self._close()
                    return f"{python}{body})", "atom" if opening == "?:" else "constraint"
            if self._peek(2) == "?#":
                end = self.text.find(")", self.position)
                if end < 0:
                    raise regex_error("parentheses () not balanced")
                self.position = end + 1
                return "", "skip"
            raise regex_error("quantifier operand invalid")
        self.groups += 1
        body = self._alternatives(depth + 1)
        self._close()
        return f"({body})", "atom"

    def _close(self) -> None:
        if self._peek() != ")":
            raise regex_error("parentheses () not balanced")
        self.position += 1

    def _escape(self, depth: int) -> tuple[str, str]:
        char = self._peek()
        if not char:
            raise regex_error("invalid escape \\ sequence")
        self.position += 1
        if self.flags.kind == "basic":
            if char == "(":
                self.groups += 1
                body = self._alternatives(depth + 1)
                if self._peek(2) != "\\)":
                    raise regex_error("parentheses () not balanced")
                self.position += 2
                return f"({body})", "atom"
            if char == ")":
                raise regex_error("parentheses () not balanced")
            if char.isdigit() and char != "0":
                return f"(?:\\{char})", "atom"
            if char == "<":
                return r"\b(?=\w)", "constraint"
            if char == ">":
                return r"\b(?<=\w)", "constraint"
            return re.escape(char), "char"
        if self.flags.kind == "extended" or not char.isalnum():
            return re.escape(char), "char"
        shorthand = {"d": "[0-9]", "D": "[^0-9]", "s": r"\s", "S": r"\S", "w": r"\w", "W": r"\W"}.get(char)
        if shorthand is not None:
            return shorthand, "atom"
        constraint = {
            "A": r"\A",
            "Z": r"\Z",
            "m": r"\b(?=\w)",
            "M": r"\b(?<=\w)",
            "y": r"\b",
            "Y": r"\B",
        }.get(char)
        if constraint is not None:
            return constraint, "constraint"
        if char in "123456789":
            return self._back_reference(char)
        return re.escape(self._character_escape(char)), "char"

    def _back_reference(self, first: str) -> tuple[str, str]:
        digits = first
        while self._peek().isdigit() and int(digits + self._peek()) <= self.groups:
            digits += self._peek()
            self.position += 1
        if int(digits) > self.groups:
            if len(digits) == 1 and self._peek().isdigit():
                # Two digits that name no group are an octal character.
                return re.escape(chr(int(digits + self._peek(), 8))), "char"
            raise regex_error("invalid backreference number")
        return f"(?:\\{digits})", "atom"

    def _character_escape(self, char: str) -> str:
        simple = _ESCAPED_CHARACTERS.get(char)
        if simple is not None:
            return simple
        if char == "c":
            letter = self._peek()
            if not letter:
                raise regex_error("invalid escape \\ sequence")
            self.position += 1
            return chr(ord(letter) & 31)
        if char in "uUx":
            size = {"u": 4, "U": 8, "x": 255}[char]
            found = re.compile(rf"[0-9a-fA-F]{{1,{size}}}").match(self.text, self.position)
            if found is None or (char != "x" and len(found[0]) != size):
                raise regex_error("invalid escape \\ sequence")
            self.position = found.end()
            code = int(found[0], 16)
            if not 0 < code < 0x110000:
                raise regex_error("invalid escape \\ sequence")
            return chr(code)
        if char == "0":
            found = re.compile(r"[0-7]{0,2}").match(self.text, self.position)
            assert found is not None
            self.position = found.end()
            return chr(int(found[0] or "0", 8))
        raise regex_error("invalid escape \\ sequence")

    def _bracket(self) -> tuple[str, str]:
        if self._peek(7) in ("[:<:]]", "[:>:]]") or self._peek(6) in ("[:<:]]", "[:>:]]"):
            start = self._peek(6) == "[:<:]]"
            self.position += 6
            return (r"\b(?=\w)" if start else r"\b(?<=\w)"), "constraint"
        negated = self._peek() == "^"
        if negated:
            self.position += 1
        members: list[str] = []
        alternatives: list[str] = []
        first = True
        while True:
            char = self._peek()
            if not char:
                raise regex_error("brackets [] not balanced")
            if char == "]" and not first:
                self.position += 1
                break
            first = False
            item, is_class = self._bracket_item(alternatives)
            if is_class:
                if item:
                    members.append(item)
                continue
            if self._peek() == "-" and self._peek(2)[1:] not in ("]", ""):
                self.position += 1
                end, end_class = self._bracket_item(alternatives)
                if end_class or ord(end) < ord(item):
                    raise regex_error("invalid character range")
                members.append(f"{_set_escape(item)}-{_set_escape(end)}")
            else:
                members.append(_set_escape(item))
        if negated:
            if self.flags.newline_dot:
                members.append("\\n")
            guard = "".join(f"(?!{each})" for each in alternatives)
            return f"{guard}[^{''.join(members)}]" if members else f"{guard}(?s:.)", "guarded" if guard else "atom"
        parts = ([f"[{''.join(members)}]"] if members else []) + alternatives
        return (parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"), "atom"

    def _bracket_item(self, alternatives: list[str]) -> tuple[str, bool]:
        """One member: (character, False), or (set text, True) for a class."""
        char = self._peek()
        opening = self._peek(2)
        if opening in ("[:", "[.", "[="):
            end = self.text.find(opening[1] + "]", self.position + 2)
            if end < 0:
                raise regex_error("brackets [] not balanced")
            name = self.text[self.position + 2 : end]
            self.position = end + 2
            if opening == "[:":
                if name in _CLASS_PATTERNS:
                    if self.flags.ignore_case is False or name:
                        alternatives.append(_CLASS_PATTERNS[name])
                    return "", True
                found = _CLASS_SETS.get(name)
                if found is None:
                    raise regex_error("invalid character class")
                return found, True
            if len(name) == 1:
                return name, False
            named = _COLLATING.get(name)
            if named is None:
                raise regex_error("invalid collating element")
            return named, False
        self.position += 1
        if char == "\\" and self.flags.kind == "advanced":
            letter = self._peek()
            self.position += 1
            shorthand = {"d": "0-9", "s": r"\s", "w": r"\w", "D": "\x00-/:-\U0010ffff", "S": r"\S", "W": r"\W"}.get(
                letter
            )
            if shorthand is not None:
                return shorthand, True
            if letter.isalnum():
                if letter in "123456789":
                    raise regex_error("invalid escape \\ sequence")
                return self._character_escape(letter), False
            return letter, False
        return char, False


def _set_escape(char: str) -> str:
    return "\\" + char if char in "\\]^-[&~|" else char


class TwoStepPattern:
    """A pattern whose first quantifier decides how long the whole match is, the others how it is shared out.

    `extent` has every quantifier like the first one and finds where the match ends; `parts` is the pattern as written
    and splits that stretch into groups.
    """

    __slots__ = ("extent", "groups", "parts")

    def __init__(self, extent: re.Pattern[str], parts: re.Pattern[str]):
        self.extent = extent
        self.parts = parts
        self.groups = parts.groups

    def search(self, text: str, position: int = 0) -> re.Match[str] | None:
        found = self.extent.search(text, position)
        if found is None:
            return None
        return self.parts.fullmatch(text, found.start(), found.end()) or found


Compiled = re.Pattern[str] | TwoStepPattern


@lru_cache(maxsize=2000)
def compile_regex(pattern: str, options: str = "") -> tuple[Compiled, bool]:
    """(compiled pattern, whether g was given) for a pattern and a flags text."""
    flags = parse_flags(options)
    glob = flags.glob
    translator = _Translator(pattern, flags)
    translated = translator.run()
    python_flags = re.IGNORECASE if flags.ignore_case else 0
    try:
        compiled = re.compile(translated, python_flags)
        forced = translator.forced()
        if forced is not None:
            return TwoStepPattern(re.compile(forced, python_flags), compiled), glob
        return compiled, glob
    except RecursionError:
        raise regex_error("regular expression is too complex") from None
    except (re.error, OverflowError) as error:
        raise data_error(
            "0A000", f"regular expression is not supported by the emulator: {error}", f"Pattern: {pattern}"
        ) from None


_SIMILAR_SPECIAL: Final = "|*+?{}()"


def similar_to_regex(pattern: str, escape: str | None) -> str:
    """A SIMILAR TO pattern as an ARE; `escape` None means backslash, '' none."""
    if escape is None:
        escape = "\\"
    elif len(escape) > 1:
        raise data_error("22025", "invalid escape string", hint="Escape string must be empty or one character.")
    out = ["^(?:"]
    separators = 0
    position, size = 0, len(pattern)
    in_bracket = 0
    while position < size:
        char = pattern[position]
        position += 1
        if escape and char == escape:
            if position >= size:
                out.append("\\\\" if escape == "\\" else re.escape(char))
                break
            following = pattern[position]
            position += 1
            if following == '"' and not in_bracket:
                # Escape-double-quote separators of SUBSTRING(… SIMILAR … ESCAPE …).
                if separators == 0:
                    out.append("){1,1}?(")
                elif separators == 1:
                    out.append("){1,1}(?:")
                else:
                    raise data_error(
                        "2200C", "SQL regular expression may not contain more than two escape-double-quote separators"
                    )
                separators += 1
            else:
                out.append("\\" + following if not following.isalnum() or in_bracket == 0 else following)
        elif in_bracket:
            if char == "\\":
                out.append("\\")
            out.append(char)
            if char == "]" and in_bracket > 1:
                in_bracket = 0
            elif not (char == "^" and in_bracket == 1):
                in_bracket += 1
        elif char == "[":
            out.append(char)
            in_bracket = 1
        elif char == "%":
            out.append(".*")
        elif char == "_":
            out.append(".")
        elif char == "(":
            out.append("(?:")
        elif char in "\\.^$":
            out.append("\\" + char)
        else:
            out.append(char)
    out.append(")$")
    return "".join(out)
