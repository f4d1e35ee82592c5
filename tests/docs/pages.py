"""The pages and the blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w-]*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the line on which its content begins, its content."""

    language: str
    line: int
    text: str


def split_page(text: str) -> tuple[list[Block], str]:
    """Return a page's fenced blocks, and its prose with the blocks left out."""
    blocks, prose, fence, language, start, content = [], [], "", "", 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        found = _FENCE.match(line.strip())
        if fence and found and found["fence"].startswith(fence) and not found["language"]:
            blocks.append(Block(language, start, "\n".join(content) + "\n"))
            fence = ""
        elif fence:
            content.append(line)
        elif found:
            fence, language, start, content = found["fence"], found["language"], number + 1, []
        else:
            prose.append(line)
    assert not fence, f"the block that begins on line {start} is not closed"
    return blocks, "\n".join(prose)


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
