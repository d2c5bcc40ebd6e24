#!/usr/bin/env python3
"""Draws the diagrams and charts of the book, as SVG files in docs/src/images.

`docs/diagrams/draw.py` writes them, `docs/diagrams/draw.py --check` fails when one is out of date. Charts take their
figures from the page of benchmarks, so that both always agree. It needs nothing but Python.
"""

import math
import re
import sys
from html import escape
from pathlib import Path

PAGES = Path(__file__).resolve().parent.parent / "src"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
# Readable on white, which is the background of every diagram, also in a dark theme.
INK, MUTED, LINE, FILL, ACCENT, ACCENT_FILL = "#1c2733", "#54606c", "#8a97a5", "#f3f6f9", "#1f6feb", "#e7f0fe"


class Drawing:
    """An SVG of a fixed size with a white background."""

    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def text(self, x, y, text, size=14, anchor="middle", color=INK, weight="normal"):
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{color}" '
            f'font-weight="{weight}">{escape(text)}</text>'
        )

    def box(self, x, y, width, height, title, lines=(), accent=False):
        """A box with a bold title, and lines below it."""
        stroke, fill = (ACCENT, ACCENT_FILL) if accent else (LINE, FILL)
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" stroke="{stroke}"/>'
        )
        top = y + height / 2 + 5 - len(lines) * 9
        self.text(x + width / 2, top, title, weight="600")
        for at, line in enumerate(lines):
            self.text(x + width / 2, top + 18 * (at + 1), line, size=12, color=MUTED)

    def arrow(self, x1, y1, x2, y2, label="", dashed=False):
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{MUTED}" stroke-width="1.5"'
            f'{dash} marker-end="url(#tip)"/>'
        )
        if label:
            if x1 == x2:
                self.text(x1 + 8, (y1 + y2) / 2 + 4, label, size=12, anchor="start", color=MUTED)
            else:
                self.text((x1 + x2) / 2, min(y1, y2) - 6 if y1 == y2 else (y1 + y2) / 2 - 6, label, size=12, color=MUTED)

    def svg(self):
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img" aria-label="{escape(self.title)}" font-family="{FONT}">\n'
            f"<title>{escape(self.title)}</title>\n"
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            f'<path d="M0 0 8 4 0 8z" fill="{MUTED}"/></marker></defs>\n'
            f'<rect width="{self.width}" height="{self.height}" rx="8" fill="#fff"/>\n{body}\n</svg>\n'
        )


def architecture():
    drawing = Drawing(720, 430, "The three layers: the tool, the mock engine, and the simulated service")
    layers = [
        ("The tool", [("cli", "commands"), ("app", "start, embedding, reload"), ("server", "sockets"), ("control", "/__admin")]),
        ("The mock engine", [("pipeline", "life of a request"), ("sandbox", "isolated worlds"), ("recording", "journal, verdict"), ("scenario", "worlds and rules")]),
        ("The simulated service", [("leadconduit", "state, operations, leads"), ("contract", "route, validate"), ("generate", "believable values")]),
    ]
    for row, (name, modules) in enumerate(layers):
        y = 20 + row * 115
        drawing.text(20, y + 14, name, anchor="start", weight="600", color=ACCENT)
        width = (680 - 12 * (len(modules) - 1)) / len(modules)
        for at, (module, meaning) in enumerate(modules):
            drawing.box(20 + at * (width + 12), y + 24, width, 62, module, [meaning])
        if row < len(layers):
            drawing.arrow(360, y + 88, 360, y + 113)
    drawing.text(20, 379, "Foundations", anchor="start", weight="600", color=ACCENT)
    drawing.box(20, 387, 680, 34, "config   ·   http   ·   support")
    return drawing


def request():
    steps = [
        ("read", "a bounded request", "400 408 413 414 431"),
        ("choose the sandbox", "header, URL, cookie, key", "400 problem"),
        ("control call?", "/__admin", "its response"),
        ("route", "method and path", "404 405 problem"),
        ("gate rules", "rules with gate: true", "their response"),
        ("authenticate", "key, rights", "401"),
        ("validate", "parameters, body", "400 403 406 415"),
        ("rules, else the operation", "on the world", "2xx 4xx"),
        ("finalise", "ETag, CORS, X-Mock-*", ""),
        ("record", "journal, coverage, events", ""),
        ("deliver", "delays, drips, wire faults", ""),
    ]
    drawing = Drawing(720, 36 + len(steps) * 52, "The steps of a request, and the responses with which it can end early")
    for at, (name, meaning, early) in enumerate(steps):
        y = 18 + at * 52
        drawing.box(190, y, 280, 38, name, accent=at >= 8)
        drawing.text(178, y + 24, meaning, size=12, anchor="end", color=MUTED)
        if early:
            drawing.arrow(470, y + 19, 530, y + 19, dashed=True)
            drawing.text(540, y + 23, early, size=12, anchor="start", color=MUTED)
        if at + 1 < len(steps):
            drawing.arrow(330, y + 38, 330, y + 51)
    return drawing


def lead():
    steps = [
        ("checks before the lead handler", "404 422 403 401"),
        ("parameters become fields", ""),
        ("flow enabled?", "error: Flow is disabled"),
        ("list checks", ""),
        ("hours of operation, acceptance criteria", "outcome and reason of the criteria"),
        ("purchase price", ""),
        ("volume caps: flow, then source", "failure: Cap reached"),
        ("steps in order: filters and recipients", "a filter that stops: its outcome"),
        ("accepted: success", ""),
    ]
    drawing = Drawing(720, 36 + len(steps) * 52, "The path of a lead through a flow, and where it can end")
    for at, (name, end) in enumerate(steps):
        y = 18 + at * 52
        drawing.box(30, y, 340, 38, name, accent=at == len(steps) - 1)
        if end:
            drawing.arrow(370, y + 19, 440, y + 19, dashed=True)
            drawing.text(450, y + 23, end, size=12, anchor="start", color=MUTED)
        if at + 1 < len(steps):
            drawing.arrow(200, y + 38, 200, y + 51)
    return drawing


def connections():
    drawing = Drawing(720, 300, "The two stores behind connections: rows of LeadConduit, and the list of single sign-on")
    drawing.box(30, 110, 220, 70, "LeadConduit's rows", ["id, permissions, ui_state"])
    drawing.box(470, 110, 220, 70, "single sign-on", ["the source of truth"], accent=True)
    drawing.arrow(470, 145, 252, 145, "a message that can be missed", dashed=True)
    drawing.box(230, 20, 260, 44, "GET /connections")
    drawing.arrow(270, 64, 185, 108, "")
    drawing.arrow(450, 64, 535, 108, "")
    drawing.text(205, 82, "rows", size=12, anchor="end", color=MUTED)
    drawing.text(515, 82, "entries", size=12, anchor="start", color=MUTED)
    drawing.box(230, 230, 260, 44, "POST /connections (repair)")
    drawing.arrow(270, 230, 185, 182, "")
    drawing.arrow(450, 230, 535, 182, "")
    drawing.text(205, 218, "creates the missing row", size=12, anchor="end", color=MUTED)
    drawing.text(515, 218, "looks the entry up", size=12, anchor="start", color=MUTED)
    return drawing


BENCHMARKS = PAGES / "explanation/benchmarks.md"


def section(name):
    """The rows of the tables in a section of the page of benchmarks, as lists of cells."""
    parts = re.split(r"^## (.+)$", BENCHMARKS.read_text(), flags=re.MULTILINE)
    text = dict(zip(parts[1::2], parts[2::2])).get(name)
    if text is None:
        sys.exit(f"{BENCHMARKS} has no section `{name}`")
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines() if line.startswith("| ")]


def plain(text):
    return text.replace("`", "")


def throughput():
    """Requests per second as bars."""
    rows = [row for row in section("Throughput") if re.fullmatch(r"[\d.]+ \(.*\)", row[3])]
    most = max(int(figure) for row in rows for figure in row[1:3])
    drawing = Drawing(720, 60 + len(rows) * 58, "Requests per second of the mock and of a bare server")
    drawing.text(20, 28, "requests per second", anchor="start", size=12, color=MUTED)
    for at, (name, mock, bare, ratio, *_) in enumerate(rows):
        y = 46 + at * 58
        drawing.text(20, y + 16, plain(name), anchor="start", size=13)
        drawing.text(20, y + 34, f"ratio {ratio}", anchor="start", size=12, color=MUTED)
        for offset, (figure, color, label) in enumerate(((mock, ACCENT, "mock"), (bare, LINE, "bare hyper"))):
            width = 280 * int(figure) / most
            drawing.parts.append(
                f'<rect x="290" y="{y + offset * 20}" width="{width:.0f}" height="16" rx="2" fill="{color}"/>'
            )
            drawing.text(296 + width, y + 13 + offset * 20, f"{int(figure):,} {label}", anchor="start", size=12, color=MUTED)
    return drawing


class LogAxes:
    """Axes with logarithmic scales in a rectangle of a drawing."""

    def __init__(self, drawing, x, y, width, height, xs, ys):
        self.drawing, self.x, self.y, self.width, self.height = drawing, x, y, width, height
        self.xs = (min(xs) * 0.9, max(xs) * 1.1)
        self.ys = (10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys))))
        self.decade = math.floor(math.log10(self.ys[0]))
        while 10**self.decade <= self.ys[1]:
            _, at = self.place(self.xs[0], 10**self.decade)
            drawing.parts.append(f'<line x1="{x:g}" y1="{at:.1f}" x2="{x + width:g}" y2="{at:.1f}" stroke="{LINE}" stroke-width="0.5"/>')
            drawing.text(x - 6, at + 4, f"{10.0 ** self.decade:g}", anchor="end", size=11, color=MUTED)
            self.decade += 1

    def place(self, x, y):
        part = lambda value, low, high: (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return self.x + self.width * part(x, *self.xs), self.y + self.height * (1 - part(y, *self.ys))

    def tick(self, value, label):
        x, _ = self.place(value, self.ys[0])
        self.drawing.text(x, self.y + self.height + 18, label, size=11, color=MUTED)

    def line(self, points, color, dash="", label=""):
        """A line with a label at its end."""
        places = [self.place(*point) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.drawing.parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"{dashes}/>')
        self.drawing.parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in places)
        if label:
            self.drawing.text(places[-1][0] + 8, places[-1][1] + 4, label, anchor="start", size=11, color=color)


def latency():
    """Percentiles by rate, a panel for each request."""
    rows = [row for row in section("Latency") if re.match(r"\d+ \(", row[1]) and "reaches" not in row[3]]
    names = list(dict.fromkeys(row[0] for row in rows))
    drawing = Drawing(720, 60 + 190 * len(names), "Latency of the mock and of a bare server, by rate")
    drawing.text(20, 28, "milliseconds: p50 (solid), p99 (dashed), p99.9 (dotted)", anchor="start", size=12, color=MUTED)
    drawing.text(520, 28, "mock", anchor="start", size=12, color=ACCENT, weight="600")
    drawing.text(570, 28, "bare hyper", anchor="start", size=12, color=MUTED, weight="600")
    for at, name in enumerate(names):
        own = [row for row in rows if row[0] == name]
        rates = {row[1]: int(row[1].split()[0]) for row in own}
        y = 50 + at * 190
        drawing.text(20, y + 12, plain(name), anchor="start", size=13)
        axes = LogAxes(drawing, 70, y + 24, 560, 120, rates.values(), [max(float(cell), 0.01) for row in own for cell in row[3:6]])
        for label, rate in rates.items():
            axes.tick(rate, label.split("(")[0].strip() + "/s " + label.split("(")[1].rstrip(")"))
        for server, color in (("bare hyper", MUTED), ("mock", ACCENT)):
            for column, dash in ((3, ""), (4, "6 4"), (5, "2 3")):
                points = [(rates[row[1]], max(float(row[column]), 0.01)) for row in own if row[2] == server]
                if points:
                    axes.line(points, color, dash)
    return drawing


def long_reads():
    """Time by the number of events."""
    rows = section("Long reads")
    head = next(row for row in rows if row[0].startswith("milliseconds"))
    sizes = [int(cell.replace(",", "")) for cell in head[2:]]
    curves = [row for row in rows if len(row) == len(head) and row is not head]
    values = [[max(float(cell), 0.01) for cell in row[2:]] for row in curves]
    drawing = Drawing(720, 420, "Time of long reads, by the number of events")
    drawing.text(20, 28, "milliseconds", anchor="start", size=12, color=MUTED)
    axes = LogAxes(drawing, 60, 46, 420, 320, sizes, [value for row in values for value in row])
    for size in sizes:
        axes.tick(size, f"{size:,}")
    drawing.text(270, 404, "events", size=12, color=MUTED)
    # Labels at the ends of the lines, at least one line of text apart.
    ends = sorted(range(len(curves)), key=lambda at: -values[at][-1])
    free = 0
    colors = [ACCENT, "#b54708", "#067647", "#7a4dd8", "#c11574", "#175cd3", "#5d6b98", INK, "#0e7090"]
    for at in ends:
        color = colors[at % len(colors)]
        axes.line(list(zip(sizes, values[at])), color)
        x, y = axes.place(sizes[-1], values[at][-1])
        free = max(free + 15, y + 4)
        drawing.text(505, free, plain(curves[at][0]), anchor="start", size=11, color=color)
    return drawing


def main():
    check = sys.argv[1:] == ["--check"]
    stale = []
    for draw in (architecture, request, lead, connections, throughput, latency, long_reads):
        file = PAGES / "images" / f"{draw.__name__}.svg"
        text = draw().svg()
        if check:
            if not file.is_file() or file.read_text() != text:
                stale.append(file.name)
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}; run docs/diagrams/draw.py")


if __name__ == "__main__":
    main()
