"""Two kinds of plots, as SVG."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

COLOURS = ("#2563eb", "#dc2626", "#16a34a", "#9333ea", "#d97706", "#0891b2")
WIDTH = 960
_STYLE = "font:12px system-ui,sans-serif;fill:#222"


def bars(title: str, rows: Sequence[tuple[str, float, float]]) -> str:
    """A bar for each ratio, by its logarithm, green when it keeps the target, which is a tick."""
    left, right, step = 560, 60, 22
    ratios = [value for _, ratio, target in rows for value in (ratio, target, 1.0)]
    low, high = floor(log10(min(ratios))), ceil(log10(max(ratios)))
    scale = (WIDTH - left - right) / (high - low)
    height = 60 + step * len(rows)

    def x(ratio: float) -> float:
        return left + (log10(ratio) - low) * scale

    body = [_text(10, 22, title, weight="bold")]
    for power in range(low, high + 1):
        body += [
            _line(x(10**power), 36, x(10**power), height - 14, "#bbb" if power else "#555"),
            _text(x(10**power), height, f"{10**power:g}", anchor="middle"),
        ]
    for number, (name, ratio, target) in enumerate(rows):
        y = 42 + step * number
        colour = "#16a34a" if ratio <= target else "#dc2626"
        body += [
            _text(left - 6, y + 11, name, anchor="end", limit=88),
            f'<rect x="{left}" y="{y}" width="{x(ratio) - left:.1f}" height="14" fill="{colour}"/>',
            _line(x(target), y - 3, x(target), y + 17, "#111", 2),
            _text(max(x(ratio), x(target)) + 6, y + 11, f"{ratio:.2g}"),
        ]
    return _svg(height + 10, body)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Seconds by size, both by their logarithms."""
    left, top, right, bottom, height = 70, 40, 240, 40, 340
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_low, x_high = log10(min(xs)), log10(max(xs))
    y_low, y_high = floor(log10(min(ys))), ceil(log10(max(ys)))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - x_low) / (x_high - x_low)
        up = (log10(y) - y_low) / (y_high - y_low)
        return left + across * (WIDTH - left - right), height - bottom - up * (
            height - bottom - top
        )

    body = [_text(10, 22, title, weight="bold")]
    for power in range(y_low, y_high + 1):
        _, y = place(min(xs), 10.0**power)
        body += [
            _line(left, y, WIDTH - right, y, "#ccc"),
            _text(left - 6, y + 4, _seconds(power), anchor="end"),
        ]
    for size in sorted(set(xs)):
        x, _ = place(size, 10.0**y_low)
        body.append(_text(x, height - bottom + 18, f"{size:,}", anchor="middle"))
    last_name = float(height)
    ends = sorted(series.items(), key=lambda line: max(line[1])[1])
    for (name, points), colour in zip(ends, COLOURS, strict=False):
        places = [place(*point) for point in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        last_name = min(places[-1][1] + 4, last_name - 15)  # names must not overlap
        body.append(_text(places[-1][0] + 8, last_name, name, colour=colour))
    return _svg(height, body)


def _seconds(power: int) -> str:
    unit = min(0, floor(power / 3) * 3)
    return f"{10 ** (power - unit):g} { {0: 's', -3: 'ms', -6: 'µs', -9: 'ns'}[unit] }"


def _svg(height: float, body: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" style="{_STYLE}">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = "#222",
    limit: int = 200,
) -> str:
    shown = escape(text if len(text) <= limit else f"{text[: limit - 1]}…")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{colour}">{shown}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )
