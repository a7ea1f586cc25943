"""The poster of a show without a picture: artwork drawn from the slug, the same each time."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

DRAWING: Final = "1"  # in every poster's address: a new drawing must never meet an old one in a cache
_SALT: Final = "16090"  # of many tried, one by which the sample shows get a style and a palette each
WIDTH: Final = 600
HEIGHT: Final = 800

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Palette:
    """A ground and the colours laid on it, lightest first; all are warm but the last, which sets them off."""

    ground: str
    inks: tuple[str, str, str, str, str]


PALETTES: Final = (
    Palette("#2a1020", ("#ffe3b3", "#ffb347", "#ff6b35", "#d7263d", "#3f88a5")),
    Palette("#ffe8cc", ("#fffaf0", "#ffb84d", "#f2542d", "#7d1d3f", "#0f7173")),
    Palette("#2d1b4e", ("#ffe0b5", "#ffa45b", "#ff6f61", "#c9386e", "#5e7ce2")),
    Palette("#f9a826", ("#fff4d6", "#ffd166", "#f3533b", "#9d1f3a", "#1f2a4d")),
    Palette("#f6d5c3", ("#fff3e6", "#f6a15b", "#d1495b", "#5b1f3b", "#2e6f77")),
    Palette("#12243a", ("#f9ecd2", "#f4c95d", "#f07a4a", "#cf3f46", "#3fa7a0")),
    Palette("#b3282d", ("#ffeeda", "#ffc15e", "#ff8552", "#5c1030", "#1d3557")),
)


class Dice:
    """Numbers that a slug alone decides: a hash, so that they are the same on every machine and version."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._throws = 0

    def between(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        self._throws += 1
        digest = hashlib.sha256(self._seed + self._throws.to_bytes(4, "big")).digest()
        return low + (high - low) * int.from_bytes(digest[:6], "big") / 2**48

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, each as likely."""
        return choices[int(self.between(0, len(choices)))]


def poster(slug: str) -> str:
    """The SVG document of a show's poster, without words: title and alternative text stand in the page."""
    dice = Dice(f"{_SALT}/{slug}")
    palette = dice.pick(PALETTES)
    shapes = dice.pick(STYLES)(dice, palette)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' preserveAspectRatio="xMidYMid slice">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{palette.ground}"/>{"".join(shapes)}</svg>'
    )


def _sunrise(dice: Dice, palette: Palette) -> list[str]:
    """A low sun in rings, over hills that come nearer."""
    light, _, _, _, contrast = palette.inks
    x, y, radius = dice.between(170, 430), dice.between(250, 360), dice.between(90, 130)
    shapes = [
        _circle(x, y, radius + 62 * ring, palette.inks[1 + ring % 2], opacity=0.16 + 0.1 * (4 - ring))
        for ring in range(4, 0, -1)
    ]
    shapes.append(_circle(x, y, radius, light))
    for row, ink in enumerate((palette.inks[1], palette.inks[2], palette.inks[3], contrast)):
        shapes.append(_hill(dice, 430 + row * 90, 40 + row * 8, ink))
    return shapes


def _hill(dice: Dice, top: float, swing: float, ink: str) -> str:
    phase, waves = dice.between(0, math.tau), dice.between(0.7, 1.6)
    crest = [(x, top + swing * math.sin(phase + waves * math.tau * x / WIDTH)) for x in range(0, WIDTH + 1, 25)]
    line = " ".join(f"L{x} {y:.1f}" for x, y in crest)
    return f'<path d="M0 {HEIGHT} {line} L{WIDTH} {HEIGHT}Z" fill="{ink}"/>'


def _tiles(dice: Dice, palette: Palette) -> list[str]:
    """A wall of tiles: quarter circles, leaves, dots and halves, as printed from a set of blocks."""
    size, shapes = 200, []
    for y in range(0, HEIGHT, size):
        for x in range(0, WIDTH, size):
            back, front = _two_inks(dice, palette)
            turn = 90 * int(dice.between(0, 4))
            body = dice.pick(_BLOCKS).format(front=front, back=back)
            shapes.append(
                f'<g transform="translate({x} {y}) rotate({turn} 100 100)">'
                f'<rect width="200.5" height="200.5" fill="{back}"/>{body}</g>'
            )
    return shapes


_BLOCKS: Final = (
    '<path d="M0 0H200A200 200 0 0 1 0 200Z" fill="{front}"/>',
    '<path d="M0 0A200 200 0 0 1 200 200A200 200 0 0 1 0 0Z" fill="{front}"/>',
    '<path d="M0 100A100 100 0 0 1 200 100Z" fill="{front}"/><path d="M0 200A100 100 0 0 1 200 200Z" fill="{front}"/>',
    '<circle cx="100" cy="100" r="100" fill="{front}"/><circle cx="100" cy="100" r="45" fill="{back}"/>',
    '<path d="M0 0H200V200Z" fill="{front}"/>',
    '<path d="M0 0H200A200 200 0 0 1 0 200Z" fill="{front}"/><path d="M0 0H100A100 100 0 0 1 0 100Z" fill="{back}"/>',
)


def _two_inks(dice: Dice, palette: Palette) -> tuple[str, str]:
    inks = (palette.ground, *palette.inks)
    first = int(dice.between(0, len(inks)))
    return inks[first], inks[(first + 1 + int(dice.between(0, len(inks) - 1))) % len(inks)]


def _rays(dice: Dice, palette: Palette) -> list[str]:
    """A burst of stage light from one point, a disc where it starts."""
    x, y, count = dice.between(180, 420), dice.between(420, 640), 2 * int(dice.between(9, 15))
    start, step = dice.between(0, math.tau), math.tau / count
    inks, shapes = palette.inks[1:4], []
    for ray in range(0, count, 2):
        a, b = start + ray * step, start + (ray + 1) * step
        shapes.append(
            f'<path d="M{x:.1f} {y:.1f}L{x + 1200 * math.cos(a):.1f} {y + 1200 * math.sin(a):.1f}'
            f'L{x + 1200 * math.cos(b):.1f} {y + 1200 * math.sin(b):.1f}Z" fill="{inks[ray // 2 % 3]}"/>'
        )
    radius = dice.between(120, 165)
    shapes += [
        _circle(x, y, radius + 36, palette.ground),
        _circle(x, y, radius, palette.inks[4]),
        _circle(x, y, radius * 0.66, palette.inks[0]),
        _circle(x, y, radius * 0.3, palette.inks[2]),
    ]
    return shapes


def _flame(dice: Dice, palette: Palette) -> list[str]:
    """Tongues of flame, one within the other, and sparks above them."""
    x, lean, shapes = dice.between(260, 330), dice.between(15, 70), []
    for spark in range(26):
        ink = palette.inks[spark % 3]
        shapes.append(_circle(dice.between(20, 580), dice.between(20, 460), dice.between(2, 9), ink, opacity=0.85))
    shapes.append(f'<ellipse cx="{x:.1f}" cy="800" rx="420" ry="120" fill="{palette.inks[4]}"/>')
    for layer, ink in enumerate((palette.inks[3], palette.inks[2], palette.inks[1], palette.inks[0])):
        shapes.append(_tongue(dice, x, lean, 1 - layer * 0.23, ink))
    mirrored = dice.pick(("", ' transform="translate(600 0) scale(-1 1)"'))
    return [f"<g{mirrored}>", *shapes, "</g>"]


def _tongue(dice: Dice, x: float, lean: float, scale: float, ink: str) -> str:
    """One tongue, `scale` of the largest; it stands on the poster's lower edge and its tip leans."""
    foot, half, height, tip = 780, 250 * scale, 680 * scale, x + lean * scale * 1.5
    waist = foot - height * dice.between(0.62, 0.7)
    return (
        f'<path d="M{x:.1f} {foot}C{x - half * 1.5:.1f} {foot} {x - half * 1.3:.1f} {foot - height * 0.4:.1f}'
        f" {x - half * 0.5:.1f} {waist:.1f}S{tip - half * 0.06:.1f} {foot - height * 0.88:.1f}"
        f" {tip:.1f} {foot - height:.1f}C{tip + half * 0.2:.1f} {foot - height * 0.7:.1f}"
        f' {x + half * 1.9:.1f} {foot} {x:.1f} {foot}Z" fill="{ink}"/>'
    )


def _halftone(dice: Dice, palette: Palette) -> list[str]:
    """A big disc printed in dots, which grow towards its heart."""
    x, y, reach = dice.between(200, 400), dice.between(280, 480), dice.between(300, 380)
    shapes = [_circle(x, y, reach * 0.72, palette.inks[3]), _circle(x, y, reach * 0.42, palette.inks[2])]
    step = 30
    for row in range(-1, HEIGHT // step + 2):
        for column in range(-1, WIDTH // step + 2):
            cx, cy = column * step + (row % 2) * step / 2, row * step * 0.9
            near = max(0.0, 1 - math.dist((cx, cy), (x, y)) / (reach * 1.25))
            if near > 0.03:
                shapes.append(_circle(cx, cy, 1.5 + near * 14, palette.inks[0 if near > 0.55 else 1]))
    return shapes


def _arcs(dice: Dice, palette: Palette) -> list[str]:
    """Three sets of nested arches, as of a stage, a record or a rainbow."""
    shapes = []
    for y in (800, 560, 320):
        x, radius = dice.pick((90, 210, 300, 390, 510)), dice.between(250, 310)
        inks = list(palette.inks)
        turn = int(dice.between(0, 5))
        inks = inks[turn:] + inks[:turn]
        for ring in range(5):
            size = radius * (1 - ring * 0.2)
            shapes.append(_circle(x, y, size, inks[ring]))
            shapes.append(_circle(x, y, size - 12, palette.ground))
            shapes.append(_circle(x, y, size - 16, inks[ring]))
    return list(shapes)


def _circle(x: float, y: float, radius: float, ink: str, opacity: float = 1) -> str:
    clear = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{ink}"{clear}/>'


STYLES: Final[tuple[Callable[[Dice, Palette], list[str]], ...]] = (
    _sunrise,
    _tiles,
    _rays,
    _flame,
    _halftone,
    _arcs,
)
