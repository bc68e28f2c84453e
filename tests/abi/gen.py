#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn a public header into a program that prints what the header defines.

    gen.py HEADER INCLUDE EXCEPTIONS {ours|stock} > probe.c

The program includes INCLUDE and prints a line "what value" for each constant,
size, field offset, field size, signedness and bit-field mask that HEADER
defines. Built once against each set of headers, both must print the same.
Headers are parsed as our layout has them: one declarator in each member.
"""

import re
import sys

ARGS = (0, 5, 0x1234)  # function-like macros are evaluated at these


def read_exceptions(path, side):
    """Names that stock headers lack, and other names for types there."""
    absent, renamed = set(), {}
    for line in open(path):
        words = line.split("#")[0].split()
        if words and words[0] == "absent":
            absent.add(words[1])
        elif words and words[0] == "renamed":
            if side == "stock":
                renamed[words[1]] = " ".join(words[2:])
        elif words:
            sys.exit(f"{path}: what is '{line.strip()}'?")
    return absent, renamed


def split_header(text):
    """Macros as (name, parameters or None, body); the C as tokens."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ")
    macros, code = [], []
    for line in text.split("\n"):
        define = re.match(r"\s*#\s*define\s+(\w+)(\(([^)]*)\))?(.*)", line)
        if define:
            macros.append((define[1], define[3], define[4].strip()))
        elif not line.lstrip().startswith("#"):
            code.append(line)
    return macros, re.findall(r"\w+|[^\s\w]", "\n".join(code))


class Parser:
    """Reads declarations; fills lists of (name, C type, members)."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0
        self.structs = []
        self.typedefs = []

    def next(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self):
        return self.tokens[self.at]

    def until(self, end):
        start = self.at
        while self.next() != end:
            pass
        return self.tokens[start : self.at - 1]

    def top(self):
        while self.at < len(self.tokens):
            word = self.next()
            if word in ("struct", "union"):
                tag = self.next()
                if self.next() != "{":
                    continue
                self.structs.append((f"{word} {tag}", self.body()))
                self.until(";")
            elif word == "typedef":
                words = self.until(";")
                is_array = "[" in words
                if is_array:
                    words = words[: words.index("[")]
                self.typedefs.append((words[-1], words[:-1], is_array))
            else:
                sys.exit(f"cannot read: {word} {self.peek()}")

    def body(self):
        members = []
        while self.peek() != "}":
            members.append(self.member())
        self.next()
        return members

    def member(self):
        """(name, type words, inner members, is array, is bit-field)"""
        inner, words = None, []
        if self.peek() in ("struct", "union") and self.inner_brace():
            inner = self.body()
        rest = self.until(";")
        is_array, is_bits = "[" in rest, ":" in rest
        for mark in "[", ":":
            if mark in rest:
                rest = rest[: rest.index(mark)]
        words, name = rest[:-1], rest[-1]
        return name, words, inner, is_array, is_bits

    def inner_brace(self):
        if self.tokens[self.at + 1] == "{":
            self.at += 2
            return True
        if self.tokens[self.at + 2] == "{":
            self.at += 3
            return True
        return False


class Probe:
    def __init__(self, absent, renamed, flexible):
        self.absent = absent
        self.renamed = renamed
        self.flexible = flexible  # fields without a size
        self.rows = []
        self.bits = []

    def value(self, name, expr):
        self.rows.append((name, expr))

    def sign(self, name, ctype):
        self.value(f"signed({name})", f"(({ctype})-1 < ({ctype})1)")

    def macros(self, macros):
        for name, params, body in macros:
            if not body or name in self.absent:
                continue
            if params is None:
                self.value(name, name)
            else:
                for arg in ARGS:
                    self.value(f"{name}({arg})", f"{name}({arg})")

    def typedefs(self, typedefs):
        for name, words, is_array in typedefs:
            if name in self.absent:
                continue
            ctype = self.renamed.get(name, name)
            self.value(f"sizeof({name})", f"sizeof({ctype})")
            if not is_array and words[0] not in ("struct", "union"):
                self.sign(name, ctype)

    def structs(self, structs):
        for name, members in structs:
            if name in self.absent:
                continue
            ctype = self.renamed.get(name, name)
            self.value(f"sizeof({name})", f"sizeof({ctype})")
            self.members(name, ctype, "", members)

    def members(self, name, ctype, prefix, members):
        for field, words, inner, is_array, is_bits in members:
            path = prefix + field
            label = f"{name}.{path}".replace(" ", "_")
            if label in self.absent:
                continue
            access = self.renamed.get(label, path)
            if is_bits:
                self.bits.append((label, ctype, access))
                continue
            self.value(f"offsetof({label})", f"offsetof({ctype}, {access})")
            lvalue = f"(({ctype} *)0)->{access}"
            if label not in self.flexible:
                self.value(f"sizeof({label})", f"sizeof({lvalue})")
            if inner is not None:
                if not is_array:
                    self.members(name, ctype, path + ".", inner)
            elif self.is_scalar(words):
                item = lvalue + ("[0]" if is_array else "")
                self.sign(label, f"__typeof__({item})")

    @staticmethod
    def is_scalar(words):
        """A number in both; stock handles are structs."""
        others = "xen_guest_ptr_t", "xen_domain_handle_t"
        return words[0] not in ("struct", "union") and words[-1] not in others

    def text(self, include):
        lines = ["#include <stddef.h>", "#include <stdint.h>"]
        lines += ["#include <stdio.h>", "#include <string.h>"]
        lines += [f"#include <{include}>", ""]
        lines.append("static const struct {")
        lines.append("    const char *name;")
        lines.append("    unsigned long long value;")
        lines.append("} rows[] = {")
        for name, expr in self.rows:
            label = name.replace(" ", "_")
            lines.append(f'    {{"{label}", (unsigned long long)({expr})}},')
        lines += ['    {"end", 0},', "};", "", "int main(void)", "{"]
        lines.append("    for (unsigned int i = 0; i + 1 < ")
        lines.append("         sizeof(rows) / sizeof(rows[0]); i++)")
        lines.append('        printf("%s %#llx\\n", rows[i].name,')
        lines.append("               rows[i].value);")
        for label, ctype, access in self.bits:
            lines.append("    {")
            lines.append(f"        {ctype} x;")
            lines.append("        memset(&x, 0, sizeof(x));")
            lines.append(f"        x.{access} = ~0;")
            lines.append(f'        printf("mask({label}) ");')
            lines.append("        for (size_t i = 0; i < sizeof(x); i++)")
            lines.append('            printf("%02x", ((uint8_t *)&x)[i]);')
            lines.append('        printf("\\n");')
            lines.append("    }")
        lines += ["    return 0;", "}"]
        return "\n".join(lines)


def flexible_fields(structs, text):
    """Labels of fields declared as name[], which have no size."""
    names = set(re.findall(r"(\w+)\[\];", text))
    return {
        f"{name}.{member[0]}".replace(" ", "_")
        for name, members in structs
        for member in members[-1:]
        if member[0] in names
    }


def main():
    header, include, exceptions, side = sys.argv[1:]
    absent, renamed = read_exceptions(exceptions, side)
    text = open(header).read()
    macros, tokens = split_header(text)
    parser = Parser(tokens)
    parser.top()
    probe = Probe(absent, renamed, flexible_fields(parser.structs, text))
    probe.macros(macros)
    probe.typedefs(parser.typedefs)
    probe.structs(parser.structs)
    print(probe.text(include))


if __name__ == "__main__":
    main()
