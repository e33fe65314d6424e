# SPDX-License-Identifier: MIT
"""Medians, quartiles and tables."""

import statistics


def quartiles(values):
    """(lower quartile, median, upper quartile)"""
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


class Batches:
    """
    What one run of the bench's program printed: for each round, each side's nanoseconds of the
    server's work and, where it was measured, with the delivery of the requests counted in.
    """

    def __init__(self, text):
        served, whole = {}, {}
        for line in text.splitlines():
            number, side, *nanoseconds = line.split()
            for rounds, value in zip((served, whole), nanoseconds):
                rounds.setdefault(int(number), {})[side] = float(value)
        self.served, self.whole = list(served.values()), list(whole.values())

    @staticmethod
    def side(rounds, name):
        return quartiles([sides[name] for sides in rounds])

    @staticmethod
    def ratio(rounds, name, other):
        """Quartiles of the ratio of batches that ran side by side."""
        return quartiles([sides[name] / sides[other] for sides in rounds])

    @staticmethod
    def difference(rounds, name, other):
        return quartiles([sides[name] - sides[other] for sides in rounds])


def show_ratio(quartile):
    """The median and, in brackets, the quartiles."""
    low, middle, high = quartile
    return f"{middle:.3f} [{low:.3f} {high:.3f}]"


def show_median(quartile):
    return f"{quartile[1]:.3f}"


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
