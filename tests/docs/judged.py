"""Which code blocks the tests judge, and as what."""

import re

import pytest

from tests.docs.exemptions import EXEMPT
from tests.docs.pages import Block, all_blocks

# Their examples are read with each rule: tests/rules/test_fixtures.py.
RULES = "docs/rules/"
BLOCKS = [block for block in all_blocks() if not block.page.startswith(RULES)]
JUDGED = [block for block in BLOCKS if block.key not in EXEMPT]


def language_of(block: Block) -> str:
    """Return the language of a block; commands without any output are sh."""
    if block.language == "console" and not re.search(r"^\$ ", block.text, re.M):
        return "sh"
    if block.language:
        return block.language
    return "sh" if re.match(r"(\$ )?(graphgate|kubectl|helm|make|curl) ", block.text) else "text"


def commands_of(block: Block) -> str:
    """Return the commands of a block; what they print is left out."""
    prompted = re.findall(r"^\$ (.*)$", block.text, re.M)
    return "\n".join(prompted) if prompted else block.text


def of(language: str):
    """Parametrize a test with the judged blocks of a language."""
    chosen = [block for block in JUDGED if language_of(block) == language]
    return pytest.mark.parametrize("block", chosen, ids=[block.place for block in chosen])
