"""What is written by hand on a page that a benchmark writes. A run keeps it."""

import pathlib

# On a page, it follows this line.
BEGINNING = "<!-- Written by hand; a run keeps what follows. -->"


def remarks(page):
    """The part of an earlier page that is written by hand, with its first line, as the end of a page.

    Empty if there is none, or no page.
    """
    text = pathlib.Path(page).read_text(encoding="utf-8") if page and pathlib.Path(page).exists() else ""
    return "\n" + text[text.index(BEGINNING) :].rstrip("\n") + "\n" if BEGINNING in text else ""
