"""The links of the built book and of the Markdown files, what the pages load, and the placeholders."""

import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
# Folders of tools and of what they build.
SKIPPED = {".git", "target", "node_modules", "tmp", "work", "book", "dist", "__pycache__", ".venv", ".pytest_cache"}
# Beside all Markdown files, where people read text.
PROSE = ("docs/book.toml", ".github/", "scenarios/", "deploy/", "examples/", "src/cli/", "schemas/admin/")
failed = 0


def source_files():
    """The files of the repository, with or without git."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            yield Path(folder, name).relative_to(ROOT)


if sys.argv[1] == "--prose":
    files = [file for file in source_files() if file.suffix != ".profdata"]
    print("\n".join(str(file) for file in files if file.suffix == ".md" or str(file).startswith(PROSE)))
    sys.exit()
BOOK = Path(sys.argv[1])


def check(name, problems):
    """Prints the first problems."""
    global failed
    if problems:
        failed += 1
        print("\n".join(str(problem) for problem in problems[:20]))
        print(f"FAILED book: {name}")
    else:
        print(f"ok book: {name}")


class Page(HTMLParser):
    """The ids, links and resources of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.resources = set(), [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        elif tag == "link" and attributes.get("rel") in ("stylesheet", "icon", "shortcut icon", "preload"):
            self.resources.append(attributes["href"])
        elif tag in ("img", "script", "iframe", "source") and attributes.get("src"):
            self.resources.append(attributes["src"])


def target(page, reference):
    """The file and fragment of a link of the book. `None` for another site."""
    parts = urlsplit(reference)
    if parts.scheme or parts.netloc:
        return None
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if path.is_dir():
        path = path / "index.html"
    return path, unquote(parts.fragment)


def check_book():
    pages = {path: Page(path) for path in BOOK.rglob("*.html")}
    check("25 pages at least", [] if len(pages) >= 25 else [f"{len(pages)} pages"])
    # These two are made from all pages: their links are relative to them.
    read = {path: page for path, page in pages.items() if path.name not in ("print.html", "toc.html")}
    dead, remote = [], []
    for path, page in read.items():
        name = path.relative_to(BOOK)
        for link in page.links:
            found = target(path, link)
            if found is None:
                continue
            file, fragment = found
            if not file.is_file():
                dead.append(f"{name}: {link} does not exist")
            elif fragment and file in pages and fragment not in pages[file].ids:
                dead.append(f"{name}: {link} has no such heading")
        for resource in page.resources:
            found = target(path, resource)
            if found is None:
                remote.append(f"{name} loads {resource}")
            elif not found[0].is_file():
                dead.append(f"{name}: {resource} does not exist")
    check("internal links", dead)
    styles = [path for path in BOOK.rglob("*.css") if re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text())]
    check("no page loads anything from a network", remote + styles)
    names = {"quick-start.html", "explanation/architecture.html", "glossary.html"}
    check("quick start, architecture and glossary", sorted(name for name in names if not (BOOK / name).is_file()))


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def check_markdown():
    """Links of the Markdown files as they are read in a repository."""
    fenced = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    texts = {ROOT / file: fenced.sub("", (ROOT / file).read_text()) for file in source_files() if file.suffix == ".md"}
    dead = []
    for path, text in texts.items():
        anchors = {slug(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
        anchors |= set(re.findall(r'<a id="([^"]+)"', text))
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            found = target(path, link)
            if found is None:
                continue
            file, fragment = found
            if not file.exists():
                dead.append(f"{path.relative_to(ROOT)}: {link} does not exist")
            elif fragment and file == path and fragment not in anchors:
                dead.append(f"{path.relative_to(ROOT)}: {link} has no such heading")
    check("links of the Markdown files", dead)


def check_placeholders():
    """They are in one file."""
    placeholder = re.compile(r"COPYRIGHT HOLDER`|[a-z]+@example\.invalid|//example\.invalid")
    read = (file for file in source_files() if file.suffix in (".md", ".toml", ".yml", ".yaml") and file.parts[0] != "tests")
    found = [str(file) for file in read if placeholder.search((ROOT / file).read_text())]
    check("placeholders are in MAINTAINERS.md only", [] if found == ["MAINTAINERS.md"] else found or ["no file has them"])


check_book()
check_markdown()
check_placeholders()
sys.exit(1 if failed else 0)
