# SPDX-License-Identifier: MIT
"""Medians, quartiles and tables."""

import statistics


def quartiles(values):
    """(lower quartile, median, upper quartile)"""
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


class Batches:
    """What one run of the bench's program printed: for each round, each side's nanoseconds."""

    def __init__(self, text):
        self.rounds = {}
        for line in text.splitlines():
            number, side, nanoseconds = line.split()
            self.rounds.setdefault(int(number), {})[side] = float(nanoseconds)

    def side(self, name):
        return quartiles([sides[name] for sides in self.rounds.values()])

    def ratio(self, name, other):
        """Quartiles of the ratio of batches that ran side by side."""
        return quartiles([sides[name] / sides[other] for sides in self.rounds.values()])

    def difference(self, name, other):
        return quartiles([sides[name] - sides[other] for sides in self.rounds.values()])


def show_ratio(quartile):
    low, middle, high = quartile
    return f"{middle:.3f} [{low:.3f} {high:.3f}]"


def show_ns(quartile):
    return f"{quartile[1]:.0f}"


def show_difference(quartile):
    low, middle, high = quartile
    return f"{middle:+.1f} [{low:+.1f} {high:+.1f}]"


def table(heads, rows):
    """A table in Markdown, which is readable in a terminal too."""
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    lines = []
    for row in [heads, ["-" * width for width in widths], *rows]:
        cells = [str(cell).ljust(width) for cell, width in zip(row, widths)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
