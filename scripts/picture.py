#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
r"""What a terminal shows after a recorded session, as an SVG picture.

usage: picture.py LOG PATTERN > OUT.svg

LOG is all that programs wrote to the terminal; the picture is of the moment
before PATTERN comes. Needs Debian's python3-pyte, a terminal emulator. The README's:

  make check-demo
  scripts/picture.py build/check-demo/demo_at_a_terminal/screen.log \
      'xl console debian(?!  )' > docs/demo.svg
"""

import re
import sys
from xml.sax.saxutils import escape

import pyte

COLUMNS, ROWS = 84, 60
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14  # of a character; around all
BACKGROUND, TEXT = "#16181d", "#d8dade"
COLORS = {"green": "#7ec77b", "red": "#e06c75", "brown": "#d8b06a",
          "blue": "#6fa8dc", "cyan": "#66c2cd", "magenta": "#c792ea"}


def screen_of(log, pattern):
    with open(log, "rb") as file:
        text = file.read().decode("utf-8", "replace")
    end = re.search(pattern, text)
    if not end:
        sys.exit(f"{log}: no {pattern}")
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.Stream(screen).feed(text[:end.start()])
    return screen


def runs(line):
    """(column, text, style) of neighbours that look the same."""
    found = []
    for column in range(COLUMNS):
        char = line[column]
        style = (char.fg, char.bold)
        if found and found[-1][2] == style:
            found[-1][1] += char.data
        else:
            found.append([column, char.data, style])
    return [run for run in found if run[1].strip()]


def svg(screen):
    last = max(row for row in range(ROWS) if screen.display[row].strip())
    width = COLUMNS * WIDTH + 2 * MARGIN
    height = (last + 1) * HEIGHT + 2 * MARGIN
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
           f'height="{height}" font-family="DejaVu Sans Mono, Menlo, Consolas,'
           f' monospace" font-size="14">')
    yield (f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    for row in range(last + 1):
        for column, text, (color, bold) in runs(screen.buffer[row]):
            text = text.rstrip()
            weight = ' font-weight="bold"' if bold else ""
            yield (f'<text x="{MARGIN + column * WIDTH:.1f}" '
                   f'y="{MARGIN + (row + 0.75) * HEIGHT:.1f}" '
                   f'textLength="{len(text) * WIDTH:.1f}" '
                   f'fill="{COLORS.get(color, TEXT)}"{weight} '
                   f'xml:space="preserve">{escape(text)}</text>')
    yield "</svg>"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print("\n".join(svg(screen_of(sys.argv[1], sys.argv[2]))))
