"""Strings that tokenizers get wrong: made from a seed, the same on every machine with the same Python.

`strings(seed)` returns them; each kind is a function below.
"""

import random
import sys
import unicodedata

# Planes that have characters; the others hold nothing but unassigned code points and are sampled.
PLANES = [0, 1, 2, 3, 14]
SCRIPTS = {
    "latin": (0x41, 0x250),
    "ipa": (0x250, 0x370),
    "greek": (0x370, 0x400),
    "cyrillic": (0x400, 0x530),
    "armenian": (0x530, 0x590),
    "hebrew": (0x590, 0x600),
    "arabic": (0x600, 0x780),
    "devanagari": (0x900, 0x980),
    "bengali": (0x980, 0xA00),
    "tamil": (0xB80, 0xC00),
    "thai": (0xE00, 0xE60),
    "lao": (0xE80, 0xF00),
    "tibetan": (0xF00, 0x1000),
    "burmese": (0x1000, 0x10A0),
    "georgian": (0x10A0, 0x1100),
    "jamo": (0x1100, 0x1200),
    "ethiopic": (0x1200, 0x1380),
    "cherokee": (0x13A0, 0x1400),
    "khmer": (0x1780, 0x1800),
    "mongolian": (0x1800, 0x18B0),
    "latin additional": (0x1E00, 0x1F00),
    "greek extended": (0x1F00, 0x2000),
    "punctuation": (0x2000, 0x2070),
    "letterlike": (0x2070, 0x2200),
    "symbols": (0x2300, 0x2C00),
    "glagolitic": (0x2C00, 0x2E80),
    "radicals": (0x2E80, 0x3000),
    "cjk punctuation": (0x3000, 0x3040),
    "kana": (0x3040, 0x3100),
    "bopomofo": (0x3100, 0x3400),
    "cjk a": (0x3400, 0x4DC0),
    "cjk": (0x4E00, 0xA000),
    "yi": (0xA000, 0xA4D0),
    "latin d": (0xA640, 0xA830),
    "hangul": (0xAC00, 0xD7B0),
    "private": (0xE000, 0xF900),
    "cjk compatibility": (0xF900, 0xFB00),
    "presentation": (0xFB00, 0xFE00),
    "halves": (0xFE00, 0xFF00),
    "full width": (0xFF00, 0x10000),
    "gothic": (0x10300, 0x10500),
    "old": (0x10800, 0x11000),
    "brahmi": (0x11000, 0x11A00),
    "cuneiform": (0x12000, 0x12500),
    "music": (0x1D100, 0x1D200),
    "mathematics": (0x1D400, 0x1D800),
    "adlam": (0x1E900, 0x1E960),
    "emoji": (0x1F000, 0x1FB00),
    "cjk b": (0x20000, 0x2A6E0),
    "cjk c to f": (0x2A700, 0x2EBF0),
    "cjk g": (0x30000, 0x323B0),
    "tags": (0xE0000, 0xE01F0),
}
BLANKS = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\ufeff\u00ad\u034f\u061c\u180e\u115f\u3164"
    "\ufe0f\ufe0e\ufffc\ufffd\x00\x01\x7f\x80\x9f"
)
SPECIAL = [
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[PAD]",
    "[UNK]",
    "[unused1]",
    "[cls]",
    "[ MASK ]",
    "[[SEP]]",
    "[MASK",
    "MASK]",
    "\u200b[SEP]",
    "[SE\u0301P]",
    "[CLS]\u0301",
    "［ＣＬＳ］",
]
FIXED = [
    "",
    " ",
    "\t\n\r ",
    "\x00",
    "\u200b",
    "\ufeff",
    "\ufffd",
    "\U0010ffff",
    "a",
    "A",
    "É",
    "中",
    "한",
    "İ",
    "ß",
    "hello world",
    "Hello, World! It's 2024-01-02.",
    "naïve café Ünïcödé",
    "I I\u0307 İ ı i\u0307",
    "ΣΑΣ ΣΑΣ. Σ ς σ",
    "ß ẞ ŉ ǰ ΐ ΰ",
    "Ǆǅǆ Ǉǈǉ Ǌǋǌ Ǳǲǳ",
    "ᾳᾼ ᾈ ῼ",
    "Ⅷ ⓐⒶ ①②",
    "ﬁ ﬂ ﬀ ﬅ ﬓ",
    "Å Å A\u030a Ω K",
    "don't e-mail a.b.c",
    "…—–‘’“”«»¿¡§¶",
    "$+<=>^`|~",
    "##ing ## #a",
    "\u302e\u302f\u0592",
    "i\u302e\u302f\u1a66i",
    "\U0001d15e\U0001d165\U0001d16d\U0001d16e",
    "\u0340\u0341\u0343\u0344\u0f73",
    "\ud7a3\uabf5",
    "ÅÅ\u212b\u030a",
    "👨‍👩‍👧‍👦 👍🏽 🇩🇪 1️⃣ ☃️",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "َُِّْ",
    "لَا إِلٰهَ",
    "ภาษาไทยน้ำ",
    "हिन्दी क्षत्रिय",
    "שָׁלוֹם",
    "한국어 텍스트 각 \u1112\u1161\u11ab",
    "中文字符 mixed 漢字かな交じり文 が か\u3099",
    "㐀㐁𠀀𫠝\U0002b820\U0002b920\U00030000",
]


def any_scalar(rng):
    """A code point of any kind: a plane with characters three times in four."""
    while True:
        plane = rng.choice(PLANES) if rng.random() < 0.75 else rng.randrange(17)
        c = plane * 0x10000 + rng.randrange(0x10000)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def every_scalar(rng):
    """Each code point of the planes that have characters, once, between letters, blanks, marks or its neighbours."""
    for plane in PLANES:
        scalars = [chr(c) for c in range(plane * 0x10000, (plane + 1) * 0x10000) if not 0xD800 <= c < 0xE000]
        for start in range(0, len(scalars), 48):
            yield rng.choice(["", "a", "a", "É", " ", "\u0301", ","]).join(scalars[start : start + 48])


def every_category(rng):
    """Strings of one general category, and of it among letters."""
    by_category = {}
    for c in range(sys.maxunicode + 1):
        if not 0xD800 <= c < 0xE000:
            by_category.setdefault(unicodedata.category(chr(c)), []).append(chr(c))
    for category in sorted(by_category):
        members = by_category[category]
        for _ in range(60):
            picked = [rng.choice(members) for _ in range(rng.randint(1, 12))]
            yield rng.choice(["", " ", "a", "B", "é"]).join(picked)


def scripts(rng):
    """Words of one script, and of two."""
    names = sorted(SCRIPTS)
    for name in names:
        for _ in range(40):
            other = SCRIPTS[rng.choice(names)] if rng.random() < 0.3 else SCRIPTS[name]
            yield " ".join(
                "".join(chr(rng.randrange(*rng.choice([SCRIPTS[name], other]))) for _ in range(rng.randint(1, 8)))
                for _ in range(rng.randint(1, 6))
            )


def marks(rng):
    """Combining marks in any order, on bases that decompose and on none."""
    combining = [chr(c) for c in range(0x300, 0x1F000) if unicodedata.combining(chr(c))]
    enclosing = [chr(c) for c in range(0x300, 0x1F000) if unicodedata.category(chr(c)) in ("Mc", "Me")]
    for _ in range(1200):
        parts = []
        for _ in range(rng.randint(1, 14)):
            kind = rng.random()
            parts.append(
                rng.choice(combining)
                if kind < 0.65
                else rng.choice(enclosing) if kind < 0.72 else rng.choice("aÉI\u0345ǰ가각中Σ ệ\u0f73-\u200d")
            )
        yield "".join(parts)


def emoji(rng):
    """Emoji with joiners, modifiers, selectors and tags."""
    bases = [
        chr(c)
        for c in (*range(0x1F300, 0x1F650), *range(0x1F680, 0x1F6FD), *range(0x1F900, 0x1FA00), *range(0x2600, 0x27C0))
    ]
    between = ["\u200d", "\ufe0f", "\ufe0f\u200d", "", " ", "\u20e3", "\U0001f3fb", "\U0001f3ff\u200d"]
    for _ in range(500):
        yield "".join(rng.choice(bases) + rng.choice(between) for _ in range(rng.randint(1, 6))) + rng.choice(
            ["", " ok", "!", "1\ufe0f\u20e3"]
        )
    for _ in range(60):
        yield "".join(chr(rng.randrange(0x1F1E6, 0x1F200)) for _ in range(rng.randint(1, 9)))


def blanks(rng):
    """Nothing but blanks and what cannot be seen, and words among them."""
    for _ in range(300):
        yield "".join(rng.choice(BLANKS + INVISIBLE) for _ in range(rng.randint(1, 20)))
    for _ in range(300):
        yield "".join(
            rng.choice(BLANKS + INVISIBLE) if rng.random() < 0.4 else rng.choice("abcÉ中,1")
            for _ in range(rng.randint(1, 24))
        )


def special_tokens(rng):
    """Special tokens, and what nearly is one, written in the text."""
    around = ["", " ", "a", "É", ".", "\n", "\u200b", "中", "\u0301", "\u3000", "ing", "[", "]", "hello world "]
    for _ in range(800):
        yield "".join(rng.choice(around) + rng.choice(SPECIAL) + rng.choice(around) for _ in range(rng.randint(1, 5)))


def long_words(rng):
    """Words just below and above the length limit, in scalars of one to four bytes that may become two or three."""
    for unit in [
        "a",
        "A",
        "é",
        "E\u0301",
        "ß",
        "İ",
        "中",
        "한",
        "각",
        "か",
        "ก",
        "\u0f73",
        "😀",
        "𝒜",
        "\u200b",
        "Ω",
        "-",
        "a\u0301",
        "\u1112\u1161",
        "𐐀",
        "\u0301",
    ]:
        for length in [1, 33, 34, 49, 50, 51, 99, 100, 101, 102, 200]:
            yield unit * length
            yield "x " + unit * (length - 1) + rng.choice("abé") + " y"


def very_long(rng):
    """A hundred thousand characters."""
    yield "a" * 100_000
    yield "a " * 50_000
    yield "é中" * 50_000
    yield "\u0301" * 100_000
    yield "\u200b" * 99_999 + "a"
    yield " " * 99_999 + "a"
    yield "[MASK]" * 16_666 + "[MAS"
    words = [
        "hello",
        "world",
        "café",
        "[SEP]",
        "中文",
        "x" * 101,
        "\u00a0",
        "don't",
        "Ünï",
        "e\u0301\u0327",
        "가",
        "\u200b",
        "…",
        "\U0001f600",
    ]
    for blank in [" ", "\n", "\u3000", ""]:
        text = blank.join(rng.choice(words) for _ in range(60_000))
        yield text[:100_000]


def mixtures(rng):
    """Anything beside anything."""
    for _ in range(3000):
        parts = []
        for _ in range(rng.randint(1, 25)):
            kind = rng.random()
            if kind < 0.3:
                parts.append(any_scalar(rng))
            elif kind < 0.5:
                parts.append(chr(rng.randrange(*SCRIPTS[rng.choice(sorted(SCRIPTS))])))
            elif kind < 0.8:
                parts.append(rng.choice("abcdefghijklmnopqrstuvwxyzABCDEFGH    0123456789.,-'"))
            elif kind < 0.9:
                parts.append(rng.choice(BLANKS + INVISIBLE))
            else:
                parts.append(rng.choice(SPECIAL + ["the", "Running", "hello", "##s"]))
        yield "".join(parts)


KINDS = [every_scalar, every_category, scripts, marks, emoji, blanks, special_tokens, long_words, very_long, mixtures]


def strings(seed):
    """All of them, each once, by kind."""
    found = {"fixed": list(FIXED)}
    for kind in KINDS:
        rng = random.Random(f"{seed} {kind.__name__}")
        found[kind.__name__.replace("_", " ")] = [s for s in kind(rng) if not any(0xD800 <= ord(c) < 0xE000 for c in s)]
    return found
