"""Pictures of the results, as SVG written by hand: bars for one figure of many clients, lines for scale."""

from html import escape

WIDTH = 880
OURS, OTHERS, INK, GRID = '#1f6feb', '#8b949e', '#24292f', '#d0d7de'
COLOURS = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df']
FONT = 'font-family="sans-serif" font-size="13"'


def svg(height, title, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {FONT} fill="{INK}">'
    background = f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    heading = f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>'
    return '\n'.join([head, f'<title>{escape(title)}</title>', background, heading, *parts, '</svg>', ''])


def bars(title, rows, unit):
    """`rows`: label, median, least, most, whether it is ours. A thin line is the spread over the rounds."""
    rows = [row for row in rows if row[1] is not None]
    left, right, step = 390, 110, 26
    most = max((row[3] for row in rows), default=1) or 1
    scale = (WIDTH - left - right) / most
    parts = []
    for index, (label, median, low, high, ours) in enumerate(rows):
        y = 48 + index * step
        colour = OURS if ours else OTHERS
        parts += [
            f'<text x="{left - 10}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{left}" y="{y}" width="{median * scale:.1f}" height="17" fill="{colour}"/>',
            f'<line x1="{left + low * scale:.1f}" x2="{left + high * scale:.1f}" y1="{y + 8.5}" y2="{y + 8.5}" '
            f'stroke="{INK}" stroke-width="2"/>',
            f'<text x="{left + high * scale + 8:.1f}" y="{y + 13}">{number(median)} {escape(unit)}</text>',
        ]
    return svg(60 + len(rows) * step, title, parts)


def number(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def lines(title, series, horizontal, vertical):
    """`series`: label and points. Both axes count by the powers of ten, as steps from 1 to 10,000 ask for."""
    from math import ceil, floor, log10

    points = [point for _, line in series for point in line if point[1]]
    left, top, width, height = 80, 50, WIDTH - 110, 300
    x_low, x_high = 0, max((log10(x) for x, _ in points), default=1)
    y_low = floor(min((log10(y) for _, y in points), default=0))
    y_high = max(ceil(max((log10(y) for _, y in points), default=1)), y_low + 1)

    def place(x, y):
        across = (log10(x) - x_low) / ((x_high - x_low) or 1)
        up = (log10(y) - y_low) / (y_high - y_low)
        return left + across * width, top + height - up * height

    parts = []
    for power in range(y_low, y_high + 1):
        _, y = place(1, 10**power)
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>')
    for step in sorted({x for x, _ in points}):
        x, _ = place(step, 10**y_low)
        parts.append(f'<text x="{x:.1f}" y="{top + height + 20}" text-anchor="middle">{step:,}</text>')
    parts.append(f'<text x="{left + width / 2}" y="{top + height + 42}" text-anchor="middle">{escape(horizontal)}</text>')
    parts.append(f'<text x="{left}" y="{top - 8}">{escape(vertical)}</text>')
    for index, (label, line) in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        placed = [place(x, y) for x, y in line if y]
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in placed]
        y = top + height + 64 + index * 20
        parts.append(f'<rect x="{left}" y="{y - 10}" width="18" height="6" fill="{colour}"/>')
        parts.append(f'<text x="{left + 26}" y="{y - 3}">{escape(label)}</text>')
    return svg(top + height + 66 + len(series) * 20, title, parts)
